"""What appeared and went after the freeze is counted beside the population."""

from datetime import timedelta

import pytest
from django.utils.timezone import now

from connectors.models import Grant
from core.models import Role
from reviews.actions import staging
from reviews.models import Campaign
from reviews.queries import roll_forward
from reviews.queries.roll_forward import RollForward
from tests.make import make_user
from tests.reviews.staged import counted, make_draft, make_role, work, world

pytestmark = pytest.mark.usefixtures("nudges")


def test_grants_that_came_and_went_after_the_freeze_are_counted_and_lines_stay(db):
    connector, _, grants = world(holders=2)
    campaign = make_draft(make_user("Olga Berg", Role.CAMPAIGN))
    assert roll_forward.of(campaign) == RollForward(0, 0)
    staging.want(campaign, by=campaign.owners.get())
    work(campaign)
    assert roll_forward.of(campaign) == RollForward(0, 0)

    later = counted(connector)
    Grant.objects.filter(pk__in=[grants[0].pk, grants[1].pk]).update(gone_at=now(), gone_run=later.pk)
    role = make_role(connector.app, 3)
    Grant.objects.create(account=grants[0].account, entitlement=role, first_run=later.pk, since=now())

    assert roll_forward.of(campaign) == RollForward(appeared=1, went=2)
    assert campaign.tasks.count() == campaign.lines == 4
    Campaign.objects.filter(pk=campaign.pk).update(closed_at=now() - timedelta(hours=1))
    campaign.refresh_from_db()
    assert roll_forward.of(campaign) == RollForward(0, 0)
