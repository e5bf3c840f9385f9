"""What becomes of denied lines."""

from datetime import date

import pytest
import time_machine

from connectors.models import Tag
from core.errors import Denied, NotPossible
from core.models import Organisation
from reviews.actions import removals
from reviews.models import Campaign, PopulationSource, Removal, ReviewTask
from tests.make import make_connected, make_run, make_user
from tests.reviews.making import make_campaign, make_grants, make_running, removes_nothing

pytestmark = pytest.mark.django_db


def denied(campaign: Campaign) -> list[ReviewTask]:
    """All of its lines, denied."""
    campaign.tasks.update(status=ReviewTask.Status.DENIED)
    return list(campaign.tasks.order_by("line_no"))


@pytest.fixture
def campaign(db: None) -> Campaign:
    return make_running(make_grants(3), make_user("Rui Costa"))


def reviewed_before(campaign: Campaign) -> None:
    """An earlier campaign of the same app came to its end."""
    app = campaign.tasks.earliest("line_no").app
    connector = make_connected(make_user("Owen Grant"), app=app)
    earlier = make_campaign("Coupa access, Q3", status=Campaign.Status.SIGNED_OFF)
    PopulationSource.objects.create(
        campaign=earlier, connector=connector, source=connector.source, run=make_run(connector)
    )


@time_machine.travel("2026-12-03 10:00Z")
def test_grave_lines_are_to_be_gone_in_three_working_days_and_others_in_seven(campaign):
    Tag.objects.get_or_create(kind="risk", name="Critical", defaults={"is_grave": True})
    Organisation.current()
    Organisation.objects.update(holidays=[{"on": "2026-12-08", "name": "A day off"}])
    tasks = denied(campaign)
    tasks[0].risk = "Critical"

    removals.open_for(tasks, None)

    due = list(Removal.objects.order_by("task__line_no").values_list("due_on", flat=True))
    assert due == [date(2026, 12, 9), date(2026, 12, 15), date(2026, 12, 15)]


def test_a_denied_line_gets_one_removal_however_often_it_is_asked_for(campaign, trail):
    by, tasks = make_user("Kim Sorensen"), denied(campaign)

    assert removals.open_for(tasks[:2], by) == 2
    assert removals.open_for(tasks, by) == 1
    assert removals.open_for(tasks, by) == 0

    assert Removal.objects.filter(task=tasks[2]).count() == 1
    assert trail() == ["removals.opened", "removals.opened"]
    assert set(Removal.objects.values_list("status", flat=True)) == {Removal.Status.WAITING}


@pytest.mark.parametrize(
    ("choice", "is_first", "waits"),
    [
        ("confirmed", False, True),
        ("automatic", True, True),
        ("automatic", False, False),
        ("after_a_day", False, False),
    ],
)
def test_in_the_first_campaign_of_an_app_its_owner_confirms(
    campaign, nudges, django_capture_on_commit_callbacks, choice, is_first, waits
):
    if not is_first:
        reviewed_before(campaign)
    Campaign.objects.update(when_removed=choice)
    campaign.refresh_from_db()
    tasks = denied(campaign)

    with django_capture_on_commit_callbacks(execute=True):
        removals.open_for(tasks, None)

    confirmed = {each.confirmed_at is not None for each in Removal.objects.all()}
    assert confirmed == {not waits}
    assert nudges == ([] if waits else [("reviews.order_removals", campaign.pk)])
    assert removals.asks_first(campaign, tasks[0].app_id) is waits


def test_where_the_policy_removes_nothing_the_owner_has_it_removed_after_closing(campaign, trail):
    removes_nothing(campaign)
    owner, tasks = campaign.owners.get(), denied(campaign)
    assert removals.open_for(tasks, owner) == 0
    with pytest.raises(NotPossible, match="has to be closed first"):
        removals.open_denied(campaign, by=owner)
    campaign.move(Campaign.Status.CLOSING)
    campaign.move(Campaign.Status.CLOSED)

    with pytest.raises(Denied):
        removals.open_denied(campaign, by=make_user("Kim Sorensen"))
    assert removals.open_denied(campaign, by=owner) == 3
    with pytest.raises(NotPossible, match="has its removal"):
        removals.open_denied(campaign, by=owner)

    assert campaign.status == Campaign.Status.REMEDIATION
    assert {each.confirmed_at for each in Removal.objects.all()} == {None}
    assert trail() == ["removals.opened"]


def test_of_very_many_denied_lines_each_gets_its_removal_page_by_page(campaign, monkeypatch):
    monkeypatch.setattr(removals, "BATCH", 2)
    removes_nothing(campaign)
    denied(campaign)
    campaign.move(Campaign.Status.CLOSING)
    campaign.move(Campaign.Status.CLOSED)

    assert removals.open_denied(campaign, by=campaign.owners.get()) == 3
    assert sorted(Removal.objects.values_list("task__line_no", flat=True)) == [1, 2, 3]
