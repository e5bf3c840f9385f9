"""A denied line: submitted, confirmed, taken away, proven by a later run; what comes back; the sign-off."""

# ruff: noqa: F811  # fixtures of the orders are named twice: where they come from, and where they are asked for

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from connectors import jobs as connector_jobs
from connectors.models import Connector, Grant, ProvisionOrder, SyncRun
from core.models import Role, User
from reviews import jobs
from reviews.actions import closing, deciding, marks, removing, sampling, signing_off
from reviews.models import Campaign, Mark, Removal
from tests.connectors.orders.conftest import connector, habits, sync, world  # noqa: F401  # fixtures
from tests.connectors.sync.world import World
from tests.make import make_user
from tests.reviews.making import make_running

pytestmark = pytest.mark.django_db
Status = Removal.Status


@pytest.fixture
def owner(db: None) -> User:
    return make_user("Olga Berg", Role.CAMPAIGN, Role.BASIC)


@pytest.fixture
def app_owner(db: None) -> User:
    return make_user("Rui Pires", Role.BASIC)


@pytest.fixture
def control(db: None) -> User:
    return make_user("Ines Moreau", Role.BASIC)


@pytest.fixture
def reviewer(db: None) -> User:
    return make_user("Nora Lindqvist", Role.BASIC)


@pytest.fixture
def campaign(
    connector: Connector,
    sync: Callable[[], SyncRun],
    owner: User,
    reviewer: User,
    control: User,
) -> Campaign:
    """Four holders of one role, frozen from a first run."""
    run = sync()
    grants = Grant.objects.here().filter(entitlement__external_id="role:1:member").order_by("pk")[:4]
    campaign = make_running(list(grants), reviewer, owner, control_owner=control)
    campaign.sources.create(connector=connector, source=run.source, run=run)
    return campaign


@pytest.fixture
def work(
    nudges: list[tuple[str, str]], django_capture_on_commit_callbacks: Callable[..., Any]
) -> Callable[..., None]:
    """Workers carry out what a verb told them of, and what that told them of, until nothing is left."""
    carried: dict[str, Callable[[str], object]] = {
        "connectors.carry_out": connector_jobs.carry_out,
        "reviews.order_removals": jobs.order_removals,
        "reviews.follow_order": jobs.follow_order,
        "reviews.follow_run": jobs.follow_run,
        "reviews.close": jobs.close,
    }

    def done(verb: Callable[[], object]) -> None:
        del nudges[:]
        with django_capture_on_commit_callbacks(execute=True):
            verb()
        while nudges:
            job, row = nudges.pop(0)
            if job in carried:
                with django_capture_on_commit_callbacks(execute=True):
                    carried[job](row)

    return done


def submit(campaign: Campaign, reviewer: User, certify: list[int], deny: list[int]) -> None:
    if certify:
        marks.mark(campaign, certify, by=reviewer, outcome=Mark.Outcome.CERTIFY)
    if deny:
        marks.mark(campaign, deny, by=reviewer, outcome=Mark.Outcome.DENY, reason="Left the team")
    stamp = deciding._stamp(list(Mark.objects.filter(campaign=campaign, person=reviewer)))
    deciding.submit(campaign, reviewer, marks_seen=stamp)


def only() -> Removal:
    return Removal.objects.get()


def test_a_denied_line_is_proven_gone_and_the_campaign_signed_off(
    campaign, owner, app_owner, reviewer, control, work, sync, trail
):
    work(lambda: submit(campaign, reviewer, [1, 2, 3], [4]))
    assert only().status == Status.WAITING

    work(lambda: removing.confirm([only()], by=app_owner))
    assert only().status == Status.REMOVED
    order = only().order
    assert order
    assert order.status == ProvisionOrder.Status.REMOVED
    assert only().proven_at is None

    work(lambda: closing.close(campaign, by=owner, at_end="exception"))
    campaign.refresh_from_db()
    assert campaign.status == Campaign.Status.REMEDIATION
    SyncRun.objects.filter(status__in=SyncRun.OPEN).delete()  # the counted run that closing asked for
    Connector.objects.update(status=Connector.Status.CONNECTED)

    work(sync)
    assert only().status == Status.PROVEN
    for row in campaign.sample.all():
        sampling.look(row, by=control, agrees=True)
    with transaction.atomic():
        signing_off.sign_off(campaign, by=control, agreed=list(signing_off.STATEMENTS))

    campaign.refresh_from_db()
    assert campaign.status == Campaign.Status.SIGNED_OFF
    told = [each for each in trail() if each.startswith(("removals.", "campaigns."))]
    assert told == [
        "removals.opened",
        "removals.confirmed",
        "removals.ordered",
        "removals.removed",
        "campaigns.closing",
        "campaigns.closed",
        "campaigns.remediation",
        "removals.proven",
        "campaigns.signed_off",
    ]


def test_what_comes_back_is_asked_about_again_before_it_is_taken_away_again(
    campaign: Campaign,
    app_owner: User,
    reviewer: User,
    work: Callable[[Callable[[], object]], None],
    sync: Callable[[], SyncRun],
    world: World,
):
    work(lambda: submit(campaign, reviewer, [], [4]))
    work(lambda: removing.confirm([only()], by=app_owner))
    line = campaign.tasks.get(line_no=4)
    world.give("role:1:member", int(line.account_id_there))

    work(sync)

    assert only().status == Status.CAME_BACK
    line.refresh_from_db()
    assert (line.status, line.status_reason) == ("open", "Came back after it had been removed.")
    assert line.turns.open().exists()


def test_a_line_whose_holder_lost_it_meanwhile_is_cancelled(
    campaign: Campaign,
    work: Callable[[Callable[[], object]], None],
    sync: Callable[[], SyncRun],
    world: World,
):
    line = campaign.tasks.get(line_no=2)
    world.grants.discard((line.account_id_there, "role:1:member"))

    work(sync)

    line.refresh_from_db()
    assert line.status == "cancelled"
    assert not line.turns.open().exists()
