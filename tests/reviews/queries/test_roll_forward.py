"""What appeared and went after the freeze is counted beside the population."""

from datetime import timedelta

import pytest
from django.utils.timezone import now

from connectors.models import ACCESS, Entitlement, Grant
from core.models import Role
from reviews.actions import staging
from reviews.models import Campaign, Scope
from reviews.queries import roll_forward
from reviews.queries.roll_forward import HEADS, RollForward
from tests.make import make_account, make_user
from tests.reviews.staged import counted, make_draft, make_role, work, world

pytestmark = pytest.mark.usefixtures("nudges")


def test_grants_that_came_and_went_after_the_freeze_are_counted_and_lines_stay(db):
    connector, _, grants = world(holders=2)
    campaign = make_draft(make_user("Olga Berg", Role.CAMPAIGN))
    assert roll_forward.of(campaign) == RollForward(0, 0, 0)
    staging.want(campaign, by=campaign.owners.get())
    work(campaign)
    assert roll_forward.of(campaign) == RollForward(0, 0, 0)

    later = counted(connector)
    Grant.objects.filter(pk__in=[grants[0].pk, grants[1].pk]).update(gone_at=now(), gone_run=later.pk)
    role = make_role(connector.app, 3)
    Grant.objects.create(account=grants[0].account, entitlement=role, first_run=later.pk, since=now())

    assert roll_forward.of(campaign) == RollForward(appeared=1, went=2, passed=0)
    assert campaign.tasks.count() == campaign.lines == 4
    Campaign.objects.filter(pk=campaign.pk).update(closed_at=now() - timedelta(hours=1))
    campaign.refresh_from_db()
    assert roll_forward.of(campaign) == RollForward(0, 0, 0)


def test_what_came_and_went_before_the_closing_is_told_though_nothing_of_it_is_left(db):
    connector, _, grants = world(holders=1)
    campaign = make_draft(make_user("Olga Berg", Role.CAMPAIGN))
    staging.want(campaign, by=campaign.owners.get())
    campaign = work(campaign)
    seen, missed = counted(connector), counted(connector)
    while_held = {"first_run": seen.pk, "since": now(), "gone_at": now(), "gone_run": missed.pk}
    short = make_role(connector.app, 3, gone_at=now())
    left = make_account(connector.app, "Left", external_id="9", status="deleted", gone_at=now())
    Grant.objects.create(account=grants[0].account, entitlement=short, **while_held)
    Grant.objects.create(account=left, entitlement=grants[0].entitlement, **while_held)
    before = while_held | {"first_run": grants[0].first_run}
    Grant.objects.create(account=left, entitlement=grants[1].entitlement, **before)

    assert roll_forward.of(campaign) == RollForward(appeared=0, went=0, passed=2)
    rows = [dict(zip(HEADS, row, strict=True)) for row in roll_forward.moved(campaign)]
    told = [(row["What"], row["Seen by sync"], row["Then gone by sync"], row["Line"]) for row in rows]
    assert told == [("came and went", seen.pk, missed.pk, None)] * 2
    assert {row["Account id"] for row in rows} == {"1", "9"}


def test_what_came_and_went_out_of_scope_is_not_told(db):
    connector, _, grants = world(holders=1)
    scope = Scope.objects.create(kinds=["role"], account_statuses=["enabled"])
    campaign = make_draft(make_user("Olga Berg", Role.CAMPAIGN), scope=scope)
    staging.want(campaign, by=campaign.owners.get())
    campaign = work(campaign)
    later = counted(connector)
    while_held = {"first_run": later.pk, "since": now(), "gone_at": now(), "gone_run": later.pk + 1}
    shut_before = make_account(connector.app, "Shut", external_id="8", status="disabled")
    shut_after = make_account(
        connector.app, "Shut later", external_id="9", status="disabled", changed_run=later.pk + 1
    )
    for account in (shut_before, shut_after):
        Grant.objects.create(account=account, entitlement=grants[0].entitlement, **while_held)
    access = Entitlement.objects.get(external_id=ACCESS)
    Grant.objects.create(account=grants[0].account, entitlement=access, **while_held)

    assert [each.account for each in roll_forward.passed(campaign)] == [shut_after]
