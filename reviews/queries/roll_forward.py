"""What came and went after the freeze: beside a population, never part of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from connectors.models import Account, Grant
from reviews.evidence.tables import time_of
from reviews.models import Campaign, MovedGrant, ReviewTask
from reviews.queries.scope import grants_in, grants_once_in

CAME, WENT, PASSED = MovedGrant.Kind.CAME, MovedGrant.Kind.WENT, MovedGrant.Kind.PASSED
HEADS = (
    *(
        "What",
        "When",
        "Seen by sync",
        "Then gone",
        "Then gone by sync",
        "Line",
        "App",
        "Account",
        "Login",
        "E-mail",
        "Account id",
    ),
    *("Account status", "Owner", "Resource type", "Resource", "Entitlement", "Entitlement id", "Risk"),
)


@dataclass(frozen=True, slots=True)
class RollForward:
    """As of the last sync of each source, or as things stood when the campaign was closed."""

    appeared: int
    """Grants in scope that a later sync saw begin, and that are held still."""
    went: int
    """Lines whose grant a later sync saw end."""
    passed: int
    """Grants in scope that a later sync saw begin, and that were gone again: in no line, and not held."""


def of(campaign: Campaign) -> RollForward:
    """Nothing of either before the freeze; as it was kept, once the campaign is closed."""
    if campaign.closed_at:
        kept = dict(campaign.moved.order_by().values_list("kind").annotate(Count("pk")))
        return RollForward(*(kept.get(kind.value, 0) for kind in (CAME, WENT, PASSED)))
    return RollForward(*(rows.count() for rows in (appeared(campaign), went(campaign), passed(campaign))))


def moved(campaign: Campaign) -> Iterator[Sequence[object]]:
    """Each below `HEADS`: as kept when the campaign closed, until then as things stand."""
    if campaign.closed_at is None:
        yield from moved_now(campaign)
        return
    yield from campaign.moved.order_by("pk").values_list("cells", flat=True).iterator(2_000)


def moved_now(campaign: Campaign) -> Iterator[Sequence[object]]:
    """What came, what went, then what came and went, each in the order in which it did."""
    numbers = _line_numbers(campaign)
    for each in _rows(appeared(campaign), "since"):
        yield [CAME.value, time_of(each.since), each.first_run, "", None, None, *_cells(each)]
    for each in _rows(went(campaign), "gone_at"):
        line = numbers.get(each.pk)
        yield [WENT.value, time_of(each.gone_at), each.gone_run, "", None, line, *_cells(each)]
    for each in _rows(passed(campaign), "since"):
        gone = (time_of(each.gone_at), each.gone_run)
        yield [PASSED.value, time_of(each.since), each.first_run, *gone, None, *_cells(each)]


def _rows(found: QuerySet[Grant], when: str) -> Iterator[Grant]:
    rows = found.select_related("account__app", "account__person", "entitlement__resource")
    return rows.order_by(when, "pk").iterator(2_000)


def _cells(grant: Grant) -> Sequence[object]:
    account, entitlement = grant.account, grant.entitlement
    return [
        account.app.name,
        account.name,
        account.login,
        account.email,
        account.external_id,
        Account.Status(account.status).label,
        account.person.name if account.person else "nobody",
        entitlement.kind,
        entitlement.resource.shown_name,
        entitlement.name,
        entitlement.external_id,
        entitlement.risk,
    ]


def _line_numbers(campaign: Campaign) -> dict[int, int]:
    """Of the lines whose grant went, by grant."""
    gone = went(campaign).values("pk")
    return dict(campaign.tasks.filter(grant__in=gone).values_list("grant", "line_no"))


def appeared(campaign: Campaign) -> QuerySet[Grant]:
    """Grants that would be lines had they been there."""
    later = _after(campaign, "first_run")
    if later is None:
        return Grant.objects.none()
    found = grants_in(campaign.scope).filter(later)
    return found.filter(_until(campaign, "since")) if campaign.closed_at else found


def passed(campaign: Campaign) -> QuerySet[Grant]:
    """Grants that began after the freeze and are gone again: held for a while, and reviewed by nobody."""
    later = _after(campaign, "first_run")
    if later is None or campaign.frozen_at is None:
        return Grant.objects.none()
    found = grants_once_in(campaign.scope).filter(later, gone_at__gte=campaign.frozen_at)
    return found.filter(_until(campaign, "gone_at")) if campaign.closed_at else found


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
