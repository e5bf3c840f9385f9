"""A worker's time-limited hold on a row: claim, keep, release. One UPDATE each."""

import uuid
from datetime import timedelta
from typing import Any, Self

from django.apps import apps
from django.db import models
from django.db.models import F, Q
from django.utils.timezone import now

LEASE = timedelta(minutes=5)


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
