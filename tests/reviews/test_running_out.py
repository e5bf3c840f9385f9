"""A step may have a time of its own, and says what becomes of lines that nobody decided within it."""

from datetime import timedelta

import pytest
from django.utils.timezone import now

from connectors.models import Account
from core.models import OutgoingMail, TrailEvent
from reviews import jobs
from reviews.actions import running_out
from reviews.models import Campaign, Mark, ReviewTask, Turn
from tests.make import make_user
from tests.reviews.making import make_turn
from tests.reviews.world import World, counts

FIVE_DAYS = {"kind": "manager", "after_days": 5}


def running(step, *, days=6):
    world = World(step)
    world.line(world.grace)
    world.line(world.grace)
    world.enter()
    began = now() - timedelta(days=days)
    Turn.objects.update(at=began)
    Campaign.objects.update(status=Campaign.Status.RUNNING, started_at=began)
    return world


def test_lines_fall_back_to_the_next_in_line(db):
    world = running({**FIVE_DAYS, "then": "fallback"})

    jobs.sweep_steps()

    assert world.asked() == [(1, "Tom Okafor", "app_owner"), (2, "Tom Okafor", "app_owner")]
    assert counts() == {"Rui Alves": (0, 0), "Tom Okafor": (2, 2)}
    assert Turn.objects.filter(reviewer=world.rui, status="ended").count() == 2
    assert Turn.objects.open().order_by("pk")[0].passed_over == "Rui Alves did not decide in time."
    event = TrailEvent.objects.get()
    assert (event.action, event.change["then"], event.change["numbers"]) == (
        "reviews.ran_out",
        "fallback",
        [1, 2],
    )
    assert OutgoingMail.objects.get().to == world.tom.email


def test_lines_are_given_to_whom_the_step_names(db):
    taker = make_user("Ann Taker")
    world = running({**FIVE_DAYS, "then": "reassign", "reassign_to": [taker.pk]})

    jobs.sweep_steps()

    assert {name for _, name, _ in world.asked()} == {"Ann Taker"}


def test_lines_are_given_to_the_owners_of_the_campaign_where_the_step_names_nobody(db):
    world = running({**FIVE_DAYS, "then": "reassign"})

    jobs.sweep_steps()

    assert {name for _, name, _ in world.asked()} == {"Olga Berg"}


def test_a_cancelled_line_is_an_exception_that_says_why(db):
    world = running({**FIVE_DAYS, "then": "cancel"})

    jobs.sweep_steps()

    line = ReviewTask.objects.order_by("line_no")[0]
    assert line.status == ReviewTask.Status.EXCEPTED
    assert line.status_reason == (
        "Nobody decided within 5 days, and the policy then cancels the review of the line."
    )
    assert world.asked() == []
    assert counts() == {"Rui Alves": (2, 0)}
    assert OutgoingMail.objects.count() == 0


@pytest.mark.parametrize("days", [0, 4])
def test_before_the_time_is_over_nothing_happens(db, days):
    world = running({**FIVE_DAYS, "then": "fallback"}, days=days)

    jobs.sweep_steps()

    assert {name for _, name, _ in world.asked()} == {"Rui Alves"}
    assert TrailEvent.objects.count() == 0


def test_the_time_begins_with_the_campaign_not_with_its_staging(db):
    world = running({**FIVE_DAYS, "then": "fallback"})
    Campaign.objects.update(started_at=now())

    jobs.sweep_steps()

    assert {name for _, name, _ in world.asked()} == {"Rui Alves"}


def test_the_second_time_nothing_happens_and_where_nobody_is_left_it_stays(db, monkeypatch):
    monkeypatch.setattr(running_out, "PAGE", 1)
    world = running({**FIVE_DAYS, "then": "fallback"})
    jobs.sweep_steps()
    jobs.sweep_steps()
    assert {name for _, name, _ in world.asked()} == {"Tom Okafor"}

    for expected in ("Olga Berg", "Olga Berg"):
        Turn.objects.open().update(at=now() - timedelta(days=6))
        jobs.sweep_steps()
        assert {name for _, name, _ in world.asked()} == {expected}


def test_nobody_is_asked_about_their_own_access_when_time_runs_out(db):
    world = running({**FIVE_DAYS, "then": "fallback"})
    Account.objects.update(person=world.tom)

    jobs.sweep_steps()

    assert {name for _, name, _ in world.asked()} == {"Olga Berg"}


def test_somebody_who_was_asked_later_still_has_time(db):
    world = running({**FIVE_DAYS, "then": "cancel"})
    make_turn(ReviewTask.objects.order_by("line_no")[0], world.nora)

    jobs.sweep_steps()

    assert world.asked() == [(1, "Rui Alves", "manager"), (1, "Nora Lindqvist", "manager")]
    assert [line.status for line in ReviewTask.objects.order_by("line_no")] == ["open", "excepted"]


def test_who_is_asked_instead_begins_without_their_old_mark(db):
    world = running({**FIVE_DAYS, "then": "fallback"})
    line = world.campaign.tasks.get(line_no=1)
    Mark.objects.create(task=line, campaign=world.campaign, person=world.tom, outcome="certify")

    jobs.sweep_steps()

    assert (1, "Tom Okafor", "app_owner") in world.asked()
    assert not Mark.objects.exists()
