"""Counts the rows of the access graph that are written."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from unittest.mock import patch

from django.db import connection

from connectors.models import Account, Entitlement, Grant, Resource, ResourceType, SyncRun
from connectors.sync import holdings

TABLES = tuple(row._meta.db_table for row in (ResourceType, Resource, Entitlement, Account, Grant))
WRITES = tuple(f"{verb} {table} " for verb in ("INSERT INTO", "UPDATE", "DELETE FROM") for table in TABLES)


@contextmanager
def graph_writes() -> Iterator[list[int]]:
    """Rows written by each statement that wrote any, and by each COPY, which no wrapper sees."""
    written: list[int] = []
    copy = holdings.copy

    def watch(execute: Any, statement: str, values: Any, many: bool, context: Any) -> Any:
        answer = execute(statement, values, many, context)
        if statement.replace('"', "").startswith(WRITES) and context["cursor"].rowcount:
            written.append(context["cursor"].rowcount)
        return answer

    def counted(run: SyncRun, at: datetime) -> int:
        written.append(copy(run, at))
        return written[-1]

    with connection.execute_wrapper(watch), patch.object(holdings, "copy", counted):
        yield written
