"""An operator brings people by a command, with the verbs of the screen and without a worker."""

import pytest
from django.core.management import CommandError, call_command

from core.models import PeopleImport, Role, TrailEvent, User
from tests.make import make_user

HEADER = "email,name,title,salary\n"
BO = "bo@meridian.example,Bo Ek,Buyer,1\n"


@pytest.fixture
def file(tmp_path, db, nudges):
    """Writes a file with these lines; one of the people here is in none of them."""
    for number in range(8):
        make_user(f"Person {number}", Role.BASIC)
    make_user("Ada Lindgren", Role.SUPER)

    def write(text):
        path = tmp_path / "hr.csv"
        path.write_text(text)
        return str(path)

    return write


def everybody_but(*names):
    people = User.objects.exclude(name__in=names).order_by("pk")
    return "email,name\n" + "".join(f"{person.email},{person.name}\n" for person in people)


def test_a_dry_run_shows_the_difference_and_changes_nothing(file, capsys, trail):
    make_user("Bo", email="bo@meridian.example")

    call_command("import_people", file(HEADER + BO + "nia@meridian.example,Nia New,,\n"))

    said = capsys.readouterr().out
    assert "+ Nia New <nia@meridian.example>" in said
    assert "~ Bo <bo@meridian.example>" in said
    assert "Title: nothing -> Buyer" in said
    assert "- Person 0 <person.0@meridian.example>: in no line" in said
    assert "Column not used: salary" in said
    assert "1 new, 1 changed, 0 as they are, 0 lines with mistakes, 8 people in no line, 0 deact" in said
    assert "this was a dry run" in said
    assert not User.objects.filter(name="Nia New").exists()
    assert not PeopleImport.objects.exists()
    assert trail() == []


def test_a_dry_run_with_mistakes_names_their_lines_and_fails(file, capsys):
    with pytest.raises(CommandError, match=r"1 line has mistakes\. Nothing was changed"):
        call_command("import_people", file(HEADER + "nobody,No Body,,\n" + BO))

    assert 'line 2: "nobody" is not an e-mail address.' in capsys.readouterr().err


def test_applied_it_is_kept_and_done_by_an_operator(file, capsys):
    call_command("import_people", file(HEADER + BO), "--apply")

    kept = PeopleImport.objects.get()
    assert (kept.status, kept.name, kept.by, kept.by_name) == ("applied", "hr.csv", None, "Operator")
    assert User.objects.get(email="bo@meridian.example").title == "Buyer"
    assert set(TrailEvent.objects.values_list("actor_name", "channel")) == {("Operator", "command")}
    assert "Applied, 0 deactivated." in capsys.readouterr().out


def test_a_file_with_mistakes_is_applied_only_without_those_lines(file):
    path = file(HEADER + "nobody,No Body,,\n" + BO)

    with pytest.raises(CommandError, match="--leave-out-errors"):
        call_command("import_people", path, "--apply")
    assert not PeopleImport.objects.exists()
    call_command("import_people", path, "--apply", "--leave-out-errors")

    assert User.objects.filter(name="Bo Ek").exists()


def test_leavers_are_deactivated_only_when_asked_for(file):
    path = file(everybody_but("Person 7"))

    call_command("import_people", path, "--apply")
    before = User.objects.active().count()
    call_command("import_people", path, "--apply", "--deactivate-leavers")

    assert (before, User.objects.active().count()) == (9, 8)
    assert not User.objects.get(name="Person 7").is_active


def test_a_fifth_of_the_people_never_leaves_by_a_file(file):
    path = file(everybody_but("Person 6", "Person 7"))

    with pytest.raises(CommandError, match="2 of 9 active people are in no line"):
        call_command("import_people", path, "--apply", "--deactivate-leavers")

    assert User.objects.active().count() == 9


@pytest.mark.parametrize(
    ("text", "sentence"), [("who\n1\n", "lacks E-mail and Name"), (None, "No such file")]
)
def test_a_file_that_cannot_be_read_is_refused_with_a_sentence(text, sentence, file, tmp_path):
    path = str(tmp_path / "none.csv") if text is None else file(text)

    with pytest.raises(CommandError, match=sentence):
        call_command("import_people", path)
