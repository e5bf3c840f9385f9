"""The end of a campaign."""

from datetime import timedelta

import pytest
from django.utils.timezone import now

from core.errors import Denied, NotPossible, StaleState
from core.leases import LeaseLost
from core.models import Role, TrailEvent
from reviews import jobs
from reviews.actions import closing
from reviews.models import Campaign, Decision, Mark, Progress, Removal, ReviewTask, Turn
from tests.make import make_connected, make_run, make_user
from tests.reviews.making import make_grants, make_running, make_turn

pytestmark = pytest.mark.django_db
EXCEPTION, REMOVE = Campaign.Silence.EXCEPTION, Campaign.Silence.REMOVE


@pytest.fixture
def trail(trail):
    """Without the files that every closing wants."""
    return lambda: [each for each in trail() if each != "reports.wanted"]


@pytest.fixture
def owner(db):
    return make_user("Olga Berg", Role.CAMPAIGN)


@pytest.fixture
def reviewer(db):
    return make_user("Rui Costa")


@pytest.fixture
def campaign(owner, reviewer, nudges):
    return make_running(make_grants(4), reviewer, owner)


def line(campaign, number):
    return campaign.tasks.get(line_no=number)


def mark(campaign, number, person, outcome="deny"):
    Mark.objects.create(task=line(campaign, number), campaign=campaign, person=person, outcome=outcome)


def statuses(campaign):
    return list(campaign.tasks.order_by("line_no").values_list("status", "status_reason"))


def test_open_lines_become_exceptions_and_none_is_denied(campaign, owner, trail):
    ReviewTask.objects.filter(campaign=campaign, line_no=1).update(status="certified")

    closing.close(campaign, by=owner, at_end=EXCEPTION)
    jobs.close(campaign.pk)

    campaign.refresh_from_db()
    assert campaign.status == Campaign.Status.CLOSED
    assert campaign.closed_at
    assert statuses(campaign) == [("certified", "")] + 3 * [("excepted", "Nobody decided.")]
    assert not Turn.objects.open().exclude(line_no=1).exists()
    assert not Removal.objects.exists()
    assert not Decision.objects.exists()
    assert Progress.objects.get().open == 0
    assert trail() == ["campaigns.closing", "campaigns.closed"]
    assert TrailEvent.objects.get(action="campaigns.closed").change["counts"] == {
        "certified": 1,
        "denied": 0,
        "excepted": 3,
        "cancelled": 0,
    }


def test_what_was_marked_and_not_submitted_is_never_a_decision(campaign, owner, reviewer):
    mark(campaign, 2, reviewer)
    mark(campaign, 3, make_user("Nora Lindqvist"))  # who is not asked

    closing.close(campaign, by=owner, at_end=REMOVE, typed="DENY", seen=3)
    jobs.close(campaign.pk)

    campaign.refresh_from_db()
    denied = ("denied", "Denied by the closing rule.")
    excepted = ("excepted", "Decided but not submitted, by Rui Costa.")
    assert statuses(campaign) == [denied, excepted, denied, denied]
    assert campaign.status == Campaign.Status.REMEDIATION
    assert Removal.objects.count() == 3
    decisions = Decision.objects.filter(by=None, turn=None, outcome="denied")
    assert [row.task.line_no for row in decisions.order_by("pk")] == [1, 3, 4]
    assert decisions[0].reason == "Nobody decided. The closing rule chosen by Olga Berg denies it."


def test_lines_that_two_marked_are_counted_once_before_closing(campaign, reviewer):
    other = make_user("Nora Lindqvist")
    make_turn(line(campaign, 2), other)
    mark(campaign, 2, reviewer)
    mark(campaign, 2, other)
    mark(campaign, 3, reviewer, outcome="")
    mark(campaign, 4, other)  # who is not asked

    found = closing.open_lines(campaign)

    assert (found.lines, found.unsubmitted, found.undecided) == (4, 1, 3)


