"""Marks become decisions once, all of a submission or none of it, and never about one's own access."""

from types import SimpleNamespace

import pytest
from django.urls import reverse

from connectors.models import Account, Tag
from core.errors import Denied, NotPossible, StaleState
from core.models import Reporting, Role, TrailEvent, User
from reviews.actions import deciding, marks, removals, turns
from reviews.actions.consequences import consequences
from reviews.models import Campaign, Decision, Mark, Progress, Removal, ReviewTask, Submission, Turn
from reviews.queries.desk import bar
from reviews.queries.submitting import summary
from tests.make import make_account, make_grant, make_user
from tests.reviews.making import make_grants, make_policy, make_running, make_turn

pytestmark = pytest.mark.django_db
CERTIFY, DENY = Mark.Outcome.CERTIFY, Mark.Outcome.DENY
WHY = "No longer in this job"


@pytest.fixture
def rui():
    return make_user("Rui Costa", Role.BASIC)


@pytest.fixture
def entered(monkeypatch):
    """The lines that went on, each with its step."""
    told = []

    def enter_step(tasks, step):
        told.append((sorted(each.line_no for each in tasks), step))
        return frozenset(going & {each.pk for each in tasks})

    going: set[int] = set()
    monkeypatch.setattr(turns, "enter_step", enter_step)
    return SimpleNamespace(told=told, going=going)


def owned(count=3, **fields):
    return make_grants(count, person=make_user("Nora Lindqvist"), **fields)


def submit(campaign, by):
    return deciding.submit(campaign, by, marks_seen=seen(campaign, by))


def seen(campaign, by):
    return bar(campaign, by).stamp


def statuses(campaign):
    return dict(ReviewTask.objects.filter(campaign=campaign).values_list("line_no", "status"))


def test_a_submission_decides_what_was_marked_and_nothing_else(rui, trail, entered):
    campaign = make_running(owned(), rui)
    marks.open_line(Turn.objects.get(line_no=2), by=rui)
    marks.mark(campaign, [1], CERTIFY, by=rui)
    marks.mark(campaign, [2], DENY, by=rui, reason=WHY, seen={2: {"hints": ["title"], "instructions": 1}})
    opened = Mark.objects.get(task__line_no=2).opened_at

    done = submit(campaign, rui)

    assert statuses(campaign) == {1: "certified", 2: "denied", 3: "open"}
    assert (done.submission.submitted, done.submission.accepted) == (2, 2)
    assert (done.submission.certified, done.submission.denied) == (1, 1)
    kept, denied = Decision.objects.order_by("task__line_no")
    assert (kept.outcome, kept.by, kept.replaces) == ("certified", rui, None)
    assert kept.turn == Turn.objects.get(line_no=1)
    assert (denied.outcome, denied.reason, denied.opened_at) == ("denied", WHY, opened)
    assert denied.seen == {"hints": ["title"], "instructions": 1}
    assert denied.submission == done.submission
    assert ReviewTask.objects.get(line_no=1).settled_at == done.submission.at
    assert not Mark.objects.exists()
    progress = Progress.objects.get()
    assert (progress.asked, progress.open, progress.certified, progress.denied) == (3, 1, 1, 1)
    assert progress.last_decided_at == done.submission.at
    assert [each.task.line_no for each in Removal.objects.all()] == [2]
    assert "reviews.submitted" in trail()
    told = TrailEvent.objects.get(action="reviews.submitted").change
    assert (told["accepted"], told["certified"], told["denied"], told["lines"]) == (2, 1, 1, [1, 2])
    assert entered.told == [([1], 2)]


def test_what_needs_a_reason_stays_marked(rui):
    campaign = make_running(owned(), rui)
    marks.mark(campaign, [1], CERTIFY, by=rui)
    marks.mark(campaign, [2, 3], DENY, by=rui)

    done = submit(campaign, rui)

    assert done.unreasoned == [2, 3]
    assert done.submission.submitted == 1
    assert statuses(campaign) == {1: "certified", 2: "open", 3: "open"}
    with pytest.raises(NotPossible, match="2 of your marks need a reason"):
        submit(campaign, rui)


def test_nobody_decides_on_their_own_access(rui):
    """Marked while it was somebody else's; by now it is the reviewer's."""
    campaign = make_running(owned(2), rui)
    marks.mark(campaign, [1, 2], CERTIFY, by=rui)
    Account.objects.filter(name="Holder 2").update(person=rui)

    done = submit(campaign, rui)

    assert done.own == [2]
    assert statuses(campaign) == {1: "certified", 2: "open"}
    with pytest.raises(NotPossible, match="your own access"):
        submit(campaign, rui)
    assert Decision.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_others_are_asked_about_the_own_access_that_was_submitted(rui, nudges):
    campaign = make_running(owned(1), rui)
    marks.mark(campaign, [1], CERTIFY, by=rui)
    Account.objects.update(person=rui)

    with pytest.raises(NotPossible, match="Line 1 is about your own access"):
        submit(campaign, rui)

    assert nudges == [("reviews.route_anew", rui.pk)]
    assert Turn.objects.open().count() == 1


