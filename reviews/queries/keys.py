"""Many keys in one statement, on either database, however many they are."""

import json
from collections.abc import Iterable

from django.db import connection
from django.db.models import BigIntegerField
from django.db.models.expressions import RawSQL


def is_among(column: str) -> str:
    """SQL: this column is one of those that `as_parameter` made a parameter of."""
    if connection.vendor == "postgresql":
        return column + " = ANY(%s::bigint[])"  # looked up by hash, whichever way the planner takes
    return column + " IN (SELECT value FROM json_each(%s))"  # noqa: S608  # a name of our own column


def as_parameter(keys: Iterable[int]) -> list[int] | str:
    return list(keys) if connection.vendor == "postgresql" else json.dumps(list(keys))


FEW = 200
"""Keys that PostgreSQL is given one by one: it then knows best how to find them."""


def among(keys: Iterable[int]) -> list[int] | RawSQL:
    """For `filter(pk__in=among(keys))`. A single parameter: SQLite counts them, and to write ten thousand
    into a statement takes longer than to carry it out."""
    every = "SELECT value FROM json_each(%s)"
    if connection.vendor == "postgresql":
        keys = list(keys)
        if len(keys) <= FEW:
            return keys
        every = "SELECT unnest(%s::bigint[])"
    return RawSQL(every, (as_parameter(keys),), output_field=BigIntegerField())  # noqa: S611  # only numbers
