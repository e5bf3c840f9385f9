"""Every statement on the graph that the ORM cannot say, in the words of either database.

Parameters are the caller's values; what is written into the text are names of our own tables and columns.
"""

# ruff: noqa: S608

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection

from connectors.models import Account, Entitlement, Grant, Resource
from connectors.sync import aside
from connectors.sync.aside import RECOUNT


class Statement(NamedTuple):
    """A text and the values for its marks."""

    text: str
    values: list[Any]


WIDE = {"work_mem": "65536", "enable_nestloop": "off"}
"""For one statement; memory in kB."""
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


def number(statement: Statement) -> int:
    """The one number it answers."""
    [[found]] = rows(statement)
    return int(found)


@contextmanager
def wide() -> Iterator[None]:
    """For statements that touch very many rows: sorted in memory, joined whole.

    Within a large transaction PostgreSQL knows nothing yet of the rows it has just written, takes them for
    a handful, and would look each one up. SQLite needs no such advice.
    """
    if connection.vendor != "postgresql":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, setting FROM pg_settings WHERE name = ANY(%s)", [list(WIDE)])
        before = cursor.fetchall()
        for name, value in WIDE.items():
            cursor.execute("SELECT set_config(%s, %s, true)", [name, value])
        yield
        for name, value in before:
            cursor.execute("SELECT set_config(%s, %s, true)", [name, value])


