"""What came and went after the freeze: beside a population, never part of it."""

from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_

from django.db.models import Exists, OuterRef, Q, QuerySet

from connectors.models import Grant
from reviews.models import Campaign, ReviewTask
from reviews.queries.scope import grants_in


@dataclass(frozen=True, slots=True)
class RollForward:
    """As of the last sync of each source, or as things stood when the campaign was closed."""

    appeared: int
    """Grants in scope that a later sync saw begin, and that are held still."""
    went: int
    """Lines whose grant a later sync saw end."""


def of(campaign: Campaign) -> RollForward:
    """Nothing of either before the freeze."""
    return RollForward(appeared(campaign).count(), went(campaign).count())


def appeared(campaign: Campaign) -> QuerySet[Grant]:
    """Grants that would be lines had they been there."""
    later = _after(campaign, "first_run")
    if later is None:
        return Grant.objects.none()
    found = grants_in(campaign.scope).filter(later)
    return found.filter(_until(campaign, "since")) if campaign.closed_at else found


def went(campaign: Campaign) -> QuerySet[Grant]:
    """Grants that are lines, and are held no longer."""
    later = _after(campaign, "gone_run")
    if later is None:
        return Grant.objects.none()
    lines = ReviewTask.objects.filter(campaign=campaign, grant=OuterRef("pk"))
    gone = Grant.objects.gone().filter(later, Exists(lines), gone_run__isnull=False)
    return gone.filter(_until(campaign, "gone_at")) if campaign.closed_at else gone


def _after(campaign: Campaign, column: str) -> Q | None:
    """Of each source: by a run that came after the one whose state was frozen."""
    sources = campaign.sources.values_list("connector__app", "source", "run")
    each = [
        Q(**{"account__app": app, "account__source": source, f"{column}__gt": run})
        for app, source, run in sources
    ]
    return reduce(or_, each) if each else None


def _until(campaign: Campaign, column: str) -> Q:
    closed: datetime | None = campaign.closed_at
    return Q(**{f"{column}__lte": closed})
