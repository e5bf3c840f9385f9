"""Pages of long lists, by key and not by number: row 40,000 costs what row 1 does."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Model, Q, QuerySet

COUNTED_TO = 10_000  # rows; beyond, a list says 10,000+


@dataclass(frozen=True, slots=True)
class Page[M: Model]:
    """Some rows of a longer list, and the ways to its neighbours: values for `after` and `before`."""

    rows: Sequence[M]
    total: int
    is_more_than_total: bool
    first: int
    """Number of the first row, or 0 where it is not known: the page was reached from behind."""
    after: str = ""
    before: str = ""


def keyset_page[M: Model](
    rows: QuerySet[M], *, order: str, after: str = "", before: str = "", size: int = 50, number: int = 0
) -> Page[M]:
    """The page after (or before) the row with that key, in order of `order`, then of the key.

    `order` is a column, with a minus for falling. An unknown key leads to the first page. `number`
    is how many rows come before the page, as its link says.
    """
    falling = order.startswith("-")
    column = order.lstrip("-")
    forward = (order, "-pk" if falling else "pk")
    backward = (column, "pk") if falling else (f"-{column}", "-pk")
    anchor = _row(rows, before or after)
    is_back = bool(before) and anchor is not None
    part = rows
    if anchor is not None:
        sign = "lt" if falling != is_back else "gt"
        value = getattr(anchor, column)
        part = rows.filter(Q(**{f"{column}__{sign}": value}) | Q(**{column: value, f"pk__{sign}": anchor.pk}))
    found = list(part.order_by(*(backward if is_back else forward))[: size + 1])
    has_more, found = len(found) > size, found[:size]
    if is_back:
        found.reverse()
    counted = rows.order_by()[: COUNTED_TO + 1].count()
    has_next = has_more if not is_back else bool(found)
    has_previous = has_more if is_back else anchor is not None
    return Page(
        rows=found,
        total=min(counted, COUNTED_TO),
        is_more_than_total=counted > COUNTED_TO,
        first=(max(number, 0) + 1 if anchor is not None else 1) if found else 0,
        after=str(found[-1].pk) if found and has_next else "",
        before=str(found[0].pk) if found and has_previous else "",
    )


def _row[M: Model](rows: QuerySet[M], key: str) -> M | None:
    """The row with this key; None also for what can be no key, such as letters where keys are numbers."""
    try:
        return rows.filter(pk=key).first() if key else None
    except ValueError:
        return None