class RunSql:
    """Statements about one run: what it saw, what it laid aside, and what follows for the graph."""

    def __init__(self, run_id: int, app_id: str, source: str) -> None:
        self._run = run_id
        self._mine: list[Any] = [app_id, source]

    def dangling(self) -> Statement:
        """A few pairs laid aside whose account or entitlement nobody has named."""
        joined, values = self._laid_rows("LEFT JOIN", each="")
        return Statement(
            f"SELECT laid.account, laid.entitlement {joined} WHERE a.id IS NULL OR e.id IS NULL"
            " ORDER BY 1, 2 LIMIT 3",
            values,
        )

    def insert_grants(self, at: datetime) -> Statement:
        """New holdings, in the order of their keys: two writers of one order never wait for each other."""
        joined, values = self._laid_rows("JOIN", each="")
        moment = "CAST(%s AS timestamptz)" if connection.vendor == "postgresql" else "%s"
        return Statement(
            f"INSERT INTO {GRANT} (account_id, entitlement_id, first_run, since)"
            f" SELECT DISTINCT a.id, e.id, CAST(%s AS bigint), {moment} {joined}"
            f" LEFT JOIN {GRANT} g ON g.account_id = a.id AND g.entitlement_id = e.id AND g.gone_at IS NULL"
            " WHERE g.id IS NULL ORDER BY 1, 2"
            " ON CONFLICT (account_id, entitlement_id) WHERE gone_at IS NULL DO NOTHING",
            [self._run, at, *values],
        )

    def retire(self, table: str, seen: str, at: datetime, kinds: Sequence[str] | None = None) -> Statement:
        """Rows still here that this run neither saw nor wrote get their end. `kinds` None: of every kind."""
        of_kind = f" AND kind IN ({aside.marks(kinds)})" if kinds is not None else ""
        return Statement(
            f"UPDATE {table} SET gone_at = %s, gone_run = %s WHERE id IN ("
            f"SELECT id FROM {table} WHERE app_id = %s AND source = %s AND gone_at IS NULL{of_kind}"
            f" EXCEPT {aside.seen(seen)}"
            f" EXCEPT SELECT id FROM {table} WHERE app_id = %s AND source = %s AND changed_run = %s)",
            [at, self._run, *self._mine, *(kinds or ()), self._run, *self._mine, self._run],
        )

    def retire_grants(self, at: datetime, kinds: Sequence[str]) -> Statement:
        """Open grants on entitlements of these kinds that this run did not see, and was told about.

        What it began itself need not be looked for among what it saw.
        """
        joined, values = self._laid_rows("JOIN")
        return Statement(
            f"UPDATE {GRANT} SET gone_at = %s, gone_run = %s WHERE id IN ("
            f"SELECT g.id FROM {GRANT} g JOIN {ENTITLEMENT} e ON e.id = g.entitlement_id"
            f" WHERE e.app_id = %s AND e.source = %s AND e.kind IN ({aside.marks(kinds)})"
            " AND g.gone_at IS NULL AND g.first_run <> %s"
            f" EXCEPT {aside.seen('seen_grants')} EXCEPT {aside.seen('silent_grants')}"
            f" EXCEPT SELECT g.id {joined}"
            f" JOIN {GRANT} g ON g.account_id = a.id AND g.entitlement_id = e.id AND g.gone_at IS NULL)",
            [at, self._run, *self._mine, *kinds, self._run, self._run, self._run, *values],
        )

    def kept_by_silence(self, kinds: Sequence[str]) -> Statement:
        """How many open grants on entitlements of these kinds the app told nothing about, once all is
        applied."""
        joined, values = self._laid_rows("JOIN")
        return Statement(
            f"SELECT count(*) FROM ({aside.seen('silent_grants')} EXCEPT {aside.seen('seen_grants')}"
            f" EXCEPT SELECT g.id {joined}"
            f" JOIN {GRANT} g ON g.account_id = a.id AND g.entitlement_id = e.id AND g.gone_at IS NULL) s"
            f" JOIN {GRANT} held ON held.id = s.id JOIN {ENTITLEMENT} thing ON thing.id = held.entitlement_id"
            f" WHERE held.gone_at IS NULL AND thing.kind IN ({aside.marks(kinds)})",
            [self._run, self._run, *values, *kinds],
        )

    def kept_unread(self, kinds: Sequence[str]) -> Statement:
        """How many open grants on entitlements of any other kinds this run did not see, once all is
        applied."""
        joined, values = self._laid_rows("JOIN")
        return Statement(
            f"SELECT count(*) FROM (SELECT g.id FROM {GRANT} g"
            f" JOIN {ENTITLEMENT} e ON e.id = g.entitlement_id"
            f" WHERE e.app_id = %s AND e.source = %s AND e.kind NOT IN ({aside.marks(kinds)})"
            f" AND g.gone_at IS NULL EXCEPT {aside.seen('seen_grants')} EXCEPT SELECT g.id {joined}"
            f" JOIN {GRANT} g ON g.account_id = a.id AND g.entitlement_id = e.id AND g.gone_at IS NULL) s",
            [*self._mine, *kinds, self._run, *values],
        )

    def end_grants_of_the_gone(self, table: str, column: str, at: datetime) -> Statement:
        """Open grants of accounts, or on entitlements, that this run retired."""
        return Statement(
            f"UPDATE {GRANT} SET gone_at = %s, gone_run = %s WHERE gone_at IS NULL AND {column} IN ("
            f"SELECT t.id FROM {table} t WHERE t.app_id = %s AND t.source = %s AND t.gone_run = %s"
            " AND t.gone_at IS NOT NULL)",
            [at, self._run, *self._mine, self._run],
        )

    def begin_access(self, entitlement_pk: str, without: Sequence[str], at: datetime) -> Statement:
        """Access for accounts that are here and of none of these statuses, as far as they do not hold it."""
        moment = "CAST(%s AS timestamptz)" if connection.vendor == "postgresql" else "%s"
        return Statement(
            f"INSERT INTO {GRANT} (account_id, entitlement_id, first_run, since)"
            f" SELECT a.id, %s, CAST(%s AS bigint), {moment} FROM {ACCOUNT} a"
            f" LEFT JOIN {GRANT} g ON g.account_id = a.id AND g.entitlement_id = %s AND g.gone_at IS NULL"
            " WHERE a.app_id = %s AND a.source = %s AND a.gone_at IS NULL"
            f" AND a.status NOT IN ({aside.marks(without)}) AND g.id IS NULL ORDER BY a.id"
            " ON CONFLICT (account_id, entitlement_id) WHERE gone_at IS NULL DO NOTHING",
            [entitlement_pk, self._run, at, entitlement_pk, *self._mine, *without],
        )

    def end_access(self, entitlement_pk: str, without: Sequence[str], at: datetime) -> Statement:
        """The end of Access for accounts that went, or came to be of one of these statuses."""
        return Statement(
            f"UPDATE {GRANT} SET gone_at = %s, gone_run = %s WHERE id IN ("
            f"SELECT g.id FROM {GRANT} g JOIN {ACCOUNT} a ON a.id = g.account_id"
            " WHERE g.entitlement_id = %s AND g.gone_at IS NULL"
            f" AND (a.gone_at IS NOT NULL OR a.status IN ({aside.marks(without)})))",
            [at, self._run, entitlement_pk, *without],
        )

    def would_retire(self, table: str, seen: str, laid: str, kinds: Sequence[str] | None = None) -> Statement:
        """Our keys of rows that `retire` would end, as long as nothing of this run is applied."""
        of_kind = f" AND kind IN ({aside.marks(kinds)})" if kinds is not None else ""
        return Statement(
            f"SELECT id FROM {table} WHERE app_id = %s AND source = %s AND gone_at IS NULL{of_kind}"
            f" EXCEPT {aside.seen(seen)}"
            f" EXCEPT SELECT t.id FROM {table} t JOIN"
            f" (SELECT {aside.field('id')} AS external_id {aside.each(laid)}) laid"
            " ON laid.external_id = t.external_id WHERE t.app_id = %s AND t.source = %s",
            [*self._mine, *(kinds or ()), self._run, self._run, *self._mine],
        )

    def would_disable(self) -> Statement:
        """Our keys of enabled accounts that this run laid aside as disabled or deleted."""
        return Statement(
            f"SELECT t.id FROM {ACCOUNT} t JOIN (SELECT {aside.field('id')} AS external_id,"
            f" {aside.field('status')} AS status {aside.each('accounts')}) laid"
            " ON laid.external_id = t.external_id"
            " WHERE t.app_id = %s AND t.source = %s AND t.gone_at IS NULL AND t.status = 'enabled'"
            " AND laid.status IN ('disabled', 'deleted')",
            [self._run, *self._mine],
        )

    def would_end(self, kinds: Sequence[str], *, accounts: bool) -> Statement:
        """Our keys of grants that would end: not seen, or of what would go itself. `accounts`: whether
        accounts may go."""
        parts = []
        if kinds:
            joined, values = self._laid_rows("JOIN")
            unseen = Statement(
                f"SELECT g.id FROM {GRANT} g JOIN {ENTITLEMENT} e ON e.id = g.entitlement_id"
                f" WHERE e.app_id = %s AND e.source = %s AND e.kind IN ({aside.marks(kinds)})"
                " AND g.gone_at IS NULL"
                f" EXCEPT {aside.seen('seen_grants')} EXCEPT {aside.seen('silent_grants')}"
                f" EXCEPT SELECT g.id {joined}"
                f" JOIN {GRANT} g ON g.account_id = a.id AND g.entitlement_id = e.id AND g.gone_at IS NULL",
                [*self._mine, *kinds, self._run, self._run, *values],
            )
            gone = self.would_retire(ENTITLEMENT, "seen_entitlements", "entitlements", kinds)
            parts += [unseen, _grants_of("entitlement_id", gone)]
        if accounts:
            gone = self.would_retire(ACCOUNT, "seen_accounts", "accounts")
            parts.append(_grants_of("account_id", gone))
        text = " UNION ".join(f"SELECT id FROM ({part.text}) part{n}" for n, part in enumerate(parts))
        return Statement(text, [value for part in parts for value in part.values])

    def would_lose(self, kinds: Sequence[str]) -> Statement:
        """Entitlements of these kinds of which a grant would end, and their kind; most losses first."""
        ended, values = self.would_end(kinds, accounts=False)
        return Statement(
            f"SELECT e.external_id, e.kind FROM ({ended}) w JOIN {GRANT} g ON g.id = w.id"
            f" JOIN {ENTITLEMENT} e ON e.id = g.entitlement_id"
            " GROUP BY e.external_id, e.kind ORDER BY count(*) DESC, e.external_id",
            values,
        )

    def silent_among(self, grants: Sequence[int]) -> Statement:
        """Our keys of those of these grants that the app told this run nothing about."""
        text = f"SELECT id FROM ({aside.seen('silent_grants')}) s"
        return Statement(f"{text} WHERE id IN ({', '.join(['%s'] * len(grants))})", [self._run, *grants])

    def holders(self, entitlement: str = "") -> Statement:
        """Pairs of entitlement and account, vendor's ids, as this run will leave them: all, or of one."""
        only = " WHERE held.entitlement = %s" if entitlement else ""
        return Statement(
            "SELECT held.entitlement, held.account FROM ("
            "SELECT e.external_id AS entitlement, a.external_id AS account"
            f" FROM ({aside.seen('seen_grants')} UNION ALL {aside.seen('silent_grants')}) s"
            f" JOIN {GRANT} g ON g.id = s.id JOIN {ENTITLEMENT} e ON e.id = g.entitlement_id"
            f" JOIN {ACCOUNT} a ON a.id = g.account_id"
            f" UNION SELECT laid.entitlement, laid.account FROM ({aside.pairs('grants')}) laid) held{only}",
            [self._run, self._run, self._run, *([entitlement] if entitlement else [])],
        )

    def holder_counts(self, most: int) -> Statement:
        """Entitlements of one to `most` holders, in order. An account that came twice may count twice."""
        return Statement(
            "SELECT held.entitlement FROM ("
            "SELECT e.external_id AS entitlement, s.held FROM ("
            "SELECT g.entitlement_id, count(*) AS held"
            f" FROM ({aside.seen('seen_grants')} UNION ALL {aside.seen('silent_grants')}) s"
            f" JOIN {GRANT} g ON g.id = s.id GROUP BY g.entitlement_id) s"
            f" JOIN {ENTITLEMENT} e ON e.id = s.entitlement_id"
            " UNION ALL SELECT laid.entitlement, count(*) AS held"
            f" FROM ({aside.pairs('grants', each='')}) laid GROUP BY laid.entitlement) held"
            " GROUP BY held.entitlement HAVING sum(held.held) <= %s ORDER BY held.entitlement",
            [self._run, self._run, self._run, most],
        )

    def seen_again(self, column: str, after: int) -> Statement:
        """Our keys of rows that a page after this one saw unchanged."""
        return Statement(f"{aside.seen(column)} AND p.seq > %s", [self._run, after])

    def read(self) -> Statement:
        """Kind and number of what this run was told, what came twice counted once; `user` and `grant` too.

        Where no account came twice no pair did, and they need not be told apart.
        """
        kind, key = aside.field("kind"), aside.field("id")
        return Statement(
            "SELECT named.kind, count(*) FROM ("
            f"SELECT r.kind, r.external_id FROM {RESOURCE} r"
            f" JOIN ({aside.seen('seen_resources')}) s ON s.id = r.id"
            f" UNION SELECT {kind}, {kind} || ':' || {key} {aside.each('resources')}"
            f" UNION SELECT 'user', a.external_id FROM {ACCOUNT} a"
            f" JOIN ({aside.seen('seen_accounts')}) s ON s.id = a.id"
            f" UNION SELECT 'user', {key} {aside.each('accounts')}) named GROUP BY named.kind"
            f" UNION ALL SELECT 'grant', (SELECT count(DISTINCT id) FROM ({aside.seen('seen_grants')}) s)"
            " + (SELECT CASE WHEN count(*) = count(DISTINCT account) THEN coalesce(sum(held), 0)"
            f" ELSE (SELECT count(*) FROM ({aside.pairs('grants')}) laid) END FROM ({aside.holders()}) h)",
            [self._run] * 7,
        )

    def accounts_that_differ(self, most: int) -> Statement:
        """Vendor's ids of accounts that only one of two readings has seen, and which reading: 1 or 2."""
        first, second = self._first_accounts(), Statement(aside.ids(), [self._run])
        return Statement(
            f"SELECT id, 1 AS way FROM (SELECT id FROM ({first.text}) f EXCEPT {second.text}) a"
            f" UNION ALL SELECT id, 2 FROM ({second.text} EXCEPT SELECT id FROM ({first.text}) f) b"
            " ORDER BY 1 LIMIT %s",
            [*first.values, *second.values, *second.values, *first.values, most],
        )

    def grants_that_differ(self, kinds: Sequence[str], most: int) -> Statement:
        """Entitlement, account and reading of pairs of these kinds that only one reading has seen, where
        the other was not silent about them."""
        first, second = self._first_grants(), Statement(aside.pairs("grants", RECOUNT), [self._run])
        mine = f"SELECT account, entitlement FROM ({first.text}) f"
        other = f"SELECT account, entitlement FROM ({second.text}) s"
        untold = f"SELECT account, entitlement FROM ({aside.pairs('silent', RECOUNT)}) u"
        of_kind = " OR ".join(["substr(entitlement, 1, %s) = %s"] * len(kinds))
        asked = [part for kind in kinds for part in (len(kind) + 1, f"{kind}:")]
        return Statement(
            "SELECT entitlement, account, way FROM ("
            f"SELECT entitlement, account, 1 AS way FROM ({mine} EXCEPT {other} EXCEPT {untold}) a"
            " UNION ALL"
            f" SELECT entitlement, account, 2 AS way FROM ({other} EXCEPT {mine} EXCEPT {untold}) b"
            f") d WHERE {of_kind} ORDER BY 1, 2 LIMIT %s",
            [
                *(*first.values, *second.values, self._run),
                *(*second.values, *first.values, self._run),
                *(*asked, most),
            ],
        )

    def both_numbers(self, entitlement: str) -> Statement:
        """How many hold an entitlement by the first reading, and how many by the second."""
        first = self._first_grants()
        return Statement(
            f"SELECT (SELECT count(*) FROM ({first.text}) f WHERE entitlement = %s),"
            f" (SELECT count(*) FROM ({aside.pairs('grants', RECOUNT)}) s WHERE entitlement = %s)",
            [*first.values, entitlement, self._run, entitlement],
        )

    def first_number(self) -> Statement:
        """How many accounts the first reading has seen."""
        text, values = self._first_accounts()
        return Statement(f"SELECT count(*) FROM ({text}) f", values)

    def second_numbers(self) -> Statement:
        """How many accounts and how many grants the second reading has seen."""
        return Statement(
            f"SELECT (SELECT count(*) FROM ({aside.ids()}) a),"
            f" (SELECT count(*) FROM ({aside.pairs('grants', RECOUNT)}) g)",
            [self._run, self._run],
        )

    def _first_accounts(self) -> Statement:
        return Statement(
            f"SELECT a.external_id AS id FROM {ACCOUNT} a"
            f" JOIN ({aside.seen('seen_accounts')}) s ON s.id = a.id"
            f" UNION SELECT {aside.field('id')} {aside.each('accounts')}",
            [self._run, self._run],
        )

    def _first_grants(self) -> Statement:
        """Pairs that the walk was told of: what is silent is no part of them."""
        return Statement(
            "SELECT a.external_id AS account, e.external_id AS entitlement"
            f" FROM ({aside.seen('seen_grants')}) s"
            f" JOIN {GRANT} g ON g.id = s.id JOIN {ENTITLEMENT} e ON e.id = g.entitlement_id"
            f" JOIN {ACCOUNT} a ON a.id = g.account_id"
            f" UNION SELECT laid.account, laid.entitlement FROM ({aside.pairs('grants')}) laid",
            [self._run, self._run],
        )

    def _laid_rows(self, join: str, each: str = "DISTINCT") -> Statement:
        """`FROM laid`, with the rows it means: `a` and `e`, as far as they are here. `each` empty: for a
        caller who makes them distinct himself."""
        return Statement(
            f"FROM ({aside.pairs('grants', each=each)}) laid"
            f" {join} {ACCOUNT} a ON a.app_id = %s AND a.source = %s"
            " AND a.external_id = laid.account AND a.gone_at IS NULL"
            f" {join} {ENTITLEMENT} e ON e.app_id = %s AND e.source = %s"
            " AND e.external_id = laid.entitlement AND e.gone_at IS NULL",
            [self._run, *self._mine, *self._mine],
        )


def _grants_of(column: str, gone: Statement) -> Statement:
    """Open grants of these accounts, or on these entitlements."""
    return Statement(
        f"SELECT g.id FROM {GRANT} g WHERE g.gone_at IS NULL AND g.{column} IN ({gone.text})", gone.values
    )
