"""What reviewers mark stays theirs, changes freely, and decides nothing."""

import pytest

from connectors.models import Account
from core.errors import Denied, NotPossible
from core.models import Role
from reviews.actions import marks
from reviews.models import Campaign, Decision, Mark, ReviewTask, Turn
from tests.flush import past_the_triggers
from tests.make import make_account, make_entitlement, make_grant, make_user
from tests.reviews.making import make_grants, make_policy, make_running

pytestmark = pytest.mark.django_db
CERTIFY, DENY = Mark.Outcome.CERTIFY, Mark.Outcome.DENY


@pytest.fixture
def rui():
    return make_user("Rui Costa", Role.BASIC)


def owned(count=3, **fields):
    return make_grants(count, person=make_user("Nora Lindqvist"), **fields)


def outcomes(campaign):
    return dict(Mark.objects.filter(campaign=campaign).values_list("task__line_no", "outcome"))


def test_a_mark_decides_nothing(rui, trail):
    campaign = make_running(owned(), rui)

    marked = marks.mark(campaign, [2], CERTIFY, by=rui, seen={2: {"hints": ["new"]}})

    row = Mark.objects.get()
    assert marked.lines == [2]
    assert (row.task.line_no, row.person, row.outcome, row.together, row.seen) == (
        2,
        rui,
        "certify",
        1,
        {"hints": ["new"]},
    )
    assert not Decision.objects.exists()
    assert set(ReviewTask.objects.values_list("status", flat=True)) == {"open"}
    assert trail() == []


def test_only_the_reviewer_marks_a_line(rui):
    campaign = make_running(owned(), rui)

    for role in Role:
        with pytest.raises(Denied):
            marks.mark(campaign, [1], CERTIFY, by=make_user(f"Some {role}", *{role, Role.BASIC}))

    assert not Mark.objects.exists()


def test_who_only_reads_marks_nothing():
    auditor = make_user("Vera Stein", Role.READ_ONLY)
    campaign = make_running(owned(), auditor)

    with pytest.raises(Denied, match="only reads"):
        marks.mark(campaign, [1], CERTIFY, by=auditor)


def test_nobody_marks_their_own_access(rui):
    grants = [
        *owned(1),
        *make_grants(1, person=rui),
        *make_grants(1, email=rui.email.upper()),
    ]
    twin = make_user("Rui Costa Silva", employee_id="E-77")
    rui.employee_id = "e-77"
    rui.save()
    grants += make_grants(1, person=twin)
    campaign = make_running(grants, rui)

    marked = marks.mark(campaign, [1, 2, 3, 4], DENY, by=rui)

    assert (marked.lines, marked.own) == ([1], [2, 3, 4])
    with pytest.raises(Denied, match="Line 3 is about your own access"):
        marks.mark(campaign, [3], DENY, by=rui)
    assert outcomes(campaign) == {1: "deny"}


@pytest.mark.django_db(transaction=True)
def test_others_are_asked_about_the_own_access_somebody_came_upon(rui, nudges):
    campaign = make_running([*owned(1), *make_grants(1, person=rui)], rui)

    with pytest.raises(Denied, match=r"the owners of the campaign can choose whom\. Its owners: Olga Berg"):
        marks.mark(campaign, [2], CERTIFY, by=rui)
    assert nudges == [("reviews.route_anew", rui.pk)]

    assert "others are asked" in marks.mark(campaign, [1, 2], CERTIFY, by=rui).sentence
    assert nudges == 2 * [("reviews.route_anew", rui.pk)]


def test_nobody_marks_what_was_their_own_when_it_was_frozen(rui):
    """An owner named since then makes nobody independent of it."""
    campaign = make_running(make_grants(1, email=f" {rui.email.upper()}"), rui)
    Account.objects.update(person=make_user("Nora Lindqvist"), email="", login="holder")

    with pytest.raises(Denied, match="Line 1 is about your own access"):
        marks.mark(campaign, [1], DENY, by=rui)


def test_whoever_stands_in_for_somebody_marks_nothing_of_theirs(rui):
    nora = make_user("Nora Lindqvist")
    campaign = make_running(make_grants(2, person=nora), rui)
    with past_the_triggers():
        Turn.objects.filter(line_no=2).update(on_behalf_of=nora)

    marked = marks.mark(campaign, [1, 2], DENY, by=rui)

    assert (marked.lines, marked.own) == ([1], [2])
    assert outcomes(campaign) == {1: "deny"}


def test_whoever_came_to_own_the_account_since_is_refused_as_well(rui):
    campaign = make_running(owned(1), rui)
    Account.objects.update(person=rui)

    with pytest.raises(Denied, match="own access"):
        marks.mark(campaign, [1], CERTIFY, by=rui)


