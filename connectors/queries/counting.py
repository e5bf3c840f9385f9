"""Numbers beside the rows of a list."""

from django.db.models import Count, IntegerField, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce


def number_of(rows: QuerySet) -> Coalesce:  # type: ignore[type-arg]  # rows of any table
    """How many of these belong to the outer row, without a join that doubles it."""
    counted = (
        rows.order_by().annotate(everything=Value(1)).values("everything").annotate(n=Count("pk")).values("n")
    )
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)