def test_one_act_takes_so_many_and_what_lacks_a_reason_keeps_none_waiting(rui, monkeypatch):
    monkeypatch.setattr(deciding, "MOST", 1)
    campaign = make_running(owned(), rui)
    marks.mark(campaign, [1], DENY, by=rui)
    marks.mark(campaign, [2, 3], CERTIFY, by=rui)

    first, second = submit(campaign, rui), submit(campaign, rui)

    assert (first.submission.accepted, second.submission.accepted) == (1, 1)
    assert statuses(campaign) == {1: "open", 2: "certified", 3: "certified"}
    assert Mark.objects.get().task.line_no == 1


def test_what_denying_leads_to_is_counted_by_app(rui):
    Tag.objects.get_or_create(kind="risk", name="Critical", defaults={"is_grave": True})
    grants = [*owned(2), *owned(1)]
    grants[1].entitlement.risk = "Critical"
    campaign = make_running(grants, rui)
    marks.mark(campaign, [1, 2, 3], DENY, by=rui, reason=WHY)
    found = summary(campaign, rui)

    first, second = sorted(consequences(campaign, found.tasks), key=lambda each: -each.access)

    assert (found.denied, found.gone) == (3, 0)
    assert (first.app, first.access, first.people, first.waits) == ("Coupa", 2, 1, True)
    assert first.earliest < first.latest == second.earliest == second.latest
    assert (second.access, second.people) == (1, 1)


def test_marks_that_came_too_late_can_be_cleared_away(rui, sign_in):
    campaign = make_running(owned(), rui)
    marks.mark(campaign, [1], CERTIFY, by=rui)
    Turn.objects.filter(line_no=1).update(status=Turn.Status.OVERTAKEN)
    browser, url = sign_in(rui), reverse("reviews:submit", args=[campaign.pk])

    page = browser.get(url).content.decode()
    browser.post(url, {"seen": seen(campaign, rui)})

    assert "1 of your marks comes too late" in page
    assert "Clear them away" in page
    assert not Mark.objects.exists()


@pytest.mark.parametrize(
    "became",
    [
        {"login": "E-77"},
        {"login": " e-77 "},
        {"employee_id": "E-77 "},
        {"email": " JOSÉ@meridian.example"},
        {"login": "josÉ@MERIDIAN.example "},
    ],
    ids=["number as login", "login with blanks", "number", "e-mail beyond ASCII", "e-mail as login"],
)
def test_nobody_decides_about_an_account_of_nobody_s_that_bears_what_they_are_known_by(rui, became):
    """Whatever routing would not have asked them about."""
    User.objects.filter(pk=rui.pk).update(email="josé@meridian.example", employee_id="e-77")
    campaign = make_running(owned(2), rui)
    marks.mark(campaign, [1, 2], CERTIFY, by=rui)
    Account.objects.filter(name="Holder 2").update(person=None, **became)

    done = submit(campaign, rui)

    assert done.own == [2]
    assert statuses(campaign) == {1: "certified", 2: "open"}


def test_whoever_stands_in_for_somebody_decides_nothing_of_theirs(rui):
    """Not even where it became theirs after it was marked."""
    boss = make_user("Helena Sorensen")
    campaign = make_running(owned(2), rui, turn={"on_behalf_of": boss})
    marks.mark(campaign, [1, 2], CERTIFY, by=rui)
    Account.objects.filter(name="Holder 2").update(person=boss)

    done = submit(campaign, rui)

    assert done.own == [2]
    assert statuses(campaign) == {1: "certified", 2: "open"}
    assert Decision.objects.get().on_behalf_of == boss


def test_a_submission_is_made_once(rui):
    campaign = make_running(owned(), rui)
    marks.mark(campaign, [1], CERTIFY, by=rui)
    stamp = seen(campaign, rui)
    deciding.submit(campaign, rui, marks_seen=stamp)

    with pytest.raises(StaleState, match="submitted already"):
        deciding.submit(campaign, rui, marks_seen=stamp)

    assert Submission.objects.count() == 1
    assert Decision.objects.count() == 1


def test_a_page_that_showed_other_marks_submits_nothing(rui):
    campaign = make_running(owned(), rui)
    marks.mark(campaign, [1], CERTIFY, by=rui)
    stamp = seen(campaign, rui)
    marks.mark(campaign, [1], DENY, by=rui, reason=WHY)

    with pytest.raises(StaleState):
        deciding.submit(campaign, rui, marks_seen=stamp)

    assert statuses(campaign)[1] == "open"


