"""What two copies of one database must agree on: rows by table, migrations, the head of the trail."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder

from core.models import TrailSeal

BOOK_OF_MIGRATIONS, SEALS, PEOPLE = "django_migrations", "core_trailseal", "core_user"


@dataclass(frozen=True, slots=True)
class Figures:
    """Counted at one moment."""

    rows: dict[str, int]
    """By table, the book of migrations left out."""
    migrations: list[str]
    """`core.0001_initial`, sorted."""
    head: str
    """`NUMBER:HASH` of the newest seal of the trail; empty without one."""

    @classmethod
    def of(cls, alias: str = DEFAULT_DB_ALIAS) -> Self:
        connection = connections[alias]
        tables = sorted(set(connection.introspection.table_names()) - {BOOK_OF_MIGRATIONS})
        with connection.cursor() as cursor:
            rows = {table: _count(connection, cursor, table) for table in tables}
        applied = MigrationRecorder(connection).applied_migrations()
        return cls(rows, sorted(".".join(each) for each in applied), _head(alias) if SEALS in rows else "")

    def differences(self, other: "Figures") -> list[str]:
        """A sentence for each figure in which the other copy differs."""
        tables = sorted(self.rows.keys() | other.rows.keys())
        found = [
            f"{table}: {self.rows.get(table, 'no table')} here, {other.rows.get(table, 'no table')} there"
            for table in tables
            if self.rows.get(table) != other.rows.get(table)
        ]
        if self.head != other.head:
            found.append(f"head of the trail: {self.head or 'none'} here, {other.head or 'none'} there")
        return found

    @property
    def total(self) -> int:
        return sum(self.rows.values())


@contextmanager
def beside(alias: str, database: dict[str, Any]) -> Iterator[BaseDatabaseWrapper]:
    """A second database under this alias, for a while."""
    whole = connections.configure_settings({DEFAULT_DB_ALIAS: database})
    connections.settings[alias] = whole[DEFAULT_DB_ALIAS]
    try:
        yield connections[alias]
    finally:
        connections[alias].close()
        del connections[alias], connections.settings[alias]


def _head(alias: str) -> str:
    seal = TrailSeal.objects.using(alias).order_by("-number").values_list("number", "hash").first()
    return f"{seal[0]}:{seal[1]}" if seal else ""


def unmigrated(alias: str = DEFAULT_DB_ALIAS) -> bool:
    """Whether the tables there are not, or not yet, as this version of Reeve wants them."""
    executor = MigrationExecutor(connections[alias])
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _count(connection: BaseDatabaseWrapper, cursor: Any, table: str) -> int:
    cursor.execute(f"SELECT count(*) FROM {connection.ops.quote_name(table)}")  # noqa: S608  # a table's name
    return int(cursor.fetchone()[0])
