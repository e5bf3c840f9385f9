"""Every statement on the graph that the ORM cannot say, in the words of either database.

Parameters are the caller's values; what is written into the text are names of our own tables and columns.
"""

# ruff: noqa: S608

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection

from connectors.models import Account, Entitlement, Grant, Resource, SyncPage


class Statement(NamedTuple):
    """A text and the values for its marks."""

    text: str
    values: list[Any]


PAGE = SyncPage._meta.db_table
RESOURCE, ENTITLEMENT, ACCOUNT = (row._meta.db_table for row in (Resource, Entitlement, Account))
GRANT = Grant._meta.db_table

MATCH = (
    f"UPDATE {ACCOUNT} SET person_id = %s, matched_by = %s, match_hint = %s, is_external = %s WHERE id = %s"
)


def execute(statement: Statement) -> int:
    """Rows written."""
    with connection.cursor() as cursor:
        cursor.execute(statement.text, statement.values)
        return int(cursor.rowcount)


def rows(statement: Statement) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement.text, statement.values)
        return list(cursor.fetchall())


class RunSql:
    """Statements about one run: what it saw, what it laid aside, and what follows for the graph."""

    def __init__(self, run_id: int, app_id: str, source: str) -> None:
        self._run = run_id
        self._mine: list[Any] = [app_id, source]

    def dangling(self) -> Statement:
        """A few pairs laid aside whose account or entitlement nobody has named."""
        joined, values = self._laid_rows("LEFT JOIN")
        return Statement(
            f"SELECT laid.account, laid.entitlement {joined} WHERE a.id IS NULL OR e.id IS NULL"
            " ORDER BY 1, 2 LIMIT 3",
            values,
        )

    def insert_grants(self, at: datetime) -> Statement:
        """New holdings, in the order of their keys: two writers of one order never wait for each other."""
        joined, values = self._laid_rows("JOIN")
        moment = "CAST(%s AS timestamptz)" if connection.vendor == "postgresql" else "%s"
        return Statement(
            f"INSERT INTO {GRANT} (account_id, entitlement_id, first_run, since)"
            f" SELECT a.id, e.id, CAST(%s AS bigint), {moment} {joined}"
            f" LEFT JOIN {GRANT} g ON g.account_id = a.id AND g.entitlement_id = e.id AND g.gone_at IS NULL"
            " WHERE g.id IS NULL ORDER BY a.id, e.id"
            " ON CONFLICT (account_id, entitlement_id) WHERE gone_at IS NULL DO NOTHING",
            [self._run, at, *values],
        )

    def retire(self, table: str, seen: str, at: datetime, kinds: Sequence[str] | None = None) -> Statement:
        """Rows still here that this run neither saw nor wrote get their end. `kinds` None: of every kind."""
        of_kind = f" AND kind IN ({_marks(kinds)})" if kinds is not None else ""
        return Statement(
            f"UPDATE {table} SET gone_at = %s, gone_run = %s WHERE id IN ("
            f"SELECT id FROM {table} WHERE app_id = %s AND source = %s AND gone_at IS NULL{of_kind}"
            f" EXCEPT {_seen(seen)}"
            f" EXCEPT SELECT id FROM {table} WHERE app_id = %s AND source = %s AND changed_run = %s)",
            [at, self._run, *self._mine, *(kinds or ()), self._run, *self._mine, self._run],
        )

    def retire_grants(self, at: datetime, kinds: Sequence[str]) -> Statement:
        """Open grants on entitlements of these kinds that this run did not see, and was told about."""
        joined, values = self._laid_rows("JOIN")
        return Statement(
            f"UPDATE {GRANT} SET gone_at = %s, gone_run = %s WHERE id IN ("
            f"SELECT g.id FROM {GRANT} g JOIN {ENTITLEMENT} e ON e.id = g.entitlement_id"
            f" WHERE e.app_id = %s AND e.source = %s AND e.kind IN ({_marks(kinds)}) AND g.gone_at IS NULL"
            f" EXCEPT {_seen('seen_grants')} EXCEPT {_seen('silent_grants')}"
            f" EXCEPT SELECT g.id {joined}"
            f" JOIN {GRANT} g ON g.account_id = a.id AND g.entitlement_id = e.id AND g.gone_at IS NULL)",
            [at, self._run, *self._mine, *kinds, self._run, self._run, *values],
        )

    def end_grants_of_the_gone(self, table: str, column: str, at: datetime) -> Statement:
        """Open grants of accounts, or on entitlements, that this run retired."""
        return Statement(
            f"UPDATE {GRANT} SET gone_at = %s, gone_run = %s WHERE id IN ("
            f"SELECT g.id FROM {GRANT} g JOIN {table} t ON t.id = g.{column}"
            " WHERE t.app_id = %s AND t.source = %s AND t.gone_run = %s AND t.gone_at IS NOT NULL"
            " AND g.gone_at IS NULL)",
            [at, self._run, *self._mine, self._run],
        )

    def holders(self, entitlement: str = "") -> Statement:
        """Pairs of entitlement and account, vendor's ids, as this run will leave them: all, or of one."""
        only = " WHERE held.entitlement = %s" if entitlement else ""
        return Statement(
            "SELECT held.entitlement, held.account FROM ("
            "SELECT e.external_id AS entitlement, a.external_id AS account"
            f" FROM ({_seen('seen_grants')} UNION ALL {_seen('silent_grants')}) s"
            f" JOIN {GRANT} g ON g.id = s.id JOIN {ENTITLEMENT} e ON e.id = g.entitlement_id"
            f" JOIN {ACCOUNT} a ON a.id = g.account_id"
            f" UNION SELECT laid.entitlement, laid.account FROM ({_laid_grants()}) laid) held{only}",
            [self._run, self._run, self._run, *([entitlement] if entitlement else [])],
        )

    def holder_counts(self, most: int) -> Statement:
        """Entitlements of one to `most` holders, in order."""
        pairs, values = self.holders()
        return Statement(
            f"SELECT entitlement FROM ({pairs}) pairs GROUP BY entitlement HAVING count(*) <= %s"
            " ORDER BY entitlement",
            [*values, most],
        )

    def seen_again(self, column: str, after: int) -> Statement:
        """Our keys of rows that a page after this one saw unchanged."""
        return Statement(f"{_seen(column)} AND p.seq > %s", [self._run, after])

    def read(self) -> Statement:
        """Kind and number of what this run was told, what came twice counted once; `user` and `grant` too."""
        kind, key = _field("kind"), _field("id")
        return Statement(
            "SELECT named.kind, count(*) FROM ("
            f"SELECT r.kind, r.external_id FROM {RESOURCE} r"
            f" JOIN ({_seen('seen_resources')}) s ON s.id = r.id"
            f" UNION SELECT {kind}, {kind} || ':' || {key} {_each('resources')}"
            f" UNION SELECT 'user', a.external_id FROM {ACCOUNT} a"
            f" JOIN ({_seen('seen_accounts')}) s ON s.id = a.id"
            f" UNION SELECT 'user', {key} {_each('accounts')}) named GROUP BY named.kind"
            f" UNION ALL SELECT 'grant', (SELECT count(DISTINCT id) FROM ({_seen('seen_grants')}) s)"
            f" + (SELECT count(*) FROM ({_laid_grants()}) laid)",
            [self._run] * 6,
        )

    def _laid_rows(self, join: str) -> Statement:
        """`FROM laid`, with the rows it means: `a` and `e`, as far as they are here."""
        return Statement(
            f"FROM ({_laid_grants()}) laid"
            f" {join} {ACCOUNT} a ON a.app_id = %s AND a.source = %s"
            " AND a.external_id = laid.account AND a.gone_at IS NULL"
            f" {join} {ENTITLEMENT} e ON e.app_id = %s AND e.source = %s"
            " AND e.external_id = laid.entitlement AND e.gone_at IS NULL",
            [self._run, *self._mine, *self._mine],
        )


