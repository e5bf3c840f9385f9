"""Templates: kept from a campaign, drafted by hand or on their day, once."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from django.utils.timezone import now

from core.errors import Denied, NotPossible, StaleState
from core.models import Organisation, OutgoingMail, Role, TrailEvent
from reviews.actions import templates
from reviews.actions.facts import Course, Facts, Period
from reviews.actions.templates import Rhythm
from reviews.models import Campaign, Scope, Template
from tests.make import make_user
from tests.reviews.making import make_campaign, make_policy

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def owner(db):
    Organisation.objects.update_or_create(id=1, defaults={"time_zone": "Europe/Berlin"})
    return make_user("Olga Berg", Role.CAMPAIGN, Role.BASIC)


@pytest.fixture
def on(monkeypatch):
    """Sets the day it is, by the organisation's clock."""

    def _on(day):
        monkeypatch.setattr(templates, "now", lambda: datetime.combine(day, time(8), BERLIN))

    return _on


def make_template(owner, **fields):
    campaign = make_campaign("Coupa access", owner, scope=Scope.objects.create(risks=["High"]))
    template = templates.create(campaign, "Coupa access", Rhythm(), by=owner)
    Template.objects.filter(pk=template.pk).update(**fields)
    template.refresh_from_db()
    return template


def test_a_template_keeps_scope_settings_and_owners_of_its_campaign(owner, trail):
    campaign = make_campaign("Coupa", owner, scope=Scope.objects.create(risks=["High"]), control_id="P2P-07")

    template = templates.create(campaign, "Coupa, quarterly", Rhythm(every=3), by=owner)

    assert (template.name, template.control_id, template.policy) == (
        "Coupa, quarterly",
        "P2P-07",
        campaign.policy,
    )
    assert template.scope_id != campaign.scope_id
    assert template.scope.risks == ["High"]
    assert template.instructions == campaign.instructions.get().text
    assert list(template.owners.all()) == [owner]
    assert trail() == ["templates.created"]


def test_only_its_owners_and_super_administrators_use_a_template(owner, cast):
    template = make_template(owner)

    for who in ("campaign", "basic", "read_only"):
        with pytest.raises(Denied):
            templates.make_draft(template, by=cast[who])
        with pytest.raises(Denied):
            templates.retire(template, by=cast[who])
    templates.make_draft(template, by=cast["super"])

    assert template.campaigns.count() == 1


def test_a_draft_made_by_hand_is_named_for_the_period_of_today(owner, on, trail):
    on(date(2026, 11, 29))
    template = make_template(owner)

    draft = templates.make_draft(template, by=owner)

    assert draft.name == "Coupa access, Q4 2026"
    assert (draft.period_starts_on, draft.period_ends_on) == (date(2026, 10, 1), date(2026, 12, 31))
    assert (draft.status, draft.template, draft.starts_at) == (Campaign.Status.DRAFT, template, None)
    assert draft.scope.risks == ["High"]
    assert draft.scope_id != template.scope_id
    assert trail()[-1] == "campaigns.made_from_template"


@pytest.mark.parametrize(
    ("frequency", "first", "last", "name"),
    [
        ("monthly", date(2026, 8, 1), date(2026, 8, 31), "Coupa access, August 2026"),
        ("quarterly", date(2026, 7, 1), date(2026, 9, 30), "Coupa access, Q3 2026"),
        ("half_yearly", date(2026, 7, 1), date(2026, 12, 31), "Coupa access, H2 2026"),
        ("yearly", date(2026, 1, 1), date(2026, 12, 31), "Coupa access, 2026"),
        ("once", None, None, "Coupa access"),
    ],
)
def test_the_period_is_that_of_the_frequency(frequency, first, last, name, owner):
    template = make_template(owner, frequency=frequency)

    period = templates.period_of(date(2026, 8, 31), frequency)

    assert period == Period(first, last)
    assert templates.name_of(template, period) == name


