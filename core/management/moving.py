"""Copies a whole database into an empty one of either kind: every row, every key, as it is."""

from collections.abc import Callable, Iterator, Sequence
from itertools import batched
from typing import Any

from django.apps import apps
from django.core.management.base import CommandError
from django.core.management.color import no_style
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections, models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from core.management.figures import BOOK_OF_MIGRATIONS, Figures
from core.models import TrailEvent

BATCH = 2000  # rows
MADE_BY_MIGRATING = {BOOK_OF_MIGRATIONS, "django_content_type", "auth_permission", "connectors_tag"}


def tables() -> list[type[models.Model]]:
    """Every table there is, those between two others included."""
    return [
        each
        for each in apps.get_models(include_auto_created=True)
        if each._meta.managed and not each._meta.proxy
    ]


def refuse_unless_empty(target: str) -> None:
    """Raises CommandError if the target holds anything that migrating does not make."""
    connection = connections[target]
    there = set(connection.introspection.table_names()) - MADE_BY_MIGRATING
    full = sorted(table for table in there if _holds_rows(connection, table))
    if full:
        raise CommandError(
            f"The target is not empty: there are rows in {', '.join(full[:3])}. Give an empty database."
        )


def copy(source: str, target: str, say: Callable[[str], None]) -> Figures:
    """Copy all rows in one transaction of the target: killed, it leaves the target as empty as it was.

    Raises CommandError, and copies nothing, if the target does not take a row or counts otherwise, or if
    somebody wants to write to the source, held still, meanwhile.
    """
    with transaction.atomic(using=target):
        for table in tables():
            if table._meta.db_table in MADE_BY_MIGRATING:
                table._base_manager.using(target).all().delete()
        for table in tables():
            _copy_table(table, source, target, say)
        _reset_sequences(target)
        here, there = Figures.of(source), Figures.of(target)
        if found := here.differences(there):
            raise CommandError("The copy differs, so nothing was moved:\n" + "\n".join(found))
        if _somebody_waits(source):
            raise CommandError(
                "Somebody wrote meanwhile, so nothing was moved: stop Reeve, all of it, and run this again."
            )
    return here


def _copy_table(table: type[models.Model], source: str, target: str, say: Callable[[str], None]) -> None:
    fields = [field for field in table._meta.concrete_fields if not field.generated]
    names = ", ".join(connections[target].ops.quote_name(str(field.column)) for field in fields)
    places = ", ".join(["%s"] * len(fields))
    insert = f"INSERT INTO {_quoted(target, table)} ({names}) VALUES ({places})"  # noqa: S608  # names of ours
    count = 0
    try:
        with connections[target].cursor() as cursor:
            for batch in batched(_rows(table, fields, source), BATCH):
                cursor.executemany(insert, [_prepared(row, fields, connections[target]) for row in batch])
                count += len(batch)
    except DatabaseError as problem:
        raise CommandError(
            f"A row of {table._meta.db_table} was refused, so nothing was moved: {problem}"
        ) from problem
    if count:
        say(f"{table._meta.db_table}: {count:,}")


def _rows(
    table: type[models.Model], fields: Sequence["models.Field[Any, Any]"], source: str
) -> Iterator[tuple[Any, ...]]:
    names = [field.attname for field in fields]
    rows = table._base_manager.using(source).order_by("pk").values_list(*names)
    yield from rows.iterator(chunk_size=BATCH)


def _prepared(
    row: Sequence[Any], fields: Sequence["models.Field[Any, Any]"], connection: BaseDatabaseWrapper
) -> list[Any]:
    return [
        field.get_db_prep_save(value, connection=connection) for field, value in zip(fields, row, strict=True)
    ]


def _reset_sequences(target: str) -> None:
    with connections[target].cursor() as cursor:
        for statement in connections[target].ops.sequence_reset_sql(no_style(), tables()):
            cursor.execute(statement)


def _holds_rows(connection: BaseDatabaseWrapper, table: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT 1 FROM {connection.ops.quote_name(table)} LIMIT 1")  # noqa: S608  # a table's name
        return cursor.fetchone() is not None


def _quoted(alias: str, table: type[models.Model]) -> str:
    return connections[alias].ops.quote_name(table._meta.db_table)


def still(source: str = DEFAULT_DB_ALIAS) -> None:
    """Inside a transaction of the source: what it reads from here on is of one moment.

    Until it ends nobody else writes an event, so nobody does anything that counts.
    """
    connection = connections[source]
    if connection.vendor == "postgresql":  # SQLite's are so by themselves, and nobody else writes meanwhile
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            # Before the first look: who is writing comes to an end, and is in it.
            cursor.execute(f"LOCK TABLE {TrailEvent._meta.db_table} IN SHARE MODE")


def _somebody_waits(source: str) -> bool:
    """Whether somebody wants to write an event: it would go into the database that is left behind."""
    connection = connections[source]
    if connection.vendor != "postgresql":
        return False
    with connection.cursor() as cursor:
        waiting = "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE relation = %s::regclass AND NOT granted)"
        cursor.execute(waiting, [TrailEvent._meta.db_table])
        return bool(cursor.fetchone()[0])
