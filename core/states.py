"""Status columns that only move along drawn arrows."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, ClassVar

from django.db import models

from core.errors import IllegalMove, StaleState


class Stateful(models.Model):
    """A row with a status. `MOVES` draws the arrows; `move` follows one."""

    MOVES: ClassVar[Mapping[str, Collection[str]]]
    status = models.CharField(max_length=16)

    class Meta:
        abstract = True

    def move(self, to: str, **changes: Any) -> None:
        """Follow an arrow, and only from the state this copy believes it is in."""
        if to not in self.MOVES.get(self.status, ()):
            raise IllegalMove(f"{self} cannot go from {self.status} to {to}.")
        rows = type(self)._default_manager.filter(pk=self.pk, status=self.status)
        if not rows.update(status=to, **changes):
            raise StaleState(f"{self} was changed by someone else; look again.")
        for name, value in {"status": to, **changes}.items():
            setattr(self, name, value)


def must_be_unchanged(changed_at: datetime, *, seen: datetime | None) -> None:
    """For rows that are edited by forms: raises StaleState unless the form was drawn from this state."""
    if seen != changed_at:
        raise StaleState("Somebody else saved this meanwhile. Look at both, then save again.")
