"""Files that people hand in, as sources of a population: complete by themselves, and of a certain age."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils.timezone import now

from connectors.models import Connector, SyncRun
from core.models import Role
from reviews.actions import staging
from reviews.models import Campaign
from reviews.queries import bridge, sources
from reviews.queries.memo import memo
from tests.make import make_account, make_connector, make_entitlement, make_grant, make_run, make_user
from tests.reviews.staged import make_draft, people, seen_of, work

pytestmark = pytest.mark.usefixtures("nudges")
SOURCE = "file:payroll"


@pytest.fixture
def olga(db):
    return make_user("Olga Berg", Role.CAMPAIGN, Role.SUPER)


def payroll(days: float = 1, **fields):
    """A connector of one file that came in so many days ago and was read at once."""
    at = now() - timedelta(days=days)
    connector = make_connector(
        name="Payroll",
        driver="file",
        source=SOURCE,
        status="connected",
        settings={"system": "Payroll", "accounts": f"{'a' * 64}/people.csv"},
        handed_in={"accounts": at.isoformat()},
        **fields,
    )
    _, holders = people()
    role = make_entitlement(connector.app, "Clerk", source=SOURCE)
    for person in holders:
        make_grant(make_account(connector.app, person.name, source=SOURCE, person=person), role)
    later = at + timedelta(minutes=1)
    make_run(connector, read=seen_of(connector), started_at=later, ended_at=later)
    return connector


def only(campaign):
    [source] = sources.of_scope(campaign.scope)
    return source


def test_a_file_of_this_week_is_staged_without_an_override_and_told_in_words(olga):
    payroll(days=6)
    campaign = make_draft(olga)
    staging.want(campaign, by=olga)

    campaign = work(campaign)

    assert campaign.status == Campaign.Status.STAGED, campaign.staging_problem
    assert campaign.bridge["overridden"] == []
    assert bridge.of(campaign).ties
    [kept] = campaign.sources.all()
    assert [(file["name"], file["sha256"]) for file in kept.files] == [("people.csv", "a" * 64)]
    assert SyncRun.objects.count() == 1
    told = str(memo(campaign).sections)
    assert "a file, complete by itself: people.csv, handed in" in told
    assert "a" * 64 in told


def test_an_older_file_has_to_be_replaced_or_accepted(olga):
    payroll(days=8)
    campaign = make_draft(olga)
    staging.want(campaign, by=olga)

    campaign = work(campaign)

    assert campaign.status == Campaign.Status.DRAFT
    assert "people.csv of Payroll came in 8 days ago" in campaign.staging_problem


def test_reading_an_old_file_once_more_makes_it_no_younger(olga):
    connector = payroll(days=8)
    make_run(connector)

    assert "came in 8 days ago" in only(make_draft(olga)).problem


def test_a_new_file_counts_once_it_was_read(olga):
    connector = payroll(days=8)
    Connector.objects.update(handed_in={"accounts": now().isoformat()})
    campaign = make_draft(olga)
    assert "was not read since people.csv came in" in only(campaign).problem

    make_run(connector, started_at=now(), ended_at=now())

    assert only(campaign).is_good


def test_a_file_whose_time_is_not_known_proves_nothing(olga):
    payroll()
    Connector.objects.update(handed_in={})

    assert "is not known" in only(make_draft(olga)).problem


def test_the_data_page_says_so_and_leads_to_a_new_file(olga, sign_in):
    connector = payroll()
    campaign = make_draft(olga)

    page = sign_in(olga).get(reverse("reviews:draft_data", args=[campaign.pk])).content.decode()

    assert "A file is complete by itself" in page
    assert "Replace file" in page
    assert reverse("connectors:settings", args=[connector.pk]) in page
