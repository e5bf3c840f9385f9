"""Orders that were carried out are proven by a later run: one is asked for as soon as the last is done."""

import logging
from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction
from django.db.models import Max, Q
from django.utils.timezone import now

from connectors.actions import runs
from connectors.actions.upkeep import has_times
from connectors.models import Connector, ProvisionOrder, SyncRun
from core.errors import DomainError

log = logging.getLogger(__name__)

SOON = timedelta(minutes=10)
"""An order that is due within it is waited for: one run proves it, too."""


def apps_to_prove() -> Sequence[str]:
    """Apps with orders that no run has proven yet."""
    removed = ProvisionOrder.objects.filter(status=ProvisionOrder.Status.REMOVED)
    return list(removed.order_by("app").values_list("app", flat=True).distinct())


def read_again(app_id: str) -> None:
    """Begin a run of each connector of the app that could prove something, unless one has begun since.

    Nothing is begun twice: what a run has left unproven waits for the schedule. A file that was handed in
    before proves nothing of what was done since: the next one does.
    """
    for connector in Connector.objects.here().filter(app=app_id, paused_at=None).exclude(source=""):
        if not has_times(connector):
            continue
        try:
            _read_again(connector)
        except DomainError as problem:
            log.info("%s is not read again yet: %s", connector, problem)


@transaction.atomic
def _read_again(connector: Connector) -> None:
    orders = ProvisionOrder.objects.filter(app=connector.app_id, account__source=connector.source)
    done = orders.filter(status=ProvisionOrder.Status.REMOVED)
    last = done.aggregate(last=Max("removed_at"))["last"]
    if last is None or orders.to_carry_out().filter(due_at__lte=now() + SOON).exists():
        return
    begun = SyncRun.objects.filter(connector__app=connector.app_id, source=connector.source)
    has_seen = Q(created_at__gt=last) | Q(started_at__gt=last) | Q(status__in=SyncRun.OPEN)
    if begun.filter(has_seen).exists():
        return
    number = done.count()
    orders_are = "an order that is" if number == 1 else f"{number:,} orders that are"
    runs.start(connector, by=None, reason=f"It is to prove {orders_are} done.")
