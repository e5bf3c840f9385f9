"""Begins the grants that a run laid aside: joined to what is here or, where none is here yet, copied."""

import json
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import datetime
from itertools import batched

from django.db import connection

from connectors.contract import DriverError
from connectors.models import Account, Entitlement, Grant, SyncRun
from connectors.sync import sql

type Keys = dict[str, str]
"""Our keys by the vendor's ids."""

WIDE = 600_000
"""Characters of grants laid aside, some 30,000, from which they are joined whole or copied."""
MOST_COPIED = 75_000_000
"""Characters of grants, some 4 million, that are sorted in the memory of the worker."""
TOGETHER = 200
"""Accounts of which the rows are sent at once."""


def holds_any(run: SyncRun) -> bool:
    """Whether an account of the run's source holds anything here, Access included."""
    mine = {"account__app": run.connector.app_id, "account__source": run.source}
    return Grant.objects.here().filter(**mine).exists()


def begin(run: SyncRun, at: datetime, laid: int, *, are_first: bool) -> int:
    """How many grants began. `laid`: the length of those laid aside; `are_first`: whether none is held yet.

    Either way the rows are the same and come in the order of their keys. Raises DriverError if a pair means
    no rows.
    """
    if are_first and WIDE < laid <= MOST_COPIED and connection.vendor == "postgresql":
        return copy(run, at)
    return join(run, at, laid)


def join(run: SyncRun, at: datetime, laid: int) -> int:
    """In one statement, on either database."""
    statements = sql.RunSql(run.pk, run.connector.app_id, run.source)
    with sql.wide() if laid > WIDE else nullcontext():
        new = sql.execute(statements.insert_grants(at))
        # Where everything that was read is new, nothing dangles: pairs that mean no rows are not written.
        dangling = [] if new == run.read.get("grant") else sql.rows(statements.dangling())
    if dangling:
        account, entitlement = dangling[0]
        raise _named_nowhere(account, entitlement)
    return new


def copy(run: SyncRun, at: datetime) -> int:
    """The same, where nothing is held yet: by COPY, at less than half the cost of the statement.

    It knows of no conflict: an open grant of the source that began since would fail the transaction, and the
    next try would find it. The lock on the app, which is held, lets nobody begin one.
    """
    held = _held(run)
    table, tail = Grant._meta.db_table, f"\t{run.pk}\t{at.isoformat()}\n"
    new = 0
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {table} (account_id, entitlement_id, first_run, since) FROM STDIN") as into,
    ):
        for accounts in batched(sorted(held), TOGETHER):
            lines = [
                f"{account}\t{each}{tail}" for account in accounts for each in sorted(set(held[account]))
            ]
            into.write("".join(lines))
            new += len(lines)
    return new


def _held(run: SyncRun) -> dict[str, list[str]]:
    """Keys of entitlements by the key of their account, some perhaps twice."""
    mine = {"app": run.connector.app_id, "source": run.source}
    accounts: Keys = dict(Account.objects.here().filter(**mine).values_list("external_id", "pk").iterator())
    entitlements: Keys = dict(Entitlement.objects.here().filter(**mine).values_list("external_id", "pk"))
    held: dict[str, list[str]] = {}
    lost: list[tuple[str, str]] = []
    for account, named in _laid(run):
        try:
            held.setdefault(accounts[account], []).extend([entitlements[each] for each in named])
        except KeyError:
            is_known = account in accounts
            dangling = [(account, each) for each in named if not is_known or each not in entitlements]
            lost = [min([*lost, *dangling])]
    if lost:
        raise _named_nowhere(*lost[0])
    return held


def _laid(run: SyncRun) -> Iterator[tuple[str, list[str]]]:
    """Accounts with all that they hold, by the vendor's ids."""
    for page in run.pages.order_by("seq").only("grants").iterator(chunk_size=1):
        yield from json.loads(page.grants)


def _named_nowhere(account: str, entitlement: str) -> DriverError:
    return DriverError(
        f"The app said that account {account} holds {entitlement}, but named one of the two nowhere."
    )
