"""Steps that nobody decided in time: what becomes of their lines, to row, trail and outbox."""

from datetime import timedelta

import pytest
from django.utils.timezone import now

from core.models import OutgoingMail, Reporting, TrailEvent
from reviews.actions.overdue import campaigns_with_limits, settle_overdue
from reviews.jobs import settle_overdue as settle_overdue_job
from reviews.jobs import sweep_overdue
from reviews.models import Campaign, Turn
from tests.make import make_user
from tests.reviews.world import World, counts


def running(*steps, days_ago: int = 8) -> World:
    """A campaign that began so long ago, with everybody asked at once about one line of Grace's."""
    world = World(*steps)
    world.line(world.grace)
    world.enter()
    began = now() - timedelta(days=days_ago)
    Turn.objects.update(at=began)
    Campaign.objects.update(status=Campaign.Status.RUNNING, started_at=began)
    world.campaign.refresh_from_db()
    return world


def by_manager(then: str, **more: object) -> dict[str, object]:
    return {"kind": "manager", "after_days": 7, "then": then, **more}


def test_a_late_line_goes_to_whom_the_step_falls_back_to(db, trail):
    world = running(by_manager("fallback"))
    before = len(trail())

    assert settle_overdue(world.campaign) == 1

    assert world.asked() == [(1, "Tom Okafor", "app_owner")]
    turn = Turn.objects.open().get()
    assert turn.is_fallback
    assert turn.passed_over == "Rui Alves did not decide within 7 days."
    assert counts() == {"Rui Alves": (0, 0), "Tom Okafor": (1, 1)}
    assert trail()[before:] == ["reviews.overdue_given"]
    letter = OutgoingMail.objects.get()
    assert letter.to == world.tom.email


def test_people_of_the_fallback_come_first(db):
    paula = make_user("Paula Weber")
    world = running(by_manager("fallback", fallback={"people": [paula.pk], "kind": "app_owner"}))

    settle_overdue(world.campaign)

    assert world.asked() == [(1, "Paula Weber", "people")]


def test_a_late_line_goes_to_the_reviewers_manager(db):
    world = running(by_manager("reassign"))
    Reporting.objects.create(person=world.rui, manager=world.nora)

    assert settle_overdue(world.campaign) == 1

    assert world.asked() == [(1, "Nora Lindqvist", "reassigned")]
    assert Turn.objects.open().get().given_reason == "Rui Alves did not decide within 7 days."


def test_where_the_reviewer_has_no_manager_a_late_line_falls_back(db):
    world = running(by_manager("reassign"))

    settle_overdue(world.campaign)

    assert world.asked() == [(1, "Tom Okafor", "app_owner")]


def test_a_late_line_never_goes_to_its_own_subject(db):
    world = running(by_manager("reassign"))
    Reporting.objects.create(person=world.rui, manager=world.grace)

    settle_overdue(world.campaign)

    assert world.asked() == [(1, "Tom Okafor", "app_owner")]


def test_a_late_line_that_is_cancelled_is_an_exception(db):
    world = running(by_manager("cancel"))

    assert settle_overdue(world.campaign) == 1

    line = world.campaign.tasks.get()
    assert line.status == line.Status.EXCEPTED
    assert line.status_reason == "Whoever was asked did not decide within 7 days."
    assert line.settled_at is not None
    assert not Turn.objects.open().exists()
    assert TrailEvent.objects.latest("id").action == "reviews.overdue_excepted"


@pytest.mark.parametrize("then", ["fallback", "reassign", "cancel"])
def test_what_is_not_late_stays_and_twice_is_harmless(db, then):
    early = running(by_manager(then), days_ago=6)

    assert settle_overdue(early.campaign) == 0
    assert early.asked() == [(1, "Rui Alves", "manager")]

    Turn.objects.update(at=now() - timedelta(days=9))
    assert settle_overdue(early.campaign) == 0  # the campaign itself began later
    Campaign.objects.update(started_at=now() - timedelta(days=9))
    early.campaign.refresh_from_db()
    assert settle_overdue(early.campaign) == 1
    asked = early.asked()
    Turn.objects.update(at=now() - timedelta(days=9))
    assert settle_overdue(early.campaign) == 0
    assert early.asked() == asked


def test_where_nobody_else_can_be_asked_the_line_stays(db):
    world = running(
        {"kind": "people", "people": [make_user("Only One").pk], "after_days": 7, "then": "fallback"}
    )
    world.campaign.ownerships.all().delete()
    world.olga.holdings.all().delete()

    assert settle_overdue(world.campaign) == 0

    assert world.asked() == [(1, "Only One", "people")]


def test_a_closed_campaign_is_left_alone_and_the_sweeper_names_only_those_with_limits(db, nudges):
    world = running(by_manager("fallback"))

    assert campaigns_with_limits() == [world.campaign.pk]
    Campaign.objects.update(status=Campaign.Status.CLOSED)
    assert campaigns_with_limits() == []
    sweep_overdue()
    settle_overdue_job(world.campaign.pk)

    assert nudges == []
    assert world.asked() == [(1, "Rui Alves", "manager")]
