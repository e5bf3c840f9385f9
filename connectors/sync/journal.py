"""An order as its driver knows it: a journal that outlives the worker, and the calls made for it."""

import logging
from collections.abc import Mapping

from django.db import DatabaseError

from connectors.contract import Call
from connectors.models import OrderCall, ProvisionOrder
from connectors.sync.sentences import storable
from core.leases import LeaseLost

log = logging.getLogger(__name__)


class OrderJournal:
    """What must be given back, kept in the row of the order: every write is committed before it returns.

    Raises LeaseLost in a worker that was too slow, before it can do any more.
    """

    def __init__(self, order: ProvisionOrder) -> None:
        self._order = order

    def get(self) -> Mapping[str, object]:
        kept: Mapping[str, object] = self._order.journal
        return kept

    def put(self, kept: Mapping[str, object]) -> None:
        self._order.renew(journal=dict(kept))


class OrderCalls:
    """Keeps each call of an order as soon as it is over, and the lease with it.

    Never raises: nothing comes between taking and giving back. Who lost the lease learns it from the journal.
    """

    def __init__(self, order: ProvisionOrder) -> None:
        self._order = order

    def hear(self, call: Call) -> None:
        try:
            self._keep(call)
            self._order.renew()
        except (DatabaseError, LeaseLost) as problem:
            log.warning("A call of %s was not noted, or its lease not renewed: %r", self._order.pk, problem)

    def _keep(self, call: Call) -> None:
        OrderCall.objects.create(
            order=self._order,
            at=call.at,
            asked=storable(call.asked),
            status=call.status,
            bytes=call.bytes,
            sha256=call.sha256,
            seconds=call.seconds,
        )
