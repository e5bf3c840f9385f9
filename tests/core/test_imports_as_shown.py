"""What a file of people does is what was shown, and never to a fifth of the people."""

import pytest

from core.actions import imports
from core.errors import Denied, NotPossible
from core.jobs.imports import apply_import, read_import
from core.models import Role, User
from core.queries.imports import SHOWN, mistake_file
from tests.make import make_user

HEADER = "email,name,title,manager\n"
BO = "bo@meridian.example,Bo Ek,Buyer,\n"


@pytest.fixture
def ada(db, nudges):
    """A Super Administrator who brings files."""
    return make_user("Ada Lindgren", Role.SUPER, Role.BASIC)


@pytest.fixture
def many(ada):
    """So many people that one of them is few."""
    return [make_user(f"Person {number}", Role.BASIC) for number in range(10)]


def kept(text, by):
    found = imports.keep("hr.csv", text.encode(), by=by)
    read_import(found.pk)
    found.refresh_from_db()
    return found


def everybody(*people):
    return "email,name\n" + "".join(f"{person.email},{person.name}\n" for person in people)


def test_a_file_that_would_do_other_things_than_shown_asks_for_another_word(ada, many):
    found = kept(HEADER + BO, ada)
    bo = make_user("Bo", Role.BASIC, email="bo@meridian.example")
    imports.order(found, leave_out=False, deactivate=False, by=ada)

    apply_import(found.pk)
    found.refresh_from_db()
    refused, counts = found.problem, found.report["counts"]
    untouched = User.objects.get(pk=bo.pk)
    imports.order(found, leave_out=False, deactivate=False, by=ada)
    apply_import(found.pk)

    found.refresh_from_db()
    assert (refused, counts["new"], counts["changed"], untouched.name) == (imports.CHANGED, 0, 1, "Bo")
    assert (found.status, User.objects.get(pk=bo.pk).title) == ("applied", "Buyer")


def test_what_was_changed_by_hand_since_is_not_overwritten(ada, many):
    bo = make_user("Bo Ek", Role.BASIC, email="bo@meridian.example", title="Buyer")
    found = kept(HEADER + BO, ada)
    User.objects.filter(pk=bo.pk).update(title="Director")
    imports.order(found, leave_out=False, deactivate=False, by=ada)

    apply_import(found.pk)

    found.refresh_from_db()
    assert (found.status, found.problem) == ("read", imports.CHANGED)
    assert User.objects.get(pk=bo.pk).title == "Director"


def test_other_mistakes_than_were_agreed_to_ask_for_another_word(ada, many):
    found = kept(HEADER + f"bo@meridian.example,Bo Ek,,{many[0].email}\nnobody,No Body,,\n", ada)
    imports.order(found, leave_out=True, deactivate=False, by=ada)
    User.objects.filter(pk=many[0].pk).update(email="other@meridian.example")

    apply_import(found.pk)

    found.refresh_from_db()
    assert (found.status, found.report["counts"]["wrong"]) == ("read", 2)
    assert found.problem == imports.CHANGED
    assert not User.objects.filter(name="Bo Ek").exists()


def test_other_leavers_than_were_shown_ask_for_another_word(ada, many):
    found = kept(everybody(ada, *many[1:]), ada)
    imports.order(found, leave_out=False, deactivate=True, by=ada)
    User.objects.filter(pk=many[0].pk).update(status=User.Status.DEACTIVATED)
    newcomer = make_user("Nia New", Role.BASIC)

    apply_import(found.pk)

    found.refresh_from_db()
    newcomer.refresh_from_db()
    assert (found.status, found.problem, newcomer.is_active) == ("read", imports.CHANGED, True)


def test_who_came_meanwhile_and_is_in_no_line_stands_not_in_the_way_of_a_file_without_the_box(ada, many):
    found = kept(everybody(ada, *many), ada)
    imports.order(found, leave_out=False, deactivate=False, by=ada)
    make_user("Nia New", Role.BASIC)

    apply_import(found.pk)

    found.refresh_from_db()
    assert found.status == "applied"


def test_a_status_column_never_deactivates_a_fifth_of_the_people(ada, many):
    lines = "".join(f"{person.email},{person.name},inactive\n" for person in many[:3])
    found = kept(f"email,name,status\n{lines}", ada)

    with pytest.raises(NotPossible, match="would deactivate 3 of 11 active people"):
        imports.order(found, leave_out=False, deactivate=False, by=ada)

    assert User.objects.active().count() == 11


def test_people_deactivated_by_their_lines_count_among_those_who_leave(ada, many):
    lines = "".join(f"{person.email},{person.name},active\n" for person in [ada, *many[3:]])

    found = kept(f"email,name,status\n{lines}{many[0].email},Person 0,inactive\n", ada)
    few = kept(f"email,name,status\n{lines}{many[0].email},Person 0,active\n", ada)

    told = "2 of 11 active people are in no line, and 1 would be deactivated by their lines."
    assert (found.report["counts"]["ended"], few.report["why_leavers_stay"]) == (1, "")
    assert told in found.report["why_leavers_stay"]


def test_the_importer_stays_so_another_super_administrator_may_end_by_a_line(ada, many):
    zed = make_user("Zed", Role.SUPER)
    text = f"email,name,status\n{ada.email},Ada Lindgren,inactive\n{zed.email},Zed,inactive\n"

    found = kept(text, ada)

    assert found.report["mistakes"] == [{"line": 2, "sentence": "It would deactivate yourself."}]


def test_every_mistake_comes_as_a_file_while_the_file_waits(ada, many, cast):
    found = kept("email,name\n" + "nobody,No Body\n" * (SHOWN + 3), ada)

    rows = list(mistake_file(ada, {"file": found.pk}))
    with pytest.raises(Denied):
        list(mistake_file(cast["basic"], {"file": found.pk}))
    imports.discard(found, by=ada)

    assert len(rows) == SHOWN + 3
    assert rows[-1] == (SHOWN + 4, '"nobody" is not an e-mail address.')
    with pytest.raises(NotPossible, match="waits for no word"):
        list(mistake_file(ada, {"file": found.pk}))