def test_a_line_that_opened_again_is_not_half_decided_by_what_was_decided_before(campaign, owner, reviewer):
    first = line(campaign, 1)
    Decision.objects.create(
        task=first, campaign=campaign, turn=first.turns.get(), outcome="certified", by=reviewer
    )
    Turn.objects.filter(task=first).update(status=Turn.Status.DECIDED)
    ReviewTask.objects.filter(pk=first.pk).update(round=2)
    make_turn(first, reviewer, round=2)

    closing.close(campaign, by=owner, at_end=EXCEPTION)
    jobs.close(campaign.pk)

    assert statuses(campaign)[0] == ("excepted", closing.NOBODY)


def test_a_line_that_only_some_decided_says_so(campaign, owner, reviewer):
    first = line(campaign, 1)
    Decision.objects.create(
        task=first, campaign=campaign, turn=first.turns.get(), outcome="certified", by=reviewer
    )

    closing.close(campaign, by=owner, at_end=EXCEPTION)
    jobs.close(campaign.pk)

    assert statuses(campaign)[0] == ("excepted", closing.HALFWAY)


@pytest.mark.parametrize("who", ["another", "reviewer", "auditor", "control owner"])
def test_only_its_owners_close_a_campaign(campaign, reviewer, trail, who):
    person = {
        "another": make_user("Hugo Brandt", Role.CAMPAIGN),
        "reviewer": reviewer,
        "auditor": make_user("Vera Stein", Role.READ_ONLY),
        "control owner": make_user("Ines Moreau"),
    }[who]
    if who == "control owner":
        Campaign.objects.update(control_owner=person)

    with pytest.raises(Denied, match="Olga Berg"):
        closing.close(campaign, by=person, at_end=EXCEPTION)

    campaign.refresh_from_db()
    assert campaign.status == Campaign.Status.RUNNING
    assert trail() == []


def test_to_deny_by_closing_wants_the_word_and_the_number_that_was_shown(campaign, owner):
    with pytest.raises(NotPossible, match="Type DENY"):
        closing.close(campaign, by=owner, at_end=REMOVE, typed="deny it", seen=4)
    with pytest.raises(StaleState, match="By now 4 lines"):
        closing.close(campaign, by=owner, at_end=REMOVE, typed="DENY", seen=5)

    campaign.refresh_from_db()
    assert campaign.status == Campaign.Status.RUNNING


def test_it_is_closed_once(campaign, owner, trail):
    closing.close(campaign, by=owner, at_end=EXCEPTION)
    with pytest.raises(NotPossible, match="not running"):
        closing.close(campaign, by=owner, at_end=EXCEPTION)
    jobs.close(campaign.pk)
    jobs.close(campaign.pk)

    assert trail() == ["campaigns.closing", "campaigns.closed"]


@pytest.mark.parametrize("died_after", [1, 2, 3])
def test_a_worker_killed_between_two_pages_is_carried_on_for(
    campaign, owner, reviewer, monkeypatch, trail, died_after
):
    monkeypatch.setattr(closing, "PAGE", 1)
    mark(campaign, 2, reviewer)
    closing.close(campaign, by=owner, at_end=REMOVE, typed="DENY", seen=3)
    real, pages = closing.settle, []

    def dies(campaign, lines):
        real(campaign, lines)
        pages.append(lines)
        if len(pages) == died_after:
            raise KeyboardInterrupt

    taken = closing.claim(campaign.pk)
    assert taken
    with monkeypatch.context() as patch:
        patch.setattr(closing, "settle", dies)
        with pytest.raises(KeyboardInterrupt):
            closing.carry_out(taken)
    assert closing.claim(campaign.pk) is None  # the lease of the dead one still holds
    Campaign.objects.update(leased_until=now() - timedelta(seconds=1))
    jobs.close(campaign.pk)

    assert [status for status, _ in statuses(campaign)] == ["denied", "excepted", "denied", "denied"]
    assert Decision.objects.count() == Removal.objects.count() == 3
    assert trail()[-2:] == ["campaigns.closed", "campaigns.remediation"]


