"""The second reading of a counted run: everything once more, in another way, compared as sets.

Whoever differs is read again singly, for they may have changed meanwhile; what still differs fails the run
and changes nothing.
"""

from collections.abc import Sequence
from itertools import batched

from django.utils.timezone import now

from connectors.contract import Batch, CursorExpired, Driver, DriverError, Kind, Note
from connectors.models import SyncRun
from connectors.sync import sql, store
from connectors.sync.proofs import spoken
from connectors.sync.sql import RunSql

FEW = 20
"""So many people may differ in an app of any size."""
SHARE = 100
"""Of larger apps one in so many: more are no coincidence, and would cost more than they prove."""
PAIRS = 5_000
"""Pairs that are looked at; more differences are not looked into."""
TOGETHER = 100
"""People whose corrections are laid aside at once."""
NAMED = 3
"""Differences that are named."""

type Pairs = list[tuple[str, str]]


def count(run: SyncRun, driver: Driver) -> None:
    """Read everything a second time and compare; raises DriverError if the two contradict each other.

    Harmless to do again: what was laid aside of the second reading is not asked for twice.
    """
    kinds = [kind for kind in run.kinds if kind in run.complete and kind not in run.gaps]
    try:
        _lay_all_aside(run, driver, kinds)
    except CursorExpired as problem:
        if not run.recount_cursor:
            raise  # a driver that does not understand its own beginning
        store.start_second_over(run)
        store.tell(run, [Note("warn", f"The second count starts over: {problem}")])
        _lay_all_aside(run, driver, kinds)
    accounts, grants = sql.rows(_of(run).second_numbers())[0]
    run.renew(second={"user": accounts, "grant": grants})
    _compare(run, driver, kinds)
    run.renew(counted_at=now())
    store.tell(run, [Note("info", f"Counted twice: {accounts:,} accounts and {grants:,} grants agree.")])


def _lay_all_aside(run: SyncRun, driver: Driver, kinds: Sequence[Kind]) -> None:
    for batch in driver.recount(kinds, run.recount_cursor):
        for kind in sorted(batch.gaps.keys() & set(kinds)):
            raise DriverError(f"Not everything could be counted a second time: {batch.gaps[kind]}")
        store.lay_second_aside(run, batch)


def _compare(run: SyncRun, driver: Driver, kinds: Sequence[Kind]) -> None:
    accounts, grants = _differences(run, kinds)
    people = sorted({account for account, _ in accounts} | {account for _, account in grants})
    if not people:
        return
    most = max(FEW, sql.rows(_of(run).first_number())[0][0] // SHARE)
    if len(people) > most:
        raise DriverError(f"{_said(run, accounts, grants)} {_ended(f'More than {most} accounts differ')}")
    for some in batched(people, TOGETHER):
        store.correct(run, {account: _read(run, driver, account) for account in some}, way=2)
    accounts, grants = _differences(run, kinds)
    if accounts or grants:
        ended = _ended("It stays so for accounts that were read again")
        raise DriverError(f"{_said(run, accounts, grants)} {ended}")


def _read(run: SyncRun, driver: Driver, account: str) -> Batch:
    run.renew()
    return driver.read(account)


def _differences(run: SyncRun, kinds: Sequence[Kind]) -> tuple[Pairs, Pairs]:
    """Accounts with the way that saw them; entitlements with the account that holds them one way only.

    What this run has not named waits for the next one.
    """
    accounts = sql.rows(_of(run).accounts_that_differ(PAIRS)) if "user" in kinds else []
    things = [kind for kind in kinds if kind != "user"]
    grants = sql.rows(_of(run).grants_that_differ(things, PAIRS)) if things else []
    known = store.entitlements_of(run) if grants else set()
    return [(row[0], row[1]) for row in accounts], [(row[0], row[1]) for row in grants if row[0] in known]


def _said(run: SyncRun, accounts: Pairs, grants: Pairs) -> str:
    """`Role “Buyer”: 41 holders by one way, 40 by the other.`"""
    sentences = []
    odd = {account for account, _ in accounts}
    grants = [pair for pair in grants if pair[1] not in odd]  # of an account that is not there nothing is
    if accounts:
        first, second = sql.rows(_of(run).first_number())[0][0], run.second["user"]
        examples = ", ".join(account for account, _ in accounts[:NAMED])
        sentences.append(
            f"Accounts: {first:,} by one way, {second:,} by the other; in one only: {examples}"
            + ("." if len(accounts) <= NAMED else " and others.")
        )
    entitlements = list(dict.fromkeys(entitlement for entitlement, _ in grants))
    for entitlement in entitlements[:NAMED]:
        first, second = sql.rows(_of(run).both_numbers(entitlement))[0]
        examples = ", ".join([account for each, account in grants if each == entitlement][:NAMED])
        sentences.append(
            f"{spoken(run, entitlement)}: {first:,} holders by one way, {second:,} by the other, such as"
            f" account {examples}."
        )
    if len(entitlements) > NAMED:
        sentences.append(f"{len(entitlements) - NAMED:,} further entitlements differ.")
    return " ".join(sentences)


def _ended(why: str) -> str:
    return f"{why}. Nothing was changed here."


def _of(run: SyncRun) -> RunSql:
    return RunSql(run.pk, run.connector.app_id, run.source)