@pytest.mark.parametrize(
    ("today", "expected"),
    [
        (date(2026, 11, 29), date(2026, 12, 1)),
        (date(2026, 12, 1), date(2027, 3, 1)),
        (date(2026, 7, 15), date(2026, 9, 1)),
        (date(2026, 2, 10), date(2026, 3, 2)),  # the first is a Sunday
    ],
)
def test_drafts_are_made_on_the_first_working_day_of_the_third_month_of_the_quarter(today, expected, owner):
    assert templates.first_draft_day(after=today) == expected


def test_a_holiday_is_no_working_day(owner):
    Organisation.objects.update(holidays=[{"on": "2026-12-01", "name": "Founders' day"}])

    assert templates.first_draft_day(after=date(2026, 11, 29)) == date(2026, 12, 2)


def test_on_its_day_a_template_makes_one_draft_and_knows_the_next_day(owner, on, trail):
    on(date(2026, 12, 1))
    template = make_template(owner, next_on=date(2026, 12, 1), starts_by_itself=True)

    draft = templates.make_due_draft(template)
    again = templates.make_due_draft(template)

    template.refresh_from_db()
    assert again is None
    assert template.next_on == date(2027, 3, 1)
    assert template.campaigns.get() == draft
    assert draft
    assert draft.starts_at == datetime(2026, 12, 3, 9, tzinfo=BERLIN)
    assert TrailEvent.objects.order_by("-pk")[0].actor_id == ""  # nobody who signed in


def test_days_that_passed_while_nobody_looked_make_one_draft(owner, on):
    on(date(2027, 7, 5))
    template = make_template(owner, next_on=date(2026, 12, 1))

    templates.make_due_draft(template)

    template.refresh_from_db()
    assert template.campaigns.get().name == "Coupa access, Q4 2026"
    assert template.next_on == date(2027, 9, 1)


def test_a_retired_template_makes_no_draft_and_keeps_its_campaigns(owner, trail):
    template = make_template(owner, next_on=date(2026, 1, 1))
    templates.make_draft(template, by=owner)

    templates.retire(template, by=owner)

    template.refresh_from_db()
    assert template.next_on is None
    assert template.campaigns.count() == 1
    assert templates.due() == []
    with pytest.raises(NotPossible, match="retired"):
        templates.make_draft(template, by=owner)
    assert trail()[-1] == "templates.retired"


def test_a_policy_that_was_retired_is_left_out_of_the_next_draft(owner):
    template = make_template(owner, policy=make_policy("Old", retired_at=now()))

    assert templates.make_draft(template, by=owner).policy is None


def test_a_template_changes_for_its_next_drafts_alone(owner, on, trail):
    on(date(2026, 11, 29))
    template = make_template(owner)
    draft = templates.make_draft(template, by=owner)
    policy = make_policy("App owner")

    templates.change(
        template,
        Facts("Coupa, each quarter", control_id="P2P-07"),
        Rhythm(date(2026, 12, 1), 3),
        [owner],
        instructions="Look at buyers.",
        policy=policy,
        seen=template.changed_at,
        by=owner,
    )

    draft.refresh_from_db()
    template.refresh_from_db()
    assert (draft.name, draft.control_id) == ("Coupa access, Q4 2026", "")
    assert (template.policy, template.next_on) == (policy, date(2026, 12, 1))
    assert trail()[-1] == "templates.changed"
    with pytest.raises(StaleState):
        templates.change_course(template, Course(), seen=datetime(2026, 1, 1, tzinfo=UTC), by=owner)


