"""A file of people is compared, shown, and applied whole or not at all."""

from datetime import timedelta

import pytest
from django.utils.timezone import now

from core.actions import imports
from core.errors import Denied, NotPossible, StaleState
from core.jobs.imports import apply_import, read_import
from core.models import Delegation, PeopleImport, Reporting, Role, TrailEvent, User
from core.queries.imports import last_applied, original
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


def kept(text, by, name="hr.csv"):
    found = imports.keep(name, text.encode(), by=by)
    read_import(found.pk)
    found.refresh_from_db()
    return found


def applied(text, by, *, leave_out=False, deactivate=False):
    found = kept(text, by)
    imports.order(found, leave_out=leave_out, deactivate=deactivate, by=by)
    apply_import(found.pk)
    found.refresh_from_db()
    return found


def everybody(*people, header="email,name\n"):
    return header + "".join(f"{person.email},{person.name}\n" for person in people)


def test_a_file_is_read_and_shows_what_it_would_change_and_changes_nothing(ada, many):
    make_user("Bo Ek", Role.BASIC, email="bo@meridian.example", title="Clerk")
    before = list(User.objects.order_by("pk").values())

    found = kept(
        HEADER + BO + "new@meridian.example,Nia New,,ada.lindgren@meridian.example\n,Nobody,,\n", ada
    )

    assert (found.status, found.name, found.rows, found.by_name) == ("read", "hr.csv", 3, "Ada Lindgren")
    assert found.report["counts"] == {
        "new": 1, "changed": 1, "unchanged": 0, "wrong": 1, "leavers": 10, "kept": 1, "active": 12,
        "ended": 0,
    }  # fmt: skip
    assert found.report["changed"][0]["facts"] == [{"label": "Title", "before": "Clerk", "after": "Buyer"}]
    assert found.report["new"][0]["name"] == "Nia New"
    assert found.report["mistakes"] == [{"line": 4, "sentence": "It has no e-mail."}]
    assert list(User.objects.order_by("pk").values()) == before


def test_a_file_that_cannot_be_read_is_refused_and_kept(ada):
    found = kept("who,what\n1,2\n", ada)

    assert found.status == "refused"
    assert "lacks E-mail and Name" in found.problem
    assert original(found) == b"who,what\n1,2\n"


def test_applied_it_makes_basic_users_without_a_password_or_a_letter_and_changes_the_others(ada, many):
    bo = make_user("Bo", Role.BASIC, email="bo@meridian.example", department="Finance")

    found = applied(HEADER + BO + "new@meridian.example,Nia New,Clerk,bo@meridian.example\n", ada)

    nia = User.objects.get(email="new@meridian.example")
    bo.refresh_from_db()
    assert (found.status, found.problem) == ("applied", "")
    assert (nia.name, nia.is_active, set(nia.roles()), list(nia.managers.all())) == (
        "Nia New",
        True,
        {"basic"},
        [bo],
    )
    assert not nia.has_usable_password()
    assert nia in User.objects.search("nia clerk")
    assert (bo.name, bo.title, bo.department) == ("Bo Ek", "Buyer", "Finance")
    assert not nia.letters.exists()
    assert last_applied() == found


def test_the_trail_tells_of_the_file_and_of_each_person(ada, many, trail):
    make_user("Bo", Role.BASIC, email="bo@meridian.example")

    found = applied(HEADER + BO + "new@meridian.example,Nia New,Clerk,bo@meridian.example\n", ada)

    assert trail() == [
        "core.import_kept",
        "core.import_ordered",
        "core.person_added",
        "core.person_changed",
        "core.people_imported",
    ]
    changed = TrailEvent.objects.get(action="core.person_changed")
    assert (changed.object_name, changed.actor_name) == ("Bo Ek", "Ada Lindgren")
    assert changed.change["before"] == {"name": "Bo", "title": ""}
    assert changed.change["after"] == {"name": "Bo Ek", "title": "Buyer"}
    assert changed.change["file"] == {"id": found.pk, "name": "hr.csv"}
    assert TrailEvent.objects.get(action="core.people_imported").change["new"] == 1


