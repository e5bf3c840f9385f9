"""Counts the rows of the access graph that are written."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

from connectors.models import Account, Entitlement, Grant, Resource, ResourceType

TABLES = tuple(row._meta.db_table for row in (ResourceType, Resource, Entitlement, Account, Grant))
WRITES = tuple(f"{verb} {table} " for verb in ("INSERT INTO", "UPDATE", "DELETE FROM") for table in TABLES)


@contextmanager
def graph_writes() -> Iterator[list[int]]:
    """Rows written by each statement that wrote any."""
    written: list[int] = []

    def watch(execute: Any, statement: str, values: Any, many: bool, context: Any) -> Any:
        answer = execute(statement, values, many, context)
        if statement.replace('"', "").startswith(WRITES) and context["cursor"].rowcount:
            written.append(context["cursor"].rowcount)
        return answer

    with connection.execute_wrapper(watch):
        yield written
