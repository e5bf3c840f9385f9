"""Many rows of the graph at once, in the way that is cheapest for the database at hand."""

# ruff: noqa: S608  # what is written into the text are names of our own tables and columns

import json
from collections.abc import Sequence
from datetime import datetime

from django.db import connection

from connectors.models.graph import GraphRow
from connectors.sync import sql
from connectors.sync.rows import Row, Value

KEY = ("app_id", "source", "external_id")


def upsert(table: type[GraphRow], rows: Sequence[Row], update: Sequence[str]) -> None:
    """Write rows in this order; where one of that key is here already, only the columns to `update`.

    Not by `bulk_create`: it prepares each value by itself, which costs more than the rest.
    """
    if not rows:
        return
    columns = ", ".join(rows[0])
    changed = ", ".join(f"{column} = EXCLUDED.{column}" for column in update)
    conflict = f"ON CONFLICT ({', '.join(KEY)}) DO UPDATE SET {changed}"
    write = _as_json if connection.vendor == "postgresql" else _one_by_one
    write(table._meta.db_table, columns, conflict, rows)


def _as_json(table: str, columns: str, conflict: str, rows: Sequence[Row]) -> None:
    """All rows as one value."""
    text = json.dumps(rows, ensure_ascii=False, default=_moment)
    sql.execute(
        sql.Statement(
            f"INSERT INTO {table} ({columns})"
            f" SELECT {columns} FROM json_populate_recordset(NULL::{table}, %s) {conflict}",
            [text],
        )
    )


def _moment(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} does not belong into a row")


def _one_by_one(table: str, columns: str, conflict: str, rows: Sequence[Row]) -> None:
    """Within the process that asks, a statement run again costs next to nothing."""
    marks = ", ".join(["%s"] * len(rows[0]))
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO {table} ({columns}) VALUES ({marks}) {conflict}",
            [[_stored(value) for value in row.values()] for row in rows],
        )


def _stored(value: Value) -> str | int | None:
    """As the model would store it."""
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, datetime):
        return str(connection.ops.adapt_datetimefield_value(value))
    return json.dumps(value)