def test_certifying_several_at_once_leaves_those_that_need_a_reason(rui):
    grants = owned(2)
    grants.append(
        make_grant(make_account(grants[0].account.app, "Robot"), make_entitlement(grants[0].account.app))
    )
    campaign = make_running(grants, rui)

    marked = marks.mark(campaign, [1, 2, 3], CERTIFY, by=rui)

    assert (marked.lines, marked.needing) == ([1, 2], [3])
    assert outcomes(campaign) == {1: "certify", 2: "certify"}
    assert set(Mark.objects.values_list("together", flat=True)) == {2}

    marks.mark(campaign, [1, 2, 3], CERTIFY, by=rui, reason="Seen with the app owner")
    assert outcomes(campaign) == {1: "certify", 2: "certify", 3: "certify"}


def test_a_reason_stays_until_one_changes_ones_mind(rui):
    campaign = make_running(owned(), rui)
    marks.say(campaign, {1: " Left the team "}, by=rui)
    marks.mark(campaign, [1], DENY, by=rui)
    assert Mark.objects.get().reason == "Left the team"

    marks.mark(campaign, [1], DENY, by=rui)
    assert Mark.objects.get().reason == "Left the team"

    marks.mark(campaign, [1], CERTIFY, by=rui)
    assert Mark.objects.get().reason == ""


def test_a_reason_leaves_what_was_marked_beside_it(rui, monkeypatch):
    """Certified in one window while the reason is on its way from another."""
    campaign = make_running(owned(), rui)
    marks.mark(campaign, [1], DENY, by=rui)
    read = marks._marks

    def slow(*arguments):
        found = read(*arguments)
        Mark.objects.update(outcome=CERTIFY, together=3)
        return found

    monkeypatch.setattr(marks, "_marks", slow)
    marks.say(campaign, {1: "Left the team", 2: "Moved", 3: " "}, by=rui)

    kept = Mark.objects.order_by("task__line_no").values_list("outcome", "together", "reason")
    assert list(kept) == [("certify", 3, "Left the team"), ("", 1, "Moved")]


def test_nothing_is_noted_of_a_line_that_was_decided_meanwhile(rui):
    campaign = make_running(owned(), rui)
    turn = Turn.objects.get(line_no=1)
    Turn.objects.update(status=Turn.Status.DECIDED)

    marks.open_line(turn, by=rui)
    assert marks.say(campaign, {1: "Left the team"}, by=rui).gone == 1

    assert not Mark.objects.exists()


def test_undoing_keeps_when_a_line_was_first_opened(rui):
    campaign = make_running(owned(), rui)
    marks.open_line(Turn.objects.get(line_no=1), by=rui)
    marks.mark(campaign, [1, 2], DENY, by=rui, reason="Not needed")
    opened = Mark.objects.get(task__line_no=1).opened_at

    marks.undo_last(campaign, by=rui)
    marks.open_line(Turn.objects.get(line_no=1), by=rui)

    row = Mark.objects.get(task__line_no=1)
    assert opened is not None
    assert (row.outcome, row.reason, row.opened_at) == ("", "", opened)
    with pytest.raises(NotPossible):
        marks.undo_last(campaign, by=rui)


def test_somebody_elses_look_at_a_line_leaves_no_trace(rui):
    make_running(owned(), rui)

    marks.open_line(Turn.objects.get(line_no=1), by=make_user("Ada Lindgren", Role.SUPER))

    assert not Mark.objects.exists()


@pytest.mark.parametrize("status", sorted(set(Campaign.Status.values) - {"running"}))
def test_lines_are_marked_only_while_the_campaign_runs(rui, status):
    campaign = make_running(owned(), rui, status=status)

    with pytest.raises(NotPossible, match="no longer running"):
        marks.mark(campaign, [1], CERTIFY, by=rui)


def test_lines_that_others_decided_are_told(rui):
    campaign = make_running(owned(), rui)
    Turn.objects.filter(line_no=2).update(status=Turn.Status.OVERTAKEN)

    marked = marks.mark(campaign, [1, 2], DENY, by=rui, reason="Not needed")

    assert (marked.lines, marked.gone) == ([1], 1)
    with pytest.raises(Denied, match="not asked"):
        marks.mark(campaign, [2], DENY, by=rui)


def test_where_a_policy_asks_people_about_themselves_another_step_follows(rui):
    content = {
        "rules": [
            {
                "name": "Self, then the app owner",
                "condition": None,
                "steps": [{"kind": "account_owner"}, {"kind": "app_owner"}],
            }
        ]
    }
    campaign = make_running(make_grants(1, person=rui), rui, policy=make_policy("Self", content))

    marks.mark(campaign, [1], CERTIFY, by=rui)
    with past_the_triggers():
        Turn.objects.update(step=2)

    with pytest.raises(Denied, match="own access"):
        marks.mark(campaign, [1], CERTIFY, by=rui)


def test_a_reason_may_not_be_endless(rui):
    campaign = make_running(owned(), rui)

    with pytest.raises(NotPossible, match="at most 2,000 letters"):
        marks.say(campaign, {1: "x" * 2_001}, by=rui)
