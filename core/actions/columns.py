"""Which columns of a table a person wants to see: their own look, so the trail is not told."""

from collections.abc import Collection, Sequence

from core.errors import Denied
from core.models import ColumnChoice, User


def choose_columns(user: User, table: str, columns: Sequence[str], *, known: Collection[str]) -> None:
    """Show these, in this order. What is unknown is passed over."""
    _must_be_active(user)
    wanted = [name for name in dict.fromkeys(columns) if name in known]
    ColumnChoice.objects.update_or_create(user=user, table=table, defaults={"columns": wanted})


def reset_columns(user: User, table: str) -> None:
    """Show again what the table shows by default."""
    _must_be_active(user)
    ColumnChoice.objects.filter(user=user, table=table).delete()


def _must_be_active(user: User) -> None:
    if not user.is_active:
        raise Denied("A deactivated person chooses nothing here.")
