"""What a run takes away, gathered for the guard: around applying it, in the same transaction."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Count, QuerySet

from connectors.models import (
    Account,
    Connector,
    ConnectorRules,
    Entitlement,
    Grant,
    ResourceType,
    SyncRun,
    Tag,
)
from connectors.sync import guard
from connectors.sync.apply import Outcome
from connectors.sync.guard import Shrink


@dataclass(frozen=True, slots=True)
class Before:
    """What applying will overwrite."""

    owned: frozenset[str]
    """Accounts that have an owner."""
    grave: Mapping[str, tuple[str, int]]
    """Entitlements of a grave risk: how people read them, and their holders."""


def limits_of(connector: Connector) -> Mapping[str, int]:
    """Percent that one run may take away, by what is guarded: the connector's own, else the usual ones."""
    own = {name: int(most) for name, most in connector.limits.items() if name in guard.MOST}
    return {**guard.MOST, **own}


def limits_in_force(connector_id: str) -> Mapping[str, int] | None:
    """The limits as they are saved now, stricter under review; None while the guard of the connector, or of
    all, is off."""
    connector = Connector.objects.only("is_guarded", "limits", "is_under_review").get(pk=connector_id)
    if not (connector.is_guarded and ConnectorRules.current().guards):
        return None
    return strictest(connector)


def strictest(connector: Connector) -> Mapping[str, int]:
    """Its limits, and no more than the few percent that hold while it is under review."""
    limits = limits_of(connector)
    if not connector.is_under_review:
        return limits
    return {name: min(most, guard.REVIEWED) for name, most in limits.items()}


def before(run: SyncRun) -> Before:
    """To be called before the run is applied."""
    owned = Account.objects.here().filter(**_mine(run), person__isnull=False)
    return Before(frozenset(owned.values_list("pk", flat=True)), _grave(run))


def shrinks(run: SyncRun, known: Before, outcome: Outcome) -> list[Shrink]:
    """To be called when it is applied: all that the guard looks at, accounts first."""
    names = ResourceType.objects.filter(**_mine(run)).values_list("kind", "name")
    return [*outcome.shrinks(dict(names)), _owners(run, known), *_emptied(known)]


def _owners(run: SyncRun, known: Before) -> Shrink:
    """Accounts that stay, and had an owner before: how many have none now."""
    without = Account.objects.here().filter(**_mine(run), person=None).values_list("pk", flat=True)
    lost = sum(pk in known.owned for pk in without.iterator()) if known.owned else 0
    count = len(known.owned)
    return Shrink("owners", "Owners", before=count, gone=lost, left=count - lost)


def _grave(run: SyncRun) -> dict[str, tuple[str, int]]:
    rows = Entitlement.objects.here().filter(**_mine(run), risk__in=Tag.objects.grave_names())
    held = _holders(rows)
    names = rows.filter(pk__in=held).order_by("name", "pk").values_list("pk", "name", "risk")
    return {pk: (f"{name} ({risk})", held[pk]) for pk, name, risk in names}


def _emptied(known: Before) -> list[Shrink]:
    left = _holders(Entitlement.objects.filter(pk__in=known.grave))
    return [
        Shrink("grave", name, before=held, gone=held - left.get(pk, 0), left=left.get(pk, 0))
        for pk, (name, held) in known.grave.items()
        if held >= guard.EMPTIED["grave"]
    ]


def _holders(rows: QuerySet[Entitlement]) -> dict[str, int]:
    """How many accounts hold each; those that nobody holds are left out."""
    grants = Grant.objects.here().filter(entitlement__in=rows).values("entitlement_id").order_by()
    return {row["entitlement_id"]: row["held"] for row in grants.annotate(held=Count("pk"))}


def _mine(run: SyncRun) -> dict[str, str]:
    return {"app": run.connector.app_id, "source": run.source}
