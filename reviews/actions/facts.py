"""What people say of a campaign or a template before any of it is frozen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

from django.db import models

from connectors.models import App, Entitlement
from core.errors import NotPossible
from core.models import PeopleGroup, Role, User
from core.models.keys import one_line
from reviews.models import Campaign, ReviewRules, Scope, ScopePolicy, Template
from reviews.queries import visible

MOST_DAYS = ReviewRules.MOST_DAYS
"""To decide: longer than any period that is reviewed quarterly, half-yearly."""

MOST_ATTRIBUTES = 50
"""That a campaign shows to its reviewers."""
BEGINS_WITH = ("sample_percent", "days_to_decide")
"""Columns that drafts begin with as was decided for all reviews."""

NOT_BY_ITSELF = (
    "Open lines are denied only where somebody closes the campaign and types a word for it. What closes by"
    " itself makes exceptions of them."
)

KEYED: Mapping[str, type[models.Model]] = {
    "apps": App,
    "entitlements": Entitlement,
    "people": User,
    "managers": User,
    "without_groups": PeopleGroup,
}
"""Columns of a scope that hold keys of rows."""


@dataclass(frozen=True, slots=True)
class Facts:
    """The control data: what an auditor asks of a control. Fixed from staging on."""

    name: str
    description: str = ""
    control_id: str = ""
    narrative: str = ""
    frequency: str = Campaign.Frequency.QUARTERLY
    control_owner: User | None = None
    sample_percent: int | None = None
    """None: what drafts begin with (`ReviewRules`)."""


@dataclass(frozen=True, slots=True)
class Period:
    """What the review is about in time: first and last day, both or none."""

    first: date | None = None
    last: date | None = None


@dataclass(frozen=True, slots=True)
class Course:
    """How it is run: times, letters, what becomes of lines that are denied or that nobody decides."""

    days_to_decide: int | None = None
    """None: what drafts begin with (`ReviewRules`)."""
    desk: str = Campaign.Desk.PERSON
    shown_attributes: Sequence[str] = ()
    when_removed: str = Campaign.Removals.CONFIRMED
    at_end: str = Campaign.Silence.EXCEPTION
    ends_by_itself: bool = False
    writes_at_start: bool = True
    writes_at_end: bool = True


@dataclass(frozen=True, slots=True)
class Covered:
    """Which grants are reviewed, as `Scope` has it."""

    apps: Sequence[str] = ()
    kinds: Sequence[str] = ()
    entitlements: Sequence[str] = ()
    risks: Sequence[str] = ()
    frameworks: Sequence[str] = ()
    people: Sequence[str] = ()
    managers: Sequence[str] = ()
    departments: Sequence[str] = ()
    titles: Sequence[str] = ()
    owner_statuses: Sequence[str] = ()
    without_groups: Sequence[str] = ()
    account_types: Sequence[str] = ()
    account_statuses: Sequence[str] = ()
    domains: str = Scope.Domains.ANY
    only_without_owner: bool = False
    grants: str = Scope.Grants.ALL
    granted_after: date | None = None
    granted_until: date | None = None
    granted_days: int | None = None


def plain(facts: Facts | Course | Covered) -> dict[str, Any]:
    """Columns and their values: a sequence is kept as a list."""
    named = {each.name: getattr(facts, each.name) for each in fields(facts)}
    if open_ := [name for name in BEGINS_WITH if name in named and named[name] is None]:
        rules = ReviewRules.current().values()
        named |= {name: rules[name] for name in open_}
    return {name: list(value) if isinstance(value, tuple | list) else value for name, value in named.items()}


def columns_of(row: models.Model, kind: type[Facts | Course | Covered]) -> dict[str, Any]:
    """The columns of a row that such facts tell of."""
    return {each.name: getattr(row, each.name) for each in fields(kind)}


def scope_of(covered: Covered) -> Scope:
    """A scope that is not saved."""
    return Scope(**plain(covered))


def told_of_scope(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """What changed of a scope, as `difference` tells it, with names in place of keys."""
    told = difference(before, after)
    for values in told.values():
        for column, model in KEYED.items():
            if column in values:
                names = model._default_manager.filter(pk__in=values[column]).values_list("name", flat=True)
                values[column] = sorted(names)
    return told


def told_of_course(told: Mapping[str, Any]) -> dict[str, Any]:
    """What changed of a course, as `difference` tells it, with words in place of keys."""
    shown = "shown_attributes"
    return {
        when: {**values, shown: visible.words(values[shown])} if shown in values else values
        for when, values in told.items()
    }


def copied(scope: Scope) -> Scope:
    """The same once more, saved: a campaign, a template and its copies share none."""
    copy = Scope.objects.create(**columns_of(scope, Covered), left_out=scope.left_out)
    own = scope.policies.filter(policy__retired_at=None)
    ScopePolicy.objects.bulk_create(
        ScopePolicy(scope=copy, entitlement_id=each.entitlement_id, policy_id=each.policy_id) for each in own
    )
    return copy


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """What changed, as the trail tells it; empty where nothing did."""
    differs = [name for name in after if before[name] != after[name]]
    if not differs:
        return {}
    return {
        "before": {name: _said(before[name]) for name in differs},
        "after": {name: _said(after[name]) for name in differs},
    }


def must_be_sound(facts: Facts) -> None:
    """Raises NotPossible for what no form would let through either."""
    if not one_line(facts.name):
        raise NotPossible("Give it a name.")
    owner = facts.control_owner
    if owner is not None and not owner.is_active:
        raise NotPossible(f"{owner} is deactivated and cannot sign off: choose another control owner.")
    if facts.sample_percent is not None and not 0 <= facts.sample_percent <= 100:
        raise NotPossible("The quality sample is between 0 and 100 percent.")


def must_be_possible(course: Course) -> None:
    if course.days_to_decide is not None and not 1 <= course.days_to_decide <= MOST_DAYS:
        raise NotPossible(f"Reviewers have between 1 and {MOST_DAYS} days to decide.")
    if len(course.shown_attributes) > MOST_ATTRIBUTES:
        raise NotPossible(f"Reviewers see at most {MOST_ATTRIBUTES} more attributes of an account.")
    if visible.unknown(course.shown_attributes):
        raise NotPossible("One of the attributes that reviewers are to see is not known here: choose again.")
    if denies_by_itself(course.at_end, ends_by_itself=course.ends_by_itself):
        raise NotPossible(NOT_BY_ITSELF)


def denies_by_itself(at_end: str, *, ends_by_itself: bool) -> bool:
    """Whether lines were denied with nobody there who types the word for it."""
    return ends_by_itself and at_end == Campaign.Silence.REMOVE


def must_be_in_order(period: Period) -> None:
    if (period.first is None) != (period.last is None):
        raise NotPossible("A period has a first and a last day, or neither.")
    if period.first is not None and period.last is not None and period.last < period.first:
        raise NotPossible("The period ends before it begins.")


def must_be_able_to_own(people: Sequence[User], *, present: Sequence[str] = ()) -> None:
    """Owners are active and hold the role that lets them run it; those who are it already may stay."""
    if not people:
        raise NotPossible("Name at least one owner.")
    able = User.objects.active().holding(Role.CAMPAIGN, Role.SUPER)
    able_keys = set(able.filter(pk__in=[each.pk for each in people]).values_list("pk", flat=True))
    without = [each.name for each in people if each.pk not in able_keys and each.pk not in present]
    if without:
        raise NotPossible(
            f"{', '.join(without)} cannot own a campaign: an owner is active, and a Campaign Administrator or"
            " a Super Administrator."
        )


def control_of(row: Campaign | Template) -> dict[str, Any]:
    """Every column of its control data and course."""
    return columns_of(row, Facts) | columns_of(row, Course)


def _said(value: Any) -> Any:
    if isinstance(value, models.Model):
        return str(value)
    return value.isoformat() if isinstance(value, date | datetime) else value
