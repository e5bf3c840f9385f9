"""Campaigns that are run again and again: kept as templates, drafted by hand or when their day has come."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import date, datetime, time, timedelta

from django.db import transaction
from django.utils.timezone import now

from core.errors import NotPossible
from core.models import Organisation, User
from core.models.keys import one_line
from core.states import must_be_unchanged
from core.trail import record
from reviews.actions import facts as say
from reviews.actions import notices
from reviews.actions.campaigns import able_owners, from_template
from reviews.actions.facts import Course, Covered, Facts, Period
from reviews.actions.permission import must_make_campaigns, must_run, must_run_template
from reviews.models import Campaign, Policy, Template

DAYS_TO_START = 2
"""Working days between a draft that was made by its schedule and its start by itself."""
STARTS_AT = time(9)
SHOWN = 5
"""Days of drafts to come that are shown."""
MOST_DRAFTS = 100
"""That a schedule may be told to make."""
MOST: dict[str, int] = {
    Template.Unit.WEEKS: 52,
    Template.Unit.MONTHS: 12,
    Template.Unit.QUARTERS: 4,
    Template.Unit.YEARS: 3,
}
"""Between two drafts."""
IN_MONTHS: dict[str, int] = {
    Template.Unit.MONTHS: 1,
    Template.Unit.QUARTERS: 3,
    Template.Unit.YEARS: 12,
}
MONTHS: dict[str, int] = {
    Campaign.Frequency.MONTHLY: 1,
    Campaign.Frequency.QUARTERLY: 3,
    Campaign.Frequency.HALF_YEARLY: 6,
    Campaign.Frequency.YEARLY: 12,
}


@dataclass(frozen=True, slots=True)
class Rhythm:
    """When drafts are made. `next_on`: None where only by hand."""

    next_on: date | None = None
    every: int = 3
    unit: str = Template.Unit.MONTHS
    ends_on: date | None = None
    """No draft is made by schedule after it; None: without an end."""
    drafts_left: int | None = None
    """How many drafts the schedule makes; None: without a number."""
    starts_by_itself: bool = False


@transaction.atomic
def create(campaign: Campaign, name: str, rhythm: Rhythm, *, by: User | None) -> Template:
    """Keep scope and settings of a campaign to be run again. Raises Denied, NotPossible."""
    must_make_campaigns(by)
    must_run(campaign, by)
    if not one_line(name):
        raise NotPossible("Give it a name.")
    _must_fit(rhythm, None)
    latest = campaign.instructions.order_by("-number").first()
    template = Template.objects.create(
        **{**say.control_of(campaign), "name": name},
        scope=say.copied(campaign.scope),
        policy=campaign.policy,
        prefers=campaign.prefers,
        instructions=latest.text if latest else "",
        **asdict(rhythm),
        made_by=by,
    )
    owners = able_owners(campaign.owners.all(), by)
    template.owners.set(owners)
    record("templates.created", template, by=by, campaign=campaign, owners=_names(owners))
    return template


@transaction.atomic
def change(
    template: Template,
    facts: Facts,
    rhythm: Rhythm,
    owners: Collection[User],
    *,
    instructions: str,
    policy: Policy | None,
    prefers: bool = False,
    seen: datetime | None,
    by: User | None,
) -> None:
    """Change what its next drafts begin with; those there are stay as they are.

    Raises Denied, NotPossible, StaleState.
    """
    say.must_be_sound(facts)
    template = _locked(template, by)
    must_be_unchanged(template.changed_at, seen=seen)
    _must_fit(rhythm, template)
    present = {each.pk: each for each in template.owners.all()}
    say.must_be_able_to_own(list(owners), present=list(present))
    wanted = say.plain(facts) | {
        "instructions": instructions,
        "policy": policy,
        **asdict(rhythm),
        "prefers": prefers,
    }
    before = {name: getattr(template, name) for name in wanted}
    told = say.difference(before | {"owners": _names(present.values())}, wanted | {"owners": _names(owners)})
    if not told:
        return
    Template.objects.filter(pk=template.pk).update(**wanted, changed_at=now())
    template.owners.set(owners)
    record("templates.changed", template, by=by, **told)


@transaction.atomic
def change_course(template: Template, course: Course, *, seen: datetime | None, by: User | None) -> None:
    """Change how its next campaigns are run. Raises Denied, NotPossible, StaleState."""
    say.must_be_possible(course)
    template = _locked(template, by)
    must_be_unchanged(template.changed_at, seen=seen)
    wanted = say.plain(course)
    told = say.difference({name: getattr(template, name) for name in wanted}, wanted)
    if told:
        Template.objects.filter(pk=template.pk).update(**wanted, changed_at=now())
        record("templates.changed", template, by=by, **say.told_of_course(told))


@transaction.atomic
def change_scope(template: Template, covered: Covered, *, seen: datetime | None, by: User | None) -> None:
    """Say anew which grants its next campaigns review. Raises Denied, NotPossible, StaleState."""
    template = _locked(template, by)
    must_be_unchanged(template.changed_at, seen=seen)
    wanted = say.plain(covered)
    told = say.told_of_scope(say.columns_of(template.scope, Covered), wanted)
    if told:
        type(template.scope).objects.filter(pk=template.scope_id).update(**wanted)
        Template.objects.filter(pk=template.pk).update(changed_at=now())
        record("templates.changed", template, by=by, **told)


@transaction.atomic
def retire(template: Template, *, by: User | None) -> None:
    """No draft is made of it any more; its campaigns stay. Raises Denied, NotPossible."""
    template = _locked(template, by)
    Template.objects.filter(pk=template.pk).update(retired_at=now(), next_on=None, changed_at=now())
    record("templates.retired", template, by=by)


@transaction.atomic
def make_draft(template: Template, *, by: User | None) -> Campaign:
    """A draft of it for the period of today, now and by hand. Raises Denied, NotPossible."""
    template = _locked(template, by)
    return _drafted(template, today(), by=by)


@transaction.atomic
def make_due_draft(template: Template) -> Campaign | None:
    """The draft whose day has come, and the day of the next one, unless the schedule ends with it. None where
    another worker was faster.

    A day that passed while nobody looked makes one draft, not one for each.
    """
    template = Template.objects.select_for_update(of=("self",)).select_related("scope").get(pk=template.pk)
    day = today()
    if template.retired_at is not None or template.next_on is None or template.next_on > day:
        return None
    campaign = _drafted(template, template.next_on, by=None, starts=template.starts_by_itself)
    following = rhythm_after(rhythm_of(template), day)
    Template.objects.filter(pk=template.pk).update(**asdict(following))
    is_last = following.next_on is None
    if is_last:
        record("templates.schedule_ended", template, by=None, last_draft=campaign)
    notices.drafted(campaign, is_last=is_last)
    return campaign


def due() -> Sequence[Template]:
    """Templates whose day to make a draft has come."""
    return list(Template.objects.filter(retired_at=None, next_on__lte=today()).order_by("next_on", "pk"))


def first_draft_day(*, after: date | None = None) -> date:
    """The first working day of the third month of a quarter, this one's if it is still to come."""
    day = after or today()
    organisation = Organisation.current()
    month = (day.month - 1) // 3 * 3 + 3
    found = _first_working_day(organisation, date(day.year, month, 1))
    return found if found > day else _first_working_day(organisation, _months_on(date(day.year, month, 1), 3))