def test_the_same_file_again_changes_nobody(ada, many):
    text = HEADER + BO + "new@meridian.example,Nia New,Clerk,bo@meridian.example\n"
    applied(text, ada)
    before = list(User.objects.order_by("pk").values())

    again = applied(text, ada)

    assert again.report["counts"] | {"active": 0} == {
        "new": 0, "changed": 0, "unchanged": 2, "wrong": 0, "leavers": 10, "kept": 1, "active": 0,
        "ended": 0,
    }  # fmt: skip
    assert list(User.objects.order_by("pk").values()) == before


def test_what_a_file_has_no_column_for_stays_and_an_empty_cell_empties(ada, many):
    bo = make_user("Bo Ek", email="bo@meridian.example", title="Buyer", department="Finance", employee_id="7")
    Reporting.objects.create(person=bo, manager=ada)

    applied("email,name,department\nbo@meridian.example,Bo Ek,\n", ada)

    bo.refresh_from_db()
    assert (bo.title, bo.department, bo.employee_id, list(bo.managers.all())) == ("Buyer", "", "7", [ada])


@pytest.mark.parametrize(
    ("roles", "after"),
    [((), {"basic"}), ((Role.READ_ONLY,), {"read_only"}), ((Role.CONNECTOR,), {"basic", "connector"})],
)
def test_a_file_makes_everybody_a_basic_user_but_those_who_only_read(roles, after, ada, many, trail):
    bo = make_user("Bo Ek", *roles, email="bo@meridian.example")

    applied(everybody(bo), ada)

    assert User.objects.get(pk=bo.pk).roles() == after
    assert ("core.roles_changed" in trail()) == (Role.READ_ONLY not in roles)


def test_a_file_with_mistakes_is_applied_only_without_those_lines_and_only_when_said(ada, many):
    found = kept(HEADER + BO + "nobody,No Body,,\n", ada)

    with pytest.raises(NotPossible) as refused:
        imports.order(found, leave_out=False, deactivate=False, by=ada)
    imports.order(found, leave_out=True, deactivate=False, by=ada)
    apply_import(found.pk)

    assert "lines with mistakes" in str(refused.value)
    assert User.objects.filter(name="Bo Ek").exists()
    assert not User.objects.filter(name="No Body").exists()


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        (
            "a@m.example,A,,gone@m.example\n",
            "The manager gone@m.example is neither known here nor in the file.",
        ),
        (
            "a@m.example,A,,b@m.example\nb@m.example,,,\n",
            "The manager b@m.example is not known yet, and the line of that person has a mistake.",
        ),
        (
            "a@m.example,A,,b@m.example\nb@m.example,B,,a@m.example\n",
            "This makes a ring of managers: a@m.example reports to b@m.example, who to a@m.example.",
        ),
        (
            "p0@m.example,P,,p1@m.example\n",
            "This makes a ring of managers: p1@m.example reports to p0@m.example, who to p1@m.example.",
        ),
    ],
)
def test_managers_are_people_of_the_file_or_known_and_make_no_ring(lines, sentence, ada, many):
    p0, p1 = make_user(email="p0@m.example"), make_user(email="p1@m.example")
    Reporting.objects.create(person=p1, manager=p0)

    found = kept(HEADER + lines, ada)

    assert sentence in [each["sentence"] for each in found.report["mistakes"]]


def test_a_mistake_reaches_everybody_who_would_report_to_its_person(ada, many):
    found = kept(HEADER + "a@m.example,A,,b@m.example\nb@m.example,B,,c@m.example\nc@m.example,,,\n", ada)

    assert [each["line"] for each in found.report["mistakes"]] == [2, 3, 4]


def test_leavers_are_deactivated_when_said_and_shut_out_at_once(ada, many, sign_in):
    leaver, *others = many
    browser = sign_in(leaver)
    span = {"starts_at": now(), "ends_at": now() + timedelta(days=1)}
    Delegation.objects.create(person=others[0], delegate=leaver, **span)

    found = applied(everybody(ada, *others), ada, deactivate=True)

    leaver.refresh_from_db()
    assert (found.status, found.report["deactivated"], leaver.status) == ("applied", 1, "deactivated")
    assert User.objects.active().count() == 10
    assert not Delegation.objects.exists()
    leaver.status = "active"
    leaver.save()
    assert browser.get("/").status_code == 302


