"""What a correction may skip: nothing that a first decision may not."""

import pytest

from connectors.models import Tag
from core.errors import Denied
from core.models import Role, RoleHolding
from reviews.actions import correcting, removals
from reviews.actions.following import end_turns
from reviews.models import Campaign, Decision, Progress, ReviewTask, Turn
from tests.make import make_account, make_grant, make_user
from tests.reviews.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("nudges")]
MANAGER, APP_OWNER = {"kind": "manager"}, {"kind": "app_owner"}


def denied(world, step=1, person=None):
    """A running campaign whose only line its reviewer denied in that step."""
    line = world.line(person or world.grace)
    world.enter()
    Campaign.objects.update(status="running")
    world.campaign.refresh_from_db()
    for number in range(1, step):
        world.certify(Turn.objects.open().get())
        world.enter(number + 1)
    turn = Turn.objects.open().get()
    turn.status = Turn.Status.DECIDED
    turn.save(update_fields=["status"])
    Decision.objects.create(
        task=line, campaign=world.campaign, turn=turn, by=turn.reviewer, outcome="denied", reason="Moved"
    )
    Progress.objects.filter(reviewer=turn.reviewer).update(open=0, denied=1)
    ReviewTask.objects.update(status="denied")
    line.refresh_from_db()
    removals.open_for([line], turn.reviewer)
    return line


def correct(line, by, outcome="certified"):
    decision = correcting.correct(line, by=by, outcome=outcome, reason="A wrong click")
    line.refresh_from_db()
    return decision


def test_a_denial_corrected_in_the_last_step_is_certified():
    world = World(MANAGER)
    line = denied(world)

    decision = correct(line, world.olga)

    assert (line.status, line.settled_at is not None) == ("certified", True)
    assert (decision.independence, Turn.objects.open().count()) == ("", 0)
    assert line.removals.get().status == "dropped"


def test_a_denial_corrected_before_the_last_step_goes_on_to_the_next():
    world = World(MANAGER, APP_OWNER)
    line = denied(world)

    correct(line, world.olga)

    assert (line.status, line.settled_at) == ("open", None)
    assert world.asked() == [(1, "Tom Okafor", "app_owner")]
    assert Progress.objects.get(reviewer=world.tom).open == 1


def test_something_grave_corrected_by_somebody_tied_to_it_has_a_second_reviewer():
    world = World(MANAGER)
    Tag.objects.get_or_create(kind="risk", name="Critical", defaults={"is_grave": True})
    world.buyer.risk = "Critical"
    world.buyer.save()
    line = denied(world)
    holds(world, world.olga)

    decision = correct(line, world.olga)

    assert decision.independence == "holds"
    assert line.status == "open"
    assert world.asked() == [(1, "Tom Okafor", "second")]


def test_who_decided_an_earlier_step_does_not_correct_the_later_one():
    world = World(MANAGER, APP_OWNER)
    RoleHolding.objects.create(user=world.rui, role=Role.SUPER)
    line = denied(world, step=2)

    with pytest.raises(Denied, match=r"Rui Alves decided an earlier step.*Olga Berg"):
        correct(line, world.rui)

    line.refresh_from_db()
    assert (line.status, Decision.objects.filter(replaces__isnull=False).count()) == ("denied", 0)


def test_a_step_that_wants_somebody_independent_is_not_corrected_by_somebody_tied():
    world = World(MANAGER | {"clean": True})
    line = denied(world)
    holds(world, world.olga)

    with pytest.raises(Denied, match="has the same access"):
        correct(line, world.olga)

    assert Decision.objects.count() == 1


def test_the_double_of_the_control_owner_corrects_nothing_to_certified():
    world = World(MANAGER, control_owner=make_user("Ines Moreau", employee_id="77"))
    world.olga.employee_id = "77"
    world.olga.save()
    line = denied(world)

    with pytest.raises(Denied, match="signs off the campaign"):
        correct(line, world.olga)


def test_a_correction_is_counted_with_whoever_decided_first():
    world = World(MANAGER)
    line = denied(world)

    correct(line, world.olga)
    assert list(Progress.objects.values_list("reviewer__name", "certified", "denied")) == [
        ("Rui Alves", 1, 0)
    ]

    correct(line, world.olga, "denied")
    assert list(Progress.objects.values_list("reviewer__name", "certified", "denied")) == [
        ("Rui Alves", 0, 1)
    ]


def test_turns_that_end_lower_the_counts_of_their_reviewers_alone():
    world = World(APP_OWNER)
    world.app.ownerships.create(user=world.nora)
    lines = [world.line(world.grace), world.line(make_user("Hugo Brandt"), "Hugo Brandt")]
    world.enter()

    end_turns([lines[0].pk], world.campaign)

    assert sorted(Progress.objects.values_list("reviewer__name", "asked", "open")) == [
        ("Nora Lindqvist", 2, 1),
        ("Tom Okafor", 2, 1),
    ]


def holds(world, person):
    """They have the same access, by an account of their own."""
    make_grant(make_account(world.app, person.name, person=person), world.buyer)


def test_what_was_grave_when_it_was_frozen_stays_grave_whatever_the_tags_say_later():
    world = World(MANAGER)
    world.buyer.risk = "Severe"
    world.buyer.save()
    Tag.objects.get_or_create(kind="risk", name="Severe", defaults={"is_grave": False})
    Campaign.objects.update(grave_risks=["Severe"])
    world.campaign.refresh_from_db()
    line = denied(world)
    holds(world, world.olga)

    correct(line, world.olga)

    assert line.status == "open"
    assert world.asked() == [(1, "Tom Okafor", "second")]
