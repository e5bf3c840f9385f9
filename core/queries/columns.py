"""Which columns of a table a person sees."""

from collections.abc import Collection, Sequence

from core.models import ColumnChoice, User


def columns_of(user: User, table: str, *, known: Collection[str], default: Sequence[str]) -> Sequence[str]:
    """As this person chose them, what is no longer known left out; else the default."""
    choice = ColumnChoice.objects.filter(user=user, table=table).first()
    return default if choice is None else [name for name in choice.columns if name in known]
