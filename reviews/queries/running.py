"""What the pages of a campaign under way show: counts, who is how far, what became of denials."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import TruncDate
from django.utils.timezone import localdate

from connectors.models import ResourceType
from core.models import Organisation, User
from reviews.models import Campaign, Progress, Removal, ReviewTask

SHOWN = (*Campaign.STARTED, Campaign.Status.CANCELLED)
"""Statuses in which these pages are there."""
DAYS = 400
"""The longest a falling line is drawn for."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Lines by status."""

    lines: int
    certified: int = 0
    denied: int = 0
    excepted: int = 0
    cancelled: int = 0

    @property
    def open(self) -> int:
        return self.lines - self.settled

    @property
    def settled(self) -> int:
        return self.certified + self.denied + self.excepted + self.cancelled

    @property
    def said(self) -> str:
        return f"{self.settled:,} of {self.lines:,}"

    @property
    def percent(self) -> int:
        """Rounded down: 100 only once everything is."""
        return 100 * self.settled // self.lines if self.lines else 100


@dataclass(frozen=True, slots=True)
class Share:
    """The lines of one app or resource type."""

    key: str
    name: str
    counts: Counts


def campaigns_shown(user: User) -> QuerySet[Campaign]:
    """Campaigns under way, or over, whose pages this person may open."""
    rows = Campaign.objects.visible_to(user).filter(Q(status__in=SHOWN), ~Q(started_at=None))
    return rows.select_related("control_owner", "policy_version__policy", "scope")


def counts(campaign: Campaign) -> Counts:
    """By the index of settled lines alone: the open ones are the rest."""
    settled = campaign.tasks.exclude(status=ReviewTask.Status.OPEN).order_by()
    found = dict(settled.values_list("status").annotate(Count("pk")))
    return Counts(campaign.lines, **found)


def shares(campaign: Campaign) -> tuple[Sequence[Share], Sequence[Share]]:
    """By app, and by resource type."""
    rows = campaign.tasks.order_by().values_list("app", "app_name", "kind", "status").annotate(Count("pk"))
    by_app: dict[tuple[str, str], dict[str, int]] = {}
    by_kind: dict[tuple[str, str], dict[str, int]] = {}
    names = dict(ResourceType.objects.order_by("pk").values_list("kind", "name"))
    for app, app_name, kind, status, number in rows:
        for found, key in ((by_app, (app, app_name)), (by_kind, (kind, names.get(kind, kind)))):
            numbers = found.setdefault(key, {})
            numbers[status] = numbers.get(status, 0) + number
    return _shares(by_app), _shares(by_kind)


def open_by_day(campaign: Campaign) -> Sequence[tuple[date, int]]:
    """What was open at the end of each day since it started, today as it stands now."""
    if campaign.started_at is None:
        return []
    zone = Organisation.current().zone
    settled = campaign.tasks.exclude(status=ReviewTask.Status.OPEN).exclude(settled_at=None).order_by()
    day = TruncDate("settled_at", tzinfo=zone)
    by_day: dict[date, int] = dict(settled.values_list(day).annotate(Count("pk")))
    first = localdate(campaign.started_at, zone)
    last = localdate(campaign.closed_at or campaign.cancelled_at, zone)
    left = campaign.lines - sum(number for day, number in by_day.items() if day < first)
    found: list[tuple[date, int]] = []
    for offset in range(min((last - first).days, DAYS) + 1):
        left -= by_day.get(first + timedelta(days=offset), 0)
        found.append((first + timedelta(days=offset), left))
    return found


def reviewers(campaign: Campaign, *, done: bool) -> QuerySet[Progress]:
    """Those who still have open lines, or those who have none."""
    rows = Progress.objects.filter(campaign=campaign).select_related("reviewer")
    return rows.filter(open=0) if done else rows.filter(open__gt=0)


def removals_by_status(campaign: Campaign) -> Mapping[str, int]:
    rows = Removal.objects.filter(campaign=campaign).order_by()
    return dict(rows.values_list("status").annotate(Count("pk")))


def _shares(found: Mapping[tuple[str, str], Mapping[str, int]]) -> Sequence[Share]:
    rows = []
    for (key, name), numbers in found.items():
        settled = {status: number for status, number in numbers.items() if status != ReviewTask.Status.OPEN}
        rows.append(Share(key, name, Counts(sum(numbers.values()), **settled)))
    return sorted(rows, key=lambda row: (-row.counts.lines, row.name))