@pytest.mark.parametrize(
    ("rhythm", "sentence"),
    [
        (Rhythm(date(2026, 11, 28)), "today or later"),
        (Rhythm(None, 3, starts_by_itself=True), "needs a day"),
        (Rhythm(None, 13), "at most 52 weeks, 12 months, 4 quarters, 3 years"),
        (Rhythm(None, 5, "quarters"), "at most 52 weeks, 12 months, 4 quarters, 3 years"),
        (Rhythm(None, 1, "days"), "at most 52 weeks"),
        (Rhythm(None, ends_on=date(2027, 1, 1)), "What ends needs a beginning"),
        (Rhythm(None, drafts_left=2), "What ends needs a beginning"),
        (Rhythm(date(2026, 12, 1), ends_on=date(2026, 11, 30)), "end before its next draft"),
        (Rhythm(date(2026, 12, 1), drafts_left=0), "between 1 and 100 drafts"),
    ],
)
def test_a_rhythm_that_cannot_be_is_refused(rhythm, sentence, owner, on):
    on(date(2026, 11, 29))

    with pytest.raises(NotPossible, match=sentence):
        templates.create(make_campaign("Coupa", owner), "Coupa", rhythm, by=owner)

    assert not Template.objects.exists()


def test_campaigns_of_a_template_that_close_by_themselves_cannot_be_set_to_deny(owner):
    template = make_template(owner)
    course = Course(at_end=Campaign.Silence.REMOVE, ends_by_itself=True)

    with pytest.raises(NotPossible, match="types a word for it"):
        templates.change_course(template, course, seen=template.changed_at, by=owner)

    template.refresh_from_db()
    assert (template.at_end, template.ends_by_itself) == (Campaign.Silence.EXCEPTION, False)


@pytest.mark.parametrize(
    ("rhythm", "days"),
    [
        (Rhythm(None), []),
        (Rhythm(date(2026, 12, 1)), ["2026-12-01", "2027-03-01", "2027-06-01", "2027-09-01", "2027-12-01"]),
        (Rhythm(date(2026, 12, 4), 2, "weeks", drafts_left=3), ["2026-12-04", "2026-12-18", "2027-01-01"]),
        (
            Rhythm(date(2026, 12, 1), 1, "quarters", date(2027, 6, 1)),
            ["2026-12-01", "2027-03-01", "2027-06-01"],
        ),
        (Rhythm(date(2026, 12, 1), 2, "years", date(2028, 11, 30)), ["2026-12-01"]),
        (Rhythm(date(2026, 12, 1), 1, "months", date(2027, 6, 1), 2), ["2026-12-01", "2027-01-01"]),
    ],
)
def test_the_next_five_days_of_drafts_are_known_and_fewer_where_it_ends(rhythm, days, owner):
    assert [day.isoformat() for day in templates.draft_days(rhythm)] == days


@pytest.mark.parametrize(
    "end",
    [{"drafts_left": 1}, {"ends_on": date(2027, 2, 28)}, {"ends_on": date(2026, 12, 1), "drafts_left": 5}],
)
def test_with_its_last_draft_a_schedule_ends_and_drafts_are_made_by_hand(end, owner, on, trail, nudges):
    on(date(2026, 12, 1))
    template = make_template(owner, next_on=date(2026, 12, 1), starts_by_itself=True, **end)

    draft = templates.make_due_draft(template)

    template.refresh_from_db()
    assert draft
    assert draft.starts_at is not None
    assert templates.rhythm_of(template) == Rhythm(every=3)
    assert trail()[-1] == "templates.schedule_ended"
    assert templates.due() == []
    assert "Coupa access, whose schedule ends with it." in OutgoingMail.objects.get().text
    templates.make_draft(template, by=owner)


def test_each_draft_by_schedule_counts_and_none_by_hand(owner, on, nudges):
    on(date(2026, 12, 1))
    template = make_template(owner, next_on=date(2026, 12, 1), drafts_left=3)
    templates.make_draft(template, by=owner)

    templates.make_due_draft(template)

    template.refresh_from_db()
    assert (template.drafts_left, template.next_on) == (2, date(2027, 3, 1))
    assert "whose schedule ends" not in OutgoingMail.objects.get().text


@pytest.mark.parametrize(
    ("every", "unit", "said"),
    [(1, "months", "every month"), (3, "months", "every 3 months"), (2, "weeks", "every 2 weeks")],
)
def test_how_often_is_said_in_words(every, unit, said):
    assert Template(every=every, unit=unit).every_said == said