def test_the_first_of_two_reviewers_decides_and_the_other_is_told(rui):
    tom = make_user("Tom Okafor", Role.BASIC)
    campaign = make_running(owned(), rui)
    for task in ReviewTask.objects.all():
        make_turn(task, tom)
    marks.mark(campaign, [1], CERTIFY, by=rui)
    marks.mark(campaign, [1, 2], DENY, by=tom, reason=WHY)
    submit(campaign, tom)

    done = submit(campaign, rui)

    assert statuses(campaign) == {1: "denied", 2: "denied", 3: "open"}
    assert [(each.line_no, each.decided_by) for each in done.lost] == [(1, "Tom Okafor")]
    assert (done.submission.submitted, done.submission.accepted) == (1, 0)
    assert set(Turn.objects.filter(reviewer=rui).values_list("line_no", "status")) == {
        (1, "overtaken"),
        (2, "overtaken"),
        (3, "open"),
    }
    assert Progress.objects.get(reviewer=rui).open == 1
    assert Progress.objects.get(reviewer=tom).open == 1


def test_a_certified_line_goes_to_its_next_step(rui, entered):
    content = {
        "rules": [{"name": "All", "condition": None, "steps": [{"kind": "manager"}, {"kind": "app_owner"}]}]
    }
    campaign = make_running(owned(), rui, policy=make_policy("Two steps", content))
    marks.mark(campaign, [1, 3], CERTIFY, by=rui)
    marks.mark(campaign, [2], DENY, by=rui, reason=WHY)
    entered.going |= {ReviewTask.objects.get(line_no=1).pk}

    submit(campaign, rui)

    assert entered.told == [([1, 3], 2)]
    assert statuses(campaign) == {1: "open", 2: "denied", 3: "certified"}
    assert Progress.objects.get().open == 0


def test_a_stand_in_decides_on_behalf(rui):
    grace = make_user("Grace Kim")
    campaign = make_running(owned(1), rui, turn={"on_behalf_of": grace})
    marks.mark(campaign, [1], CERTIFY, by=rui)

    submit(campaign, rui)

    decision = Decision.objects.get()
    assert (decision.by, decision.on_behalf_of, decision.independence) == (rui, grace, "")


@pytest.mark.parametrize(
    "status", [Campaign.Status.CLOSING, Campaign.Status.CLOSED, Campaign.Status.CANCELLED]
)
def test_a_campaign_that_ended_takes_no_decision(rui, status):
    campaign = make_running(owned(), rui)
    marks.mark(campaign, [1], CERTIFY, by=rui)
    Campaign.objects.update(status=status)

    with pytest.raises(NotPossible, match="no longer running"):
        submit(campaign, rui)

    assert not Decision.objects.exists()


def test_a_line_that_was_cancelled_meanwhile_is_told_as_lost(rui):
    campaign = make_running(owned(), rui)
    marks.mark(campaign, [1, 2], CERTIFY, by=rui)
    ReviewTask.objects.filter(line_no=1).update(status=ReviewTask.Status.CANCELLED)

    done = submit(campaign, rui)

    assert [each.line_no for each in done.lost] == [1]
    assert statuses(campaign) == {1: "cancelled", 2: "certified", 3: "open"}


def test_nothing_is_decided_if_the_removals_cannot_be_opened(rui, monkeypatch):
    campaign = make_running(owned(), rui)
    marks.mark(campaign, [1], DENY, by=rui, reason=WHY)

    def broken(*_args):
        raise RuntimeError("broken")

    monkeypatch.setattr(removals, "open_for", broken)
    with pytest.raises(RuntimeError):
        submit(campaign, rui)

    assert statuses(campaign)[1] == "open"
    assert not Decision.objects.exists()
    assert Mark.objects.filter(outcome=DENY).count() == 1


def test_who_is_not_asked_submits_nothing(rui):
    campaign = make_running(owned(), rui)
    marks.mark(campaign, [1], CERTIFY, by=rui)

    for role in Role:
        with pytest.raises((Denied, StaleState)):
            deciding.submit(campaign, make_user(f"A {role}", role), marks_seen=seen(campaign, rui))

    assert not Decision.objects.exists()


def test_what_ties_a_reviewer_to_a_line_is_looked_up_when_they_decide(rui):
    nora, boss = make_user("Nora Lindqvist"), make_user("Helena Sorensen")
    grants = [*make_grants(2, person=nora)]
    campaign = make_running(grants, rui, turn={"independence": "mutual"})
    marks.mark(campaign, [1, 2], CERTIFY, by=rui)
    app = campaign.tasks.earliest("line_no").app
    make_grant(make_account(app, "Rui Costa", person=rui), grants[1].entitlement)
    Reporting.objects.create(person=rui, manager=boss)
    Reporting.objects.create(person=boss, manager=nora)

    submit(campaign, rui)

    ties = Decision.objects.order_by("task__line_no").values_list("independence", flat=True)
    assert list(ties) == ["subordinate", "holds,subordinate"]
