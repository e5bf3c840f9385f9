"""A worker's time-limited hold on a row: claim, keep, release. One UPDATE each."""

import logging
import uuid
from datetime import timedelta
from threading import Event, Thread
from types import TracebackType
from typing import Any, Self

from django.apps import apps
from django.db import DatabaseError, connection, connections, models
from django.db.models import F, Q
from django.utils.timezone import now

log = logging.getLogger(__name__)
LEASE = timedelta(minutes=5)
BESIDE = timedelta(minutes=2)
"""How long a lease lasts that is renewed all the time: as long as that nobody takes over from the dead."""


class LeaseLost(Exception):
    """We were slow and another worker holds the row now: stop, say nothing."""


def leased_tables() -> "list[type[Leased]]":
    """Every table whose rows are worked on under a lease."""
    return [table for table in apps.get_models() if issubclass(table, Leased)]


class LeasedQuerySet[M: "Leased"](models.QuerySet[M]):
    def free(self) -> Self:
        """Rows in no worker's hands."""
        return self.filter(Q(leased_until__isnull=True) | Q(leased_until__lt=now()))

    def due(self) -> Self:
        """Free rows whose time has come."""
        return self.free().filter(due_at__lte=now())

    def let_go(self) -> int:
        """End every lease among these rows: their workers are known to be gone. Answers how many."""
        return self.exclude(leased_until=None).update(lease=None, leased_until=None)

    def claim(self, pk: object, **changes: Any) -> M | None:
        """Take one row of this queryset for this worker; None if it is in other hands or not due."""
        lease = uuid.uuid4()
        taken = self.due().filter(pk=pk)
        taken.update(lease=lease, leased_until=now() + LEASE, attempts=F("attempts") + 1, **changes)
        return self.model._default_manager.filter(pk=pk, lease=lease).first()


class Leased(models.Model):
    """A row that is worked on by one worker at a time, and looked at again when the worker dies."""

    lease = models.UUIDField(null=True, editable=False)
    leased_until = models.DateTimeField(null=True, editable=False)
    due_at = models.DateTimeField(default=now)
    attempts = models.PositiveSmallIntegerField(default=0)

    class Meta:
        abstract = True

    def save_held(self, **changes: Any) -> None:
        """Save these columns, but only while the lease is still ours; raises LeaseLost."""
        rows = type(self)._default_manager.filter(pk=self.pk, lease=self.lease)
        if not rows.update(**changes):
            raise LeaseLost
        for name, value in changes.items():
            setattr(self, name, value)

    def renew(self, **changes: Any) -> None:
        """Keep the lease for another while, and save these columns with it; raises LeaseLost."""
        self.save_held(leased_until=now() + LEASE, **changes)

    def release(self, **changes: Any) -> None:
        """Let go, saving these columns; raises LeaseLost."""
        self.save_held(lease=None, leased_until=None, **changes)


class RenewedBeside:
    """Keeps the lease of a row while its worker reads for long in one transaction: from a thread, through a
    connection of its own. A worker that is killed takes the thread with it, and the lease runs out.

    Within a caller's transaction, as in tests, nothing is kept: nobody else could see it.
    """

    EVERY = 3.0  # seconds

    def __init__(self, row: Leased) -> None:
        self._row, self._over = row, Event()
        self._told: dict[str, Any] = {}
        self._lost = False
        self._thread: Thread | None = None

    def tell(self, **columns: Any) -> None:
        """Save these with the next renewal. Raises LeaseLost if the row is in other hands by now."""
        self._told = columns
        if self._lost:
            raise LeaseLost

    def __enter__(self) -> Self:
        if not connection.in_atomic_block:
            self._row.save_held(leased_until=now() + BESIDE)
            self._thread = Thread(target=self._keep, name=f"lease of {self._row.pk}", daemon=True)
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        if self._thread is not None:
            self._thread.join()

    def _keep(self) -> None:
        rows = type(self._row)._default_manager.filter(pk=self._row.pk, lease=self._row.lease)
        try:
            while not self._over.wait(self.EVERY):
                try:
                    self._lost = not rows.update(leased_until=now() + BESIDE, **self._told)
                except DatabaseError as problem:
                    log.warning("The lease of %s was not renewed: %s", self._row, problem)
                if self._lost:
                    return
        finally:
            connections.close_all()
