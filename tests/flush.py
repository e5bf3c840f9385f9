"""Emptying the tables after a test with real transactions, the append-only ones included."""

import importlib
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from connectors.models import Tag

MADE_BY_MIGRATING = {Tag._meta.db_table}
guard = importlib.import_module("core.migrations.0003_trail_is_append_only")
decided = importlib.import_module("reviews.migrations.0002_what_was_decided_stays")


def allow_emptying() -> None:
    """Let the flush of the test runner, and of nobody else, pass the triggers of trail and decisions.

    What migrations put into tables stays: no test makes it anew.
    """
    inner = connection.ops.sql_flush

    def sql_flush(style: object, tables: list[str], **options: bool) -> list[str]:
        emptied = [table for table in tables if table not in MADE_BY_MIGRATING]
        statements = inner(style, emptied, **options)  # type: ignore[arg-type]  # Django's own Style
        return [*opening(), *statements, *closing()] if statements else statements

    connection.ops.sql_flush = sql_flush  # type: ignore[method-assign,assignment]  # for the runner alone


def opening() -> Iterator[str]:
    if connection.vendor == "postgresql":
        yield "SET LOCAL session_replication_role = replica"
        return
    for table in guard.TABLES:
        yield f"DROP TRIGGER {table}_no_update"
        yield f"DROP TRIGGER {table}_no_delete"
    yield from decided.sqlite_openings()


def closing() -> Iterator[str]:
    if connection.vendor != "postgresql":
        for table in guard.TABLES:
            yield from guard.sqlite_triggers(table)
        yield from decided.sqlite_triggers()


@contextmanager
def past_the_triggers() -> Iterator[None]:
    """Within, and within a transaction, trail and decisions change as for somebody who owns the database."""
    with connection.cursor() as cursor:
        for statement in opening():
            cursor.execute(statement)
        yield
        for statement in closing():
            cursor.execute(statement)
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL session_replication_role = origin")
