"""Many keys in one statement, on either database, however many they are."""

import json
from collections.abc import Iterable
from typing import Any

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BigIntegerField, BooleanField, Field, Func, Q, Value
from django.db.models.expressions import RawSQL
from django.db.models.sql.compiler import SQLCompiler


def is_among(column: str) -> str:
    """SQL: this column is one of those that `as_parameter` made a parameter of."""
    if connection.vendor == "postgresql":
        return column + " = ANY(%s::bigint[])"  # looked up by hash, whichever way the planner takes
    return column + " IN (SELECT value FROM json_each(%s))"  # noqa: S608  # a name of our own column


def as_parameter(keys: Iterable[int]) -> list[int] | str:
    return list(keys) if connection.vendor == "postgresql" else json.dumps(list(keys))


def among(keys: Iterable[int]) -> list[int] | RawSQL:
    """For `filter(pk__in=among(keys))`. SQLite counts parameters, so there it is a single one."""
    if connection.vendor == "postgresql":
        return list(keys)
    every = "SELECT value FROM json_each(%s)"
    return RawSQL(every, (as_parameter(keys),), output_field=BigIntegerField())  # noqa: S611  # only numbers


def is_one(column: str, keys: Iterable[int]) -> Q:
    """For `filter(is_one("pk", keys))` where they are very many: a single parameter on either database, for
    to write ten thousand into a statement takes longer than to carry it out."""
    if connection.vendor == "postgresql":
        return Q(_IsOne(column, keys))
    return Q(
        **{f"{column}__in": among(keys)}
    )  # there a condition of our own would be compared with 1: a scan


class _IsOne(Func):
    output_field = BooleanField()

    def __init__(self, column: str, keys: Iterable[int]) -> None:
        super().__init__(column, Value(as_parameter(keys), output_field=_Keys()))

    def as_sql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, *_: Any, **__: Any
    ) -> tuple[str, tuple[str | int, ...]]:
        (column, found), (keys, given) = (compiler.compile(each) for each in self.get_source_expressions())
        return is_among(column).replace("%s", keys), (*found, *given)


class _Keys(Field[object, object]):
    """A parameter that goes to the database as it is."""
