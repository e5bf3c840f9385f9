"""What a campaign rests on is watched more closely, from staging until the campaign is over."""

import pytest
from django.urls import reverse

from connectors.actions import runs
from connectors.models import Connector, SyncRun
from core.errors import Denied
from core.models import Role
from reviews import jobs
from reviews.actions import staging
from reviews.models import Campaign
from tests.make import make_app, make_connected, make_run, make_user
from tests.reviews.staged import make_draft, work, world

pytestmark = pytest.mark.usefixtures("nudges")


@pytest.fixture
def olga(db):
    return make_user("Olga Berg", Role.CAMPAIGN, Role.CONNECTOR)


@pytest.fixture
def staged(olga):
    connector, _, _ = world()
    campaign = make_draft(olga)
    staging.want(campaign, by=olga)
    work(campaign)
    return connector, campaign


def test_a_connector_is_under_review_from_staging_until_the_campaign_is_over(staged):
    connector, campaign = staged

    for status in Campaign.Status:
        Campaign.objects.filter(pk=campaign.pk).update(status=status)
        jobs.sweep()
        connector.refresh_from_db()
        assert connector.is_under_review == (status not in ("draft", "signed_off", "cancelled")), status


def test_only_the_apps_it_rests_on_are_under_review(staged):
    connector, _ = staged
    other = make_connected(app=make_app("Other"), source="coupa:other")
    jobs.sweep()

    assert Connector.objects.get(is_under_review=True) == connector
    other.refresh_from_db()
    assert not other.is_under_review


def test_runs_that_a_population_rests_on_are_evidence(staged):
    connector, campaign = staged

    assert connector.runs.get(is_evidence=True) == campaign.sources.get().run


def test_the_owner_of_a_campaign_does_not_confirm_a_held_run_that_it_rests_on(staged, olga, sign_in):
    connector, _ = staged
    held = make_run(connector, status=SyncRun.Status.HELD)
    Connector.objects.filter(pk=connector.pk).update(status=Connector.Status.HELD)
    connector.refresh_from_db()

    with pytest.raises(Denied, match="You own a campaign that rests on Coupa"):
        runs.confirm(held, by=olga, reason="It is the truth")
    page = sign_in(olga).get(reverse("connectors:run", args=[held.key])).content.decode()
    assert "You own a campaign that rests on Coupa" in page
    assert "Confirm changes" not in page
    other = make_user("Marcus Adeyemi", Role.CONNECTOR)
    page = sign_in(other).get(reverse("connectors:run", args=[held.key])).content.decode()
    assert "Confirm changes" in page
    runs.confirm(held, by=other, reason="It is the truth")


def test_the_sweeper_nudges_stagings_that_are_due_and_in_nobodys_hands(
    olga, django_capture_on_commit_callbacks, nudges
):
    world(hours=30)
    campaign = make_draft(olga)
    staging.want(campaign, by=olga)
    with django_capture_on_commit_callbacks(execute=True):
        jobs.sweep()

    assert ("reviews.stage", campaign.pk) in nudges
    work(campaign)
    nudges.clear()
    with django_capture_on_commit_callbacks(execute=True):
        jobs.sweep()
    assert nudges == []