def test_without_the_box_nobody_is_deactivated(ada, many):
    found = applied(everybody(ada, *many[1:]), ada)

    assert (found.status, found.report["deactivated"]) == ("applied", 0)
    assert User.objects.active().count() == 11


def test_a_fifth_of_the_people_is_too_many_to_leave_at_once(ada, many):
    some = make_user("Tess", Role.BASIC), make_user("Ulf", Role.BASIC), make_user("Vic"), make_user("Wes")

    few = kept(everybody(ada, *many[1:], *some[:3]), ada)
    many_leave = kept(everybody(ada, *many[1:], some[0], some[1]), ada)

    assert few.report["why_leavers_stay"] == ""
    assert "3 of 15 active people are in no line" in many_leave.report["why_leavers_stay"]
    with pytest.raises(NotPossible, match="20 %"):
        imports.order(many_leave, leave_out=False, deactivate=True, by=ada)


def test_who_brings_the_file_and_the_last_super_administrator_never_leave_by_it(ada, many):
    by_screen = kept(everybody(*many), ada)
    by_command = kept(everybody(*many), None)

    for found in (by_screen, by_command):
        assert [person["name"] for person in found.report["kept"]] == ["Ada Lindgren"]
        assert found.report["leavers"] == []


def test_no_line_deactivates_the_importer_or_the_last_super_administrator(ada, many):
    text = f"email,name,status\n{ada.email},Ada Lindgren,deactivated\n"

    by_screen, by_command = kept(text, ada), kept(text, None)

    assert by_screen.report["mistakes"] == [{"line": 2, "sentence": "It would deactivate yourself."}]
    assert by_command.report["mistakes"] == [
        {"line": 2, "sentence": "It would deactivate the last Super Administrator."}
    ]


def test_nobody_leaves_while_a_line_does_not_say_whom_it_is_about(ada, many):
    found = kept(everybody(ada, *many[1:]) + "person.0@,Person 0\n", ada)

    with pytest.raises(NotPossible, match="Line 12 does not say whom it is about"):
        imports.order(found, leave_out=True, deactivate=True, by=ada)


def test_a_line_deactivates_and_reactivates_people(ada, many, trail):
    gone = make_user("Gus Gone", Role.BASIC, status=User.Status.DEACTIVATED)

    applied(f"email,name,status\n{gone.email},Gus Gone,active\n{many[0].email},Person 0,inactive\n", ada)

    assert User.objects.get(pk=gone.pk).is_active
    assert not User.objects.get(pk=many[0].pk).is_active
    assert trail()[2:] == ["core.person_deactivated", "core.person_reactivated", "core.people_imported"]


def test_who_is_no_longer_super_administrator_applies_nothing(ada, many):
    other = make_user("Zed", Role.SUPER)
    found = kept(HEADER + BO, ada)
    imports.order(found, leave_out=False, deactivate=False, by=ada)
    ada.holdings.filter(role=Role.SUPER).delete()

    apply_import(found.pk)

    found.refresh_from_db()
    assert (found.status, other.is_super) == ("read", True)
    assert found.problem == imports.ONLY_SUPER
    assert not User.objects.filter(name="Bo Ek").exists()


def test_a_discarded_file_is_over(ada, many):
    found = kept(HEADER + BO, ada)

    imports.discard(found, by=ada)

    found.refresh_from_db()
    assert found.status == "discarded"
    with pytest.raises(StaleState, match="waits for no word: discarded"):
        imports.order(found, leave_out=False, deactivate=False, by=ada)


@pytest.mark.parametrize(
    "who", ["connector_admin", "application", "campaign", "read_only", "basic", "deactivated"]
)
def test_only_super_administrators_bring_people(who, cast, nudges, trail):
    person = cast[who]
    found = imports.keep("hr.csv", (HEADER + BO).encode(), by=None)
    read_import(found.pk)
    found.refresh_from_db()
    before = trail()

    with pytest.raises(Denied):
        imports.keep("hr.csv", b"email,name\n", by=person)
    with pytest.raises(Denied):
        imports.order(found, leave_out=False, deactivate=False, by=person)
    with pytest.raises(Denied):
        imports.discard(found, by=person)

    assert (PeopleImport.objects.get().status, trail()) == ("read", before)
