"""What a run takes away, gathered for the guard: around applying it, in the same transaction."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from django.db.models import Count, Exists, OuterRef, QuerySet

from connectors.models import (
    Account,
    Connector,
    ConnectorRules,
    Entitlement,
    Grant,
    ProvisionOrder,
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


@dataclass(frozen=True, slots=True)
class Wanted:
    """What orders have asked for: it does not count as a loss, whoever carried it out."""

    grants: Mapping[str, int]
    """How many ended, by entitlement."""
    disabled: int
    """Accounts."""


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
    wanted = _wanted(run, outcome)
    counted = [_without(shrink, wanted) for shrink in outcome.shrinks(dict(names))]
    return [*counted, _owners(run, known), *_emptied(known, wanted)]


def _wanted(run: SyncRun, outcome: Outcome) -> Wanted:
    over = (ProvisionOrder.Status.PROVEN, ProvisionOrder.Status.CAME_BACK, ProvisionOrder.Status.DROPPED)
    mine = ProvisionOrder.objects.filter(app=run.connector.app_id).exclude(status__in=over)
    if not mine.exists():
        return Wanted({}, 0)
    revoked = mine.filter(
        verb=ProvisionOrder.Verb.REVOKE, account=OuterRef("account"), entitlement=OuterRef("entitlement")
    )
    ended = Grant.objects.gone().filter(Exists(revoked), gone_run=run.pk)
    counts = ended.order_by().values_list("entitlement_id").annotate(number=Count("pk"))
    disabled = mine.filter(verb=ProvisionOrder.Verb.DISABLE, account__source=run.source)
    shut = set(disabled.values_list("account__external_id", flat=True)) & outcome.silenced
    return Wanted(dict(counts), len(shut))


def _without(shrink: Shrink, wanted: Wanted) -> Shrink:
    """As if what was wanted had never been there."""
    if shrink.what == "grants":
        number = sum(wanted.grants.values())
        return replace(shrink, before=shrink.before - number, gone=shrink.gone - number)
    if shrink.what == "accounts":
        number = wanted.disabled
        return replace(shrink, before=shrink.before - number, disabled=shrink.disabled - number)
    return shrink


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


def _emptied(known: Before, wanted: Wanted) -> list[Shrink]:
    left = _holders(Entitlement.objects.filter(pk__in=known.grave))
    before = {pk: held - wanted.grants.get(pk, 0) for pk, (_, held) in known.grave.items()}
    return [
        Shrink("grave", name, before=before[pk], gone=before[pk] - left.get(pk, 0), left=left.get(pk, 0))
        for pk, (name, _) in known.grave.items()
        if before[pk] >= guard.EMPTIED["grave"]
    ]


def _holders(rows: QuerySet[Entitlement]) -> dict[str, int]:
    """How many accounts hold each; those that nobody holds are left out."""
    grants = Grant.objects.here().filter(entitlement__in=rows).values("entitlement_id").order_by()
    return {row["entitlement_id"]: row["held"] for row in grants.annotate(held=Count("pk"))}


def _mine(run: SyncRun) -> dict[str, str]:
    return {"app": run.connector.app_id, "source": run.source}