def draft_day_after(day: date, every: int, unit: str) -> date:
    """The same weekday that many weeks later, else the first working day of the month that is meant."""
    if unit == Template.Unit.WEEKS:
        return day + timedelta(weeks=every)
    return _first_working_day(Organisation.current(), _months_on(day.replace(day=1), every * IN_MONTHS[unit]))


def rhythm_of(template: Template) -> Rhythm:
    return Rhythm(**{each.name: getattr(template, each.name) for each in fields(Rhythm)})


def rhythm_after(rhythm: Rhythm, day: date) -> Rhythm:
    """As it stands once the draft that is due on this day is made; by hand only where that was the last."""
    following = rhythm.next_on
    while following is not None and following <= day:
        following = draft_day_after(following, rhythm.every, rhythm.unit)
    left = None if rhythm.drafts_left is None else rhythm.drafts_left - 1
    is_past = following is not None and rhythm.ends_on is not None and following > rhythm.ends_on
    if is_past or left == 0:
        return Rhythm(every=rhythm.every, unit=rhythm.unit)
    return replace(rhythm, next_on=following, drafts_left=left)


def draft_days(rhythm: Rhythm, number: int = SHOWN) -> Sequence[date]:
    """The next days on which drafts are made: so many, or all there are."""
    found: list[date] = []
    while rhythm.next_on is not None and len(found) < number:
        found.append(rhythm.next_on)
        rhythm = rhythm_after(rhythm, rhythm.next_on)
    return found


