"""What holds for all reviews: each default, who changes it, and what was in force for a campaign."""

from datetime import date, timedelta
from pathlib import Path

import pytest
import time_machine
from django.utils.timezone import now

from connectors.models import Tag
from core.errors import Denied, NotPossible, StaleState
from core.models import PeopleImport, Role, TrailEvent
from reviews.actions import campaigns, freezing, removals, rules
from reviews.actions.facts import Facts
from reviews.models import Campaign, Removal, ReviewRules
from reviews.queries import sources
from reviews.queries.console_paper import console_paper
from tests.make import make_user
from tests.reviews.making import make_campaign, make_grants, make_running
from tests.reviews.staged import claimed, counted, make_draft, world

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("nudges")]


@pytest.fixture
def ada():
    return make_user("Ada Lindgren", Role.SUPER)


def decide(by, **wanted):
    rules.change(wanted, seen=ReviewRules.current().changed_at, by=by)


@pytest.mark.parametrize(
    ("name", "default"),
    [
        ("counted_hours", 24),
        ("people_days", 7),
        ("grave_removal_days", 3),
        ("removal_days", 7),
        ("sample_percent", 10),
        ("days_to_decide", 14),
    ],
)
def test_each_default_is_the_promised_one(name, default):
    assert ReviewRules.current().values()[name] == default
    assert not ReviewRules.objects.exists()  # reading never writes


def test_a_super_administrator_decides_and_the_trail_tells(ada, trail):
    decide(ada, counted_hours=12, removal_days=5)

    kept = ReviewRules.objects.get()
    assert (kept.counted_hours, kept.removal_days, kept.people_days) == (12, 5, 7)
    assert trail() == ["reviews.rules_changed"]
    told = TrailEvent.objects.get()
    assert told.actor_name == "Ada Lindgren"
    assert told.change["before"] == {"counted_hours": 24, "removal_days": 7}
    assert told.change["after"] == {"counted_hours": 12, "removal_days": 5}


def test_what_stays_as_it_was_is_no_event(ada, trail):
    decide(ada, counted_hours=24)

    assert trail() == []


@pytest.mark.parametrize("role", [Role.CAMPAIGN, Role.CONNECTOR, Role.READ_ONLY, Role.BASIC])
def test_nobody_else_decides(role, trail):
    with pytest.raises(Denied, match="Only a Super Administrator"):
        decide(make_user("Kim Sorensen", role), counted_hours=12)

    assert trail() == []
    assert not ReviewRules.objects.exists()


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        ({"counted_hours": 25}, "at most 24 hours old: stricter only"),
        ({"people_days": 8}, "at most 7 days old: stricter only"),
        ({"grave_removal_days": 8}, "no more than the others"),
        ({"removal_days": 61}, "between 1 and 60 working days"),
        ({"sample_percent": 101}, "between 0 and 100 percent"),
        ({"days_to_decide": 0}, "between 1 and 180 days"),
    ],
)
def test_freshness_is_made_stricter_only_and_nothing_is_absurd(wanted, sentence, ada, trail):
    with pytest.raises(NotPossible, match=sentence):
        decide(ada, **wanted)

    assert trail() == []


def test_whoever_was_slower_is_told(ada):
    seen = ReviewRules.current().changed_at - timedelta(minutes=1)
    decide(ada, counted_hours=12)

    with pytest.raises(StaleState):
        rules.change({"counted_hours": 6}, seen=seen, by=ada)

    assert ReviewRules.current().counted_hours == 12


def test_a_counted_run_is_old_after_as_many_hours_as_was_decided(ada):
    world(holders=1, hours=13)
    draft = make_draft(make_user("Olga Berg", Role.CAMPAIGN))
    assert sources.of_scope(draft.scope)[0].is_good

    decide(ada, counted_hours=12)

    source = sources.of_scope(draft.scope)[0]
    assert "13 hours old, and may be 12 at most." in source.problem
    assert source.lasting == ""  # another sync puts it right


def test_a_file_of_people_is_old_after_as_many_days_as_was_decided(ada):
    at = now() - timedelta(days=3)
    PeopleImport.objects.create(name="people.csv", size=1, status=PeopleImport.Status.APPLIED, ended_at=at)
    assert sources.people().problem == ""

    decide(ada, people_days=2)

    assert "was applied 3 days ago, and may be 2 days old at most" in sources.people().problem


def test_a_new_draft_begins_with_what_was_decided(ada):
    olga = make_user("Olga Berg", Role.CAMPAIGN)
    decide(ada, sample_percent=25, days_to_decide=21)

    made = campaigns.create(Facts("Coupa, Q1"), [olga], by=olga)

    assert (made.sample_percent, made.days_to_decide) == (25, 21)


def test_what_held_is_frozen_with_the_population_and_no_later_decision_changes_it(ada, trail):
    connector, _, _ = world(holders=1)
    counted(connector)
    decide(ada, removal_days=10)
    draft = make_draft(make_user("Olga Berg", Role.CAMPAIGN), policy=None)
    Campaign.objects.filter(pk=draft.pk).update(status=Campaign.Status.STAGING)
    draft.refresh_from_db()
    held = claimed(draft)

    freezing.freeze(held, overridden=[])
    decide(ada, removal_days=5)

    draft.refresh_from_db()
    assert draft.rules["removal_days"] == draft.rules_in_force.removal_days == 10
    assert ReviewRules.current().removal_days == 5
    told = TrailEvent.objects.filter(action="campaigns.frozen").get()
    assert told.change["rules"]["removal_days"] == 10


@time_machine.travel("2026-12-03 10:00Z")
def test_removals_follow_the_clock_that_was_frozen_with_their_campaign(ada):
    Tag.objects.get_or_create(kind="risk", name="Critical", defaults={"is_grave": True})
    kept = {**ReviewRules().values(), "grave_removal_days": 1, "removal_days": 2}
    campaign = make_running(make_grants(2), make_user("Rui Costa"), rules=kept)
    decide(ada, removal_days=30, grave_removal_days=20)
    tasks = list(campaign.tasks.order_by("line_no"))
    tasks[0].risk = "Critical"

    removals.open_for(tasks, None)

    due = list(Removal.objects.order_by("task__line_no").values_list("due_on", flat=True))
    assert due == [date(2026, 12, 4), date(2026, 12, 7)]
    assert removals.due_on(campaign, ["", "Critical"]) == due


def test_the_consoles_own_paper_tells_what_was_in_force_and_who_changed_it(ada):
    kept = {**ReviewRules().values(), "counted_hours": 6}
    campaign = make_campaign("Coupa", rules=kept, status=Campaign.Status.STAGED, frozen_at=now())
    decide(ada, counted_hours=12)

    paper = console_paper(campaign)

    held = next(each for each in paper.sections if each.heading == "What held for all reviews")
    assert ("Oldest counted sync at staging", "6 hours") in held.pairs
    changed = next(each for each in paper.sections if each.heading == "Settings of the console: changes")
    assert any(
        "what holds for all reviews" in row[2] and '"counted_hours": 12' in row[3] for row in changed.rows
    )


def test_the_documentation_names_every_default():
    page = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text()
    rows = page.partition("## What holds for all reviews")[2]
    told = [row.split("|")[2].split()[0] for row in rows.splitlines() if row.startswith("| ")][2:]

    assert [int(each) for each in told] == list(ReviewRules().values().values())
