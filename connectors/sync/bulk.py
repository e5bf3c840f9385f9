"""Many rows of the graph at once, in the way that is cheapest for the database at hand."""

import json
from collections.abc import Sequence
from datetime import datetime

from django.db import connection

from connectors.models import Account, Entitlement, Resource
from connectors.sync import sql

KEY = ("app", "source", "external_id")


def upsert[R: (Resource, Entitlement, Account)](
    table: type[R], rows: Sequence[R], update: Sequence[str]
) -> None:
    """Write rows in this order; where one of that key is here already, only the fields to `update`."""
    if not rows:
        return
    if connection.vendor == "postgresql":
        sql.execute(_from_json(table, rows, update))
    else:
        table._default_manager.bulk_create(
            rows, update_conflicts=True, unique_fields=KEY, update_fields=update
        )


def _from_json[R: (Resource, Entitlement, Account)](
    table: type[R], rows: Sequence[R], update: Sequence[str]
) -> sql.Statement:
    """All rows as one value: `bulk_create` prepares each value by itself, which costs more than the rest."""
    column_of = {field.name: str(field.column) for field in table._meta.concrete_fields}
    attributes = {str(field.column): field.attname for field in table._meta.concrete_fields}
    columns = ", ".join(attributes)
    changed = ", ".join(f"{column_of[name]} = EXCLUDED.{column_of[name]}" for name in update)
    key = ", ".join(column_of[name] for name in KEY)
    name = table._meta.db_table
    values = [{column: getattr(row, held) for column, held in attributes.items()} for row in rows]
    return sql.Statement(
        f"INSERT INTO {name} ({columns}) SELECT {columns} FROM json_populate_recordset(NULL::{name}, %s)"  # noqa: S608  # names of our own columns
        f" ON CONFLICT ({key}) DO UPDATE SET {changed}",
        [json.dumps(values, ensure_ascii=False, default=_plain)],
    )


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} does not belong into a row")
