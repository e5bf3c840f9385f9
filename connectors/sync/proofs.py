"""Proofs of a walk: a few entitlements are asked for a second way, and the holders compared.

Where they differ it is asked once more, then what a person changed meanwhile is read again singly; a
difference that stays fails the run.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from connectors import registry
from connectors.contract import EVERY_OTHER_KIND, Batch, Driver, DriverError, Note
from connectors.contract import Grant as Pair
from connectors.models import CREDENTIAL, Entitlement, Grant, ResourceType, SyncRun
from connectors.sync import sql, store

MOST_HOLDERS = 50
"""Larger entitlements would cost more requests than a proof is worth."""
MOST_LOSING = 500
"""Of one that would lose holders the proof is worth more."""
MOST_READ_AGAIN = 20
"""More accounts that differ are no coincidence."""

type Holders = Mapping[str, frozenset[str]]


def prove(run: SyncRun, driver: Driver) -> None:
    """Of each complete kind one entitlement, drawn by the run's number, and the one that would lose most.

    Raises DriverError.
    """
    read, asked = _both_ways(run, driver)
    for entitlement_id in read:
        _prove(run, driver, entitlement_id, read[entitlement_id], asked[entitlement_id])


def _both_ways(run: SyncRun, driver: Driver) -> tuple[Holders, Holders]:
    """As read, and as asked a second way: side by side where the driver allows it, while more are drawn."""
    threads = registry.spec(run.connector.driver).threads
    if threads < 2:
        read = {each: _holders(run, each) for each in _drawn(run)}
        return read, {each: _asked(run, driver, each) for each in read}
    with ThreadPoolExecutor(threads, thread_name_prefix="proof") as pool:
        answers = {each: pool.submit(driver.holders, each) for each in _drawn(run)}
        read = {each: _holders(run, each) for each in answers}
    problems = [problem for answer in answers.values() if (problem := answer.exception())]
    answered = {each: answer.result() for each, answer in answers.items() if not answer.exception()}
    calls = tuple(call for _, made in answered.values() for call in made)
    store.lay_aside(run, Batch(cursor=run.cursor, calls=calls))
    if problems:
        raise problems[0]
    return read, {each: holders for each, (holders, _) in answered.items()}


def _drawn(run: SyncRun) -> Iterator[str]:
    statements = sql.RunSql(run.pk, run.connector.app_id, run.source)
    of_kind: defaultdict[str, list[str]] = defaultdict(list)
    for (entitlement_id,) in sql.rows(statements.holder_counts(MOST_HOLDERS)):
        of_kind[entitlement_id.partition(":")[0]].append(entitlement_id)
    kinds = sorted(set(run.complete) - set(run.gaps))
    drawn = [of_kind[kind][run.pk % len(of_kind[kind])] for kind in kinds if of_kind[kind]]
    yield from drawn
    yield from (each for each in _losing(run, kinds) if each not in drawn)


def _losing(run: SyncRun, kinds: Sequence[str]) -> Iterator[str]:
    """Of each kind the entitlement that would lose most holders, so that no cut list ends them unasked."""
    things = [kind for kind in kinds if kind not in ("user", CREDENTIAL, EVERY_OTHER_KIND)]
    if not things:
        return
    losing = sql.rows(sql.RunSql(run.pk, run.connector.app_id, run.source).would_lose(things))
    named = store.entitlements_of(run) if losing else set()
    mine = {"app": run.connector.app_id, "source": run.source}
    found: set[str] = set()
    for entitlement_id, kind in losing:
        if kind in found or entitlement_id not in named:
            continue
        here = Grant.objects.here().filter(
            entitlement__external_id=entitlement_id,
            **{f"entitlement__{name}": of for name, of in mine.items()},
        )
        if here.count() <= MOST_LOSING:
            found.add(kind)
            yield entitlement_id


def _prove(
    run: SyncRun, driver: Driver, entitlement_id: str, read: frozenset[str], asked: frozenset[str]
) -> None:
    if asked != read:
        read = _holders(run, entitlement_id)  # an earlier proof may have corrected it
        asked = _asked(run, driver, entitlement_id)  # one empty or short answer is a habit of servers
    differ = sorted(read ^ asked)
    name = spoken(run, entitlement_id)
    if len(differ) <= MOST_READ_AGAIN and all(
        _corrected(run, driver, Pair(account_id, entitlement_id), held=account_id in asked)
        for account_id in differ
    ):
        store.tell(run, [Note("info", f"Proof: {name}, asked a second way, has {len(asked)} holders too.")])
        return
    raise DriverError(
        f"{name} has {len(read)} holders when read off the accounts, but {len(asked)} when asked for itself."
        " Nothing was changed here; if a second sync says the same, the app contradicts itself."
    )


def _asked(run: SyncRun, driver: Driver, entitlement_id: str) -> frozenset[str]:
    """The holders, asked a second way."""
    holders, calls = driver.holders(entitlement_id)
    store.lay_aside(run, Batch(cursor=run.cursor, calls=calls))
    return holders


def _corrected(run: SyncRun, driver: Driver, grant: Pair, *, held: bool) -> bool:
    """Read one account again; it takes the place of the first reading, unless it contradicts the second way.

    Where the app is silent about the grant nothing contradicts.
    """
    batch = driver.read(grant.account_id)
    if grant not in batch.silent and (grant in batch.records) != held:
        return False
    store.correct(run, {grant.account_id: batch})
    return True


def _holders(run: SyncRun, entitlement_id: str) -> frozenset[str]:
    statements = sql.RunSql(run.pk, run.connector.app_id, run.source)
    return frozenset(account for _, account in sql.rows(statements.holders(entitlement_id)))


def spoken(run: SyncRun, entitlement_id: str) -> str:
    """`Role “Buyer”`, from what this run laid aside or what is here."""
    kinds: dict[str, str] = {}
    name, kind = "", entitlement_id.partition(":")[0]
    for page in run.pages.order_by("seq").only("kinds", "entitlements").iterator():
        kinds |= {record["kind"]: record["name"] for record in json.loads(page.kinds)}
        for record in json.loads(page.entitlements):
            if record["id"] == entitlement_id:
                name, kind = record["name"], record["kind"]
    here = {"app": run.connector.app_id, "source": run.source}
    if not name:
        row = Entitlement.objects.filter(**here, external_id=entitlement_id).first()
        name, kind = (row.name, row.kind) if row else (entitlement_id, kind)
    word = (
        kinds.get(kind)
        or ResourceType.objects.filter(**here, kind=kind).values_list("name", flat=True).first()
    )
    return f"{word or kind} “{name}”"