def _seen(column: str) -> str:
    """Our keys of rows seen unchanged, as `id`. Takes the run."""
    if column in ("seen_grants", "silent_grants"):
        return _stepped(column)
    if connection.vendor == "postgresql":
        return (
            f"SELECT j.value AS id FROM {PAGE} p"
            f" CROSS JOIN LATERAL json_array_elements_text(p.{column}::json) AS j(value) WHERE p.run_id = %s"
        )
    return f"SELECT j.value AS id FROM {PAGE} p, json_each(p.{column}) j WHERE p.run_id = %s"


def _stepped(column: str) -> str:
    """The same for grants, whose keys are kept as steps from one to the next."""
    if connection.vendor == "postgresql":
        return (
            "SELECT (sum(j.step::bigint) OVER (PARTITION BY p.id ORDER BY j.n))::bigint AS id"
            f" FROM {PAGE} p CROSS JOIN LATERAL json_array_elements_text(p.{column}::json)"
            " WITH ORDINALITY AS j(step, n) WHERE p.run_id = %s"
        )
    return (
        "SELECT sum(j.value) OVER (PARTITION BY p.id ORDER BY j.key) AS id"
        f" FROM {PAGE} p, json_each(p.{column}) j WHERE p.run_id = %s"
    )


def _each(column: str) -> str:
    """`FROM` every record laid aside in full, as `j`. Takes the run."""
    if connection.vendor == "postgresql":
        return (
            f"FROM {PAGE} p CROSS JOIN LATERAL json_array_elements(p.{column}::json) AS j(value)"
            " WHERE p.run_id = %s"
        )
    return f"FROM {PAGE} p, json_each(p.{column}) j WHERE p.run_id = %s"


def _field(name: str) -> str:
    """A text of such a record."""
    return (
        f"(j.value->>'{name}')" if connection.vendor == "postgresql" else f"json_extract(j.value, '$.{name}')"
    )


def _laid_grants() -> str:
    """Pairs laid aside as new, each once: `account` and `entitlement`, the vendor's ids. Takes the run."""
    if connection.vendor == "postgresql":
        return (
            f"SELECT DISTINCT j.value->>0 AS account, j.value->>1 AS entitlement FROM {PAGE} p"
            " CROSS JOIN LATERAL json_array_elements(p.grants::json) AS j(value) WHERE p.run_id = %s"
        )
    return (
        "SELECT DISTINCT json_extract(j.value, '$[0]') AS account,"
        " json_extract(j.value, '$[1]') AS entitlement"
        f" FROM {PAGE} p, json_each(p.grants) j WHERE p.run_id = %s"
    )


def _marks(values: Sequence[str]) -> str:
    return ", ".join(["%s"] * len(values))
