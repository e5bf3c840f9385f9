"""What a run says of orders: fulfilled, or undone again. Part of the transaction that applies the run."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import batched
from typing import Any

from django.db.models import BigIntegerField, Case, Exists, F, OuterRef, Q, QuerySet, Subquery, When
from django.db.models.functions import Coalesce
from django.utils.timezone import now

from connectors.actions import telling
from connectors.contract import EVERY_OTHER_KIND
from connectors.models import CREDENTIAL, Account, Grant, ProvisionOrder, SyncRun
from connectors.sync import sql
from connectors.sync.kinds import ACCOUNTS
from core.queue import announce
from core.trail import ERROR, record_many

CHUNK = 500
NEWS = "connectors.order_moved"
Status, Verb = ProvisionOrder.Status, ProvisionOrder.Verb
ENDS = (Verb.REVOKE, Verb.DISABLE)
"""Wishes that the holding be no more; the others wish that it be."""
DONE = (Status.REMOVED, Status.PROVEN)
PROVABLE = (Status.ASKED, Status.WANTED, Status.REMOVED, Status.MANUAL, Status.FAILED)
"""Whoever fulfilled it. One that a worker holds is left to that worker."""


@dataclass(frozen=True, slots=True)
class Seen:
    """An order, and what the run has seen of it."""

    order: ProvisionOrder
    held: int | None
    """The holding of its pair that is open now, by its key."""
    is_undone_on_purpose: bool
    """Somebody has wished the opposite since."""

    @property
    def is_fulfilled(self) -> bool:
        ends = self.order.verb in ENDS
        return self.order.status in PROVABLE and ends == (self.held is None)

    @property
    def is_undone(self) -> bool:
        """What was taken is there again; what was given has gone again."""
        ends = self.order.verb in ENDS
        return self.order.status in DONE and ends != (self.held is None) and not self.is_undone_on_purpose


def prove(run: SyncRun) -> None:
    """Settle the orders this run says something about: what it saw is in the graph, and it has not ended yet.

    It speaks for kinds it has read whole, and only of orders that were done, or wanted, before it began.
    About a holding the app was silent of it says nothing.
    """
    orders = ProvisionOrder.objects.filter(app=run.connector.app_id).exclude(status=Status.DROPPED)
    if not orders.exists():
        return
    seen = list(_seen(run, orders.filter(account__source=run.source)))
    silent = _silent(run, [each.held for each in seen if each.held is not None])
    told = [each for each in seen if each.held not in silent and not _is_unknown(each)]
    _prove(run, [each.order for each in told if each.is_fulfilled])
    undone = [each.order for each in told if each.is_undone]
    _return(run, [order for order in undone if order.verb in ENDS])
    _go_away(run, [order for order in undone if order.verb not in ENDS])


def _seen(run: SyncRun, orders: QuerySet[ProvisionOrder]) -> Iterator[Seen]:
    pair = {"account": OuterRef("account"), "entitlement": OuterRef("entitlement")}
    here = Grant.objects.here().filter(**pair).values("pk")[:1]
    later = ProvisionOrder.objects.filter(**pair, wanted_at__gt=OuterRef("wanted_at"))
    later = later.exclude(status=Status.DROPPED)
    done_at = Coalesce("removed_at", "proven_at", "wanted_at")
    rows = orders.annotate(
        held=Subquery(here, output_field=BigIntegerField()),
        before=Case(When(status__in=DONE, then=done_at), default=F("wanted_at")),
        is_given_later=Exists(later.exclude(verb__in=ENDS)),
        is_taken_later=Exists(later.filter(verb__in=ENDS)),
    )
    ends = Q(verb__in=ENDS)
    proven = Q(ends, held__isnull=False) | Q(~ends, held__isnull=True, is_taken_later=False)
    proven &= Q(status=Status.PROVEN)
    # Who still owes something back is not done, whatever a run has seen.
    open_ = Q(status__in=PROVABLE, journal={})
    rows = rows.filter(open_ | proven, _kinds(run), before__lt=run.started_at)
    locked = rows.select_related("account", "entitlement").select_for_update(of=("self",), no_key=True)
    for row in locked.order_by("pk"):
        yield Seen(row, row.held, row.is_given_later if row.verb in ENDS else row.is_taken_later)


def _kinds(run: SyncRun) -> Q:
    """The kinds this run has read whole; Access follows from the accounts."""
    whole = set(run.complete) - set(run.gaps) - {EVERY_OTHER_KIND}
    told = Q(entitlement__kind__in=whole)
    if ACCOUNTS in whole:
        told |= Q(entitlement__kind=CREDENTIAL)
    if EVERY_OTHER_KIND in run.complete:
        told |= ~Q(entitlement__kind__in=[*run.kinds, *run.gaps, CREDENTIAL])
    return told


def _silent(run: SyncRun, grants: Sequence[int]) -> Collection[int]:
    """Those of these holdings that the app told nothing about: they stay, and nobody has seen them."""
    statements = sql.RunSql(run.pk, run.connector.app_id, run.source)
    found: set[int] = set()
    for chunk in batched(grants, CHUNK):
        found.update(int(row[0]) for row in sql.rows(statements.silent_among(chunk)))
    return found


def _is_unknown(seen: Seen) -> bool:
    """Access of an account whose status the app does not tell is kept, but nobody saw it either."""
    is_access = seen.order.entitlement.kind == CREDENTIAL
    return is_access and seen.held is not None and seen.order.account.status == Account.Status.UNKNOWN


def _prove(run: SyncRun, orders: Sequence[ProvisionOrder]) -> None:
    _settle(orders, status=Status.PROVEN, proven_at=now(), proven_run=run, told_at=None)
    told = [(order, {"run": run.key, "was": order.get_status_display()}) for order in orders]
    record_many("orders.proven", told, by=None)


def _return(run: SyncRun, orders: Sequence[ProvisionOrder]) -> None:
    if not orders:
        return
    _settle(orders, status=Status.CAME_BACK, came_back_at=now(), came_back_run=run)
    told = [(order, {"run": run.key, "was": order.get_status_display()}) for order in orders]
    record_many("orders.came_back", told, by=None, severity=ERROR)
    telling.tell_of_return(run, orders)


def _go_away(run: SyncRun, orders: Sequence[ProvisionOrder]) -> None:
    """What was given is there no more: no alarm, as nobody has more than they should."""
    _settle(orders, status=Status.CAME_BACK, came_back_at=now(), came_back_run=run)
    told = [(order, {"run": run.key, "was": order.get_status_display()}) for order in orders]
    record_many("orders.went_away", told, by=None)


def _settle(orders: Sequence[ProvisionOrder], **changes: Any) -> None:
    """In few statements; the rows are in our hands. The copies stay as they were: the trail tells of it."""
    for chunk in batched(orders, CHUNK):
        ProvisionOrder.objects.filter(pk__in=[order.pk for order in chunk]).update(**changes)
    for order in orders:
        announce(NEWS, order.pk)