def test_a_slow_worker_that_lost_its_lease_settles_nothing_more(campaign, owner):
    closing.close(campaign, by=owner, at_end=EXCEPTION)
    slow = closing.claim(campaign.pk)
    assert slow
    Campaign.objects.update(leased_until=now() - timedelta(seconds=1))
    closing.claim(campaign.pk)

    with pytest.raises(LeaseLost):
        closing.carry_out(slow)

    assert {status for status, _ in statuses(campaign)} == {"open"}


@pytest.mark.parametrize(
    ("by_itself", "days", "closes"), [(True, -1, True), (True, 1, False), (False, -1, False)]
)
def test_past_its_last_day_it_ends_by_itself_only_if_told_to(
    campaign, nudges, django_capture_on_commit_callbacks, by_itself, days, closes
):
    Campaign.objects.update(ends_by_itself=by_itself, decide_by=now() + timedelta(days=days))

    with django_capture_on_commit_callbacks(execute=True):
        jobs.sweep_running()

    campaign.refresh_from_db()
    assert campaign.status == (Campaign.Status.CLOSING if closes else Campaign.Status.RUNNING)
    assert (("reviews.close", campaign.pk) in nudges) is closes


def test_its_sources_are_read_twice_at_the_end_and_what_cannot_be_is_told(campaign, owner, trail):
    connector = make_connected(owner, app=campaign.tasks.first().app, paused_at=now())
    campaign.sources.create(connector=connector, source=connector.source, run=make_run(connector))

    closing.close(campaign, by=owner, at_end=EXCEPTION)
    jobs.close(campaign.pk)

    assert trail()[-1] == "campaigns.not_read_at_the_end"
    assert "is paused" in TrailEvent.objects.latest("pk").change["problem"]


def test_what_closes_by_itself_makes_exceptions_whatever_its_settings_say(campaign):
    Campaign.objects.update(ends_by_itself=True, at_end=REMOVE, decide_by=now() - timedelta(days=1))

    jobs.sweep_running()
    jobs.close(campaign.pk)

    campaign.refresh_from_db()
    assert (campaign.status, campaign.at_end) == (Campaign.Status.CLOSED, EXCEPTION)
    assert statuses(campaign) == 4 * [("excepted", "Nobody decided.")]
    assert not Removal.objects.exists()


def test_nobody_denies_by_closing_without_typing_the_word(campaign):
    with pytest.raises(NotPossible, match="become exceptions"):
        closing.close(campaign, by=None, at_end=REMOVE, typed="DENY", seen=4)

    campaign.refresh_from_db()
    assert campaign.status == Campaign.Status.RUNNING


def test_nobody_ends_a_campaign_early_over_their_own_open_access(campaign, owner):
    account = line(campaign, 2).account
    account.person = owner
    account.save()

    with pytest.raises(Denied, match="Line 2 is open and about your own access"):
        closing.close(campaign, by=owner, at_end=EXCEPTION)
    campaign.refresh_from_db()
    assert campaign.status == Campaign.Status.RUNNING

    Campaign.objects.update(decide_by=now() - timedelta(days=1))
    campaign.refresh_from_db()
    closing.close(campaign, by=owner, at_end=EXCEPTION)
    assert campaign.status == Campaign.Status.CLOSING


def test_who_else_runs_it_ends_it_whoever_has_open_access(campaign, owner):
    account = line(campaign, 2).account
    account.person = owner
    account.save()

    closing.close(campaign, by=make_user("Sam Root", Role.SUPER), at_end=EXCEPTION)


def test_a_file_is_not_read_once_more_at_the_end(campaign, owner, trail):
    connector = make_connected(owner, app=campaign.tasks.first().app, driver="file", source="file:payroll")
    files = [{"name": "people.csv", "sha256": "a" * 64, "at": now().isoformat()}]
    run = make_run(connector)
    campaign.sources.create(connector=connector, source=connector.source, run=run, files=files)

    closing.close(campaign, by=owner, at_end=EXCEPTION)
    jobs.close(campaign.pk)

    assert "campaigns.not_read_at_the_end" not in trail()
    assert connector.runs.latest("pk") == run
