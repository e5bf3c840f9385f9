"""Orders that waited for a word of an owner of the app go ahead."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from functools import cache

from django.db import transaction
from django.utils.timezone import now

from connectors.models import ProvisionOrder
from connectors.queries.provisioning import Carrier, carrier
from connectors.queries.queue import AT_ONCE
from core.errors import StaleState
from core.models import User
from core.queue import announce, nudge
from core.trail import record_many

NEWS = "connectors.order_moved"
JOB = "connectors.carry_out"


@transaction.atomic
def go_ahead(
    orders: Sequence[ProvisionOrder], *, by: User | None, not_before: datetime | None = None
) -> None:
    """What waited for an owner of the app is carried out: in few statements, as many as it is. Whether `by`
    may say so is for the caller. Raises StaleState where one waits no more."""
    find, ways = cache(carrier), defaultdict[Carrier, list[ProvisionOrder]](list)
    for order in orders:
        ways[find(order.app, order.account.source, order.entitlement.kind, order.verb)].append(order)
    for can, group in ways.items():
        _release(group, can, by=by, due_at=not_before or now())


def _release(group: Sequence[ProvisionOrder], can: Carrier, *, by: User | None, due_at: datetime) -> None:
    said = {"confirmed_by": by, "confirmed_at": now(), "connector": can.connector, "problem": can.problem}
    changes = {**said, "status": begins_as(can, asks_first=False), "due_at": due_at, "told_at": None}
    waiting = ProvisionOrder.objects.filter(status=ProvisionOrder.Status.ASKED)
    if waiting.filter(pk__in=[order.pk for order in group]).update(**changes) != len(group):
        raise StaleState("Somebody else was faster: look again.")
    for order in group:
        for name, value in changes.items():
            setattr(order, name, value)
        tell_the_rest(order)
    by_hand = can.connector is None
    record_many("orders.confirmed", [(order, {"by_hand": by_hand}) for order in group], by=by)
    if by_hand:
        nudge("connectors.tell_of_orders", group[0].app_id)
    elif due_at <= now():
        for order in group[:AT_ONCE]:
            nudge(JOB, order.pk)


def begins_as(can: Carrier, *, asks_first: bool) -> ProvisionOrder.Status:
    """Where a new order stands, or one that was confirmed."""
    if asks_first:
        return ProvisionOrder.Status.ASKED
    return ProvisionOrder.Status.WANTED if can.connector else ProvisionOrder.Status.MANUAL


def tell_the_rest(order: ProvisionOrder) -> None:
    """Higher rooms hear that it has moved."""
    announce(NEWS, order.pk)