def period_of(day: date, frequency: str) -> Period:
    """The month, quarter, half-year or year that a day lies in; none for a review that is held once."""
    months = MONTHS.get(frequency)
    if months is None:
        return Period()
    first = date(day.year, (day.month - 1) // months * months + 1, 1)
    return Period(first, _months_on(first, months) - timedelta(days=1))


def name_of(template: Template, period: Period) -> str:
    """The template's name and what the review is about, such as "Coupa access, Q4 2026"."""
    if period.first is None:
        return template.name
    first, frequency = period.first, template.frequency
    words = {
        Campaign.Frequency.MONTHLY: f"{first:%B %Y}",
        Campaign.Frequency.QUARTERLY: f"Q{(first.month + 2) // 3} {first.year}",
        Campaign.Frequency.HALF_YEARLY: f"H{1 if first.month == 1 else 2} {first.year}",
        Campaign.Frequency.YEARLY: f"{first.year}",
    }
    said = words[Campaign.Frequency(frequency)]
    return f"{template.name[: 198 - len(said)]}, {said}"


def today() -> date:
    """By the organisation's clock."""
    return now().astimezone(Organisation.current().zone).date()


def _drafted(template: Template, day: date, *, by: User | None, starts: bool = False) -> Campaign:
    period = period_of(day, template.frequency)
    starts_at = None
    if starts:
        organisation = Organisation.current()
        on = organisation.working_days_after(today(), DAYS_TO_START)
        starts_at = datetime.combine(on, STARTS_AT, organisation.zone)
    return from_template(template, name_of(template, period), period, starts_at=starts_at, by=by)


def _locked(template: Template, by: User | None) -> Template:
    must_run_template(template, by)
    rows = Template.objects.select_for_update(of=("self",)).select_related("scope")
    template = rows.get(pk=template.pk)
    if template.retired_at is not None:
        raise NotPossible(f"{template} is retired: make a new template of one of its campaigns.")
    return template


def _must_fit(rhythm: Rhythm, template: Template | None) -> None:
    most = MOST.get(rhythm.unit)
    if most is None or not 1 <= rhythm.every <= most:
        limits = ", ".join(f"{number} {unit}" for unit, number in MOST.items())
        raise NotPossible(f"Between two drafts there is a number from 1 to at most {limits}.")
    is_new = template is None or rhythm.next_on != template.next_on
    if rhythm.next_on is not None and is_new and rhythm.next_on < today():
        raise NotPossible("The next draft is made today or later.")
    if rhythm.starts_by_itself and rhythm.next_on is None:
        raise NotPossible("What starts by itself needs a day on which its draft is made.")
    if rhythm.next_on is None and (rhythm.ends_on is not None or rhythm.drafts_left is not None):
        raise NotPossible("What ends needs a beginning: say on which day the next draft is made.")
    if rhythm.next_on is not None and rhythm.ends_on is not None and rhythm.ends_on < rhythm.next_on:
        raise NotPossible("The schedule would end before its next draft.")
    if rhythm.drafts_left is not None and not 1 <= rhythm.drafts_left <= MOST_DRAFTS:
        raise NotPossible(f"A schedule makes between 1 and {MOST_DRAFTS} drafts.")


def _first_working_day(organisation: Organisation, day: date) -> date:
    return day if organisation.is_working_day(day) else organisation.working_days_after(day, 1)


def _months_on(day: date, months: int) -> date:
    years, month = divmod(day.month - 1 + months, 12)
    return date(day.year + years, month + 1, 1)


def _names(people: Collection[User]) -> list[str]:
    return sorted(each.name for each in people)
