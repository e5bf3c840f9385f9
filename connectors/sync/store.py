"""Lays batches aside: what was seen unchanged by our keys, what is new or changed in full."""

import json
import zlib
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, batched, pairwise

from django.db import transaction

from connectors.contract import (
    Account,
    Batch,
    Call,
    Entitlement,
    Grant,
    Note,
    Record,
    Resource,
    ResourceType,
)
from connectors.models import Account as AccountRow
from connectors.models import Entitlement as EntitlementRow
from connectors.models import Grant as GrantRow
from connectors.models import Resource as ResourceRow
from connectors.models import SyncCall, SyncLogLine, SyncPage, SyncRecount, SyncRun
from connectors.sync import attributes, sql
from connectors.sync.rows import identity, laid, packed
from connectors.sync.sentences import storable

CHUNK = 900
"""Keys asked for at once: some builds of SQLite take no more than 999 parameters."""

type Grouped = dict[type, dict[object, Record]]


@transaction.atomic
def lay_aside(run: SyncRun, batch: Batch, *, way: int = 1) -> None:
    """Keep a batch with the cursor that accounts for it, whole or not at all.

    Only while the lease is ours, which is kept for another while; raises LeaseLost. `way` is that of
    its calls: 2 where they belong to the second reading of a counted run.
    """
    found = _grouped(_kept(run, batch.records))
    run.renew(
        cursor=batch.cursor,
        attempts=0 if batch.cursor != run.cursor else run.attempts,
        problem="",
        read=_added(run.read, found),
        complete=sorted({*run.complete, *batch.complete}),
        gaps={**run.gaps, **{kind: storable(why) for kind, why in batch.gaps.items()}},
        requests=run.requests + len(batch.calls),
        bytes=run.bytes + sum(call.bytes for call in batch.calls),
    )
    if found or batch.silent:
        _page(run, found, batch.silent).save(force_insert=True)
    if run.is_counted and batch.silent:
        _count_aside(run, silent=set(batch.silent).difference(_of(found, Grant)))
    _keep_calls(run, batch.calls, way)
    tell(run, batch.notes)


@transaction.atomic
def lay_second_aside(run: SyncRun, batch: Batch) -> None:
    """Keep a batch of the second reading: as `lay_aside`, but only ids and pairs, to be compared."""
    found = _grouped(batch.records)
    granted = _of(found, Grant)
    run.renew(
        recount_cursor=batch.cursor,
        attempts=0 if batch.cursor != run.recount_cursor else run.attempts,
        problem="",
        requests=run.requests + len(batch.calls),
        bytes=run.bytes + sum(call.bytes for call in batch.calls),
    )
    accounts = [record.id for record in _of(found, Account)]
    _count_aside(run, accounts=accounts, grants=granted, silent=set(batch.silent).difference(granted))
    _keep_calls(run, batch.calls, 2)
    tell(run, batch.notes)


@transaction.atomic
def start_over(run: SyncRun) -> None:
    """Forget what was laid aside; calls and log stay, they happened."""
    run.renew(cursor="", read={}, complete=[], gaps={}, walked_at=None, recount_cursor="", second={})
    run.pages.all().delete()
    run.recounts.all().delete()


@transaction.atomic
def start_second_over(run: SyncRun) -> None:
    """Forget the second reading alone; what the walk was silent about is no part of it."""
    run.renew(recount_cursor="", second={})
    run.recounts.exclude(accounts="[]", grants="[]").delete()


@transaction.atomic
def correct(run: SyncRun, read: Mapping[str, Batch], *, way: int = 1) -> None:
    """Put accounts, by their ids, as read again in the place of what was laid aside of them.

    Grants on entitlements that this run has not named, because they are newer, wait for the next run.
    """
    known = entitlements_of(run)
    _strip(run, read.keys())
    for batch in read.values():
        kept = [
            record
            for record in batch.records
            if isinstance(record, Account) or (isinstance(record, Grant) and record.entitlement_id in known)
        ]
        again = Batch(
            records=kept, cursor=run.cursor, calls=batch.calls, notes=batch.notes, silent=batch.silent
        )
        lay_aside(run, again, way=way)


def counted(run: SyncRun) -> dict[str, int]:
    """What was laid aside by kind. A record that came in two batches counts once, unlike in `run.read`
    while the walk goes on."""
    statements = sql.RunSql(run.pk, run.connector.app_id, run.source)
    return dict(sorted({"user": 0, **dict(sql.rows(statements.read()))}.items()))


def tell(run: SyncRun, notes: Sequence[Note]) -> None:
    """Write log lines, as many as a run may have; further ones are counted."""
    if not notes:
        return
    room = max(0, SyncLogLine.LIMIT - run.log.count())
    lines = [SyncLogLine(run=run, level=note.level, text=storable(note.text)) for note in notes[:room]]
    SyncLogLine.objects.bulk_create(lines)
    if len(notes) > room:
        run.save_held(dropped_lines=run.dropped_lines + len(notes) - room)


def _count_aside(
    run: SyncRun,
    *,
    accounts: Collection[str] = (),
    grants: Iterable[Grant] = (),
    silent: Iterable[Grant] = (),
) -> None:
    last = run.recounts.order_by("-seq").values_list("seq", flat=True).first()
    SyncRecount.objects.create(
        run=run,
        seq=(last or 0) + 1,
        accounts=packed(sorted(accounts)),
        grants=_by_account(sorted((each.account_id, each.entitlement_id) for each in grants)),
        silent=_by_account(sorted((each.account_id, each.entitlement_id) for each in silent)),
    )


def _keep_calls(run: SyncRun, calls: Iterable[Call], way: int) -> None:
    SyncCall.objects.bulk_create(
        SyncCall(
            run=run,
            at=call.at,
            kind=call.kind,
            asked=call.asked,
            status=call.status,
            records=call.records,
            bytes=call.bytes,
            sha256=call.sha256,
            seconds=call.seconds,
            way=way,
            body=zlib.compress(call.body) if call.body else None,
        )
        for call in calls
    )


def _kept(run: SyncRun, records: Iterable[Record]) -> Iterable[Record]:
    """The records without the attributes that its connector is told to leave out."""
    mode, names = run.connector.filter_mode, frozenset(run.connector.filter_names)
    if mode == attributes.ALL:
        return records
    return (attributes.kept(record, mode, names) for record in records)


def _grouped(records: Iterable[Record]) -> Grouped:
    """By type and identity: of a record that came twice the later one wins."""
    found: Grouped = {}
    for record in records:
        kind = type(record)
        if kind not in found:
            found[kind] = {}
        found[kind][record if kind is Grant else identity(record)] = record  # a grant is but its identity
    return found


def _added(read: Mapping[str, int], found: Grouped) -> dict[str, int]:
    counts = Counter(read)
    counts.update(record.kind for record in _of(found, Resource))
    counts.update({"user": len(found.get(Account, ())), "grant": len(found.get(Grant, ()))})
    return dict(sorted(counts.items()))


def _page(run: SyncRun, found: Grouped, silent: Collection[Grant]) -> SyncPage:
    last = run.pages.order_by("-seq").values_list("seq", flat=True).first()
    page = SyncPage(run=run, seq=(last or 0) + 1)
    page.kinds = packed([{"kind": r.kind, "name": r.name} for r in _of(found, ResourceType)])
    page.seen_resources, page.resources = _split(run, ResourceRow, _of(found, Resource))
    page.seen_entitlements, page.entitlements = _split(run, EntitlementRow, _of(found, Entitlement))
    accounts, granted = _of(found, Account), _of(found, Grant)
    if AccountRow.objects.filter(app=run.connector.app_id, source=run.source).exists():
        page.seen_accounts, page.accounts = _split(run, AccountRow, accounts)
        page.seen_grants, page.grants = _split_grants(run, granted)
    else:  # the source is read for the first time: all is new
        page.accounts = packed([laid(record) for record in accounts])
        page.grants = _by_account((record.account_id, record.entitlement_id) for record in granted)
    if silent:
        page.silent_grants, _nothing_of_ours = _split_grants(run, set(silent).difference(granted))
    return page


def _of[R: Record](found: Grouped, kind: type[R]) -> list[R]:
    return [record for record in found.get(kind, {}).values() if isinstance(record, kind)]


def _split(
    run: SyncRun,
    table: type[ResourceRow] | type[EntitlementRow] | type[AccountRow],
    records: Sequence[Resource | Entitlement | Account],
) -> tuple[str, str]:
    """Our keys of those that are here and unchanged; the others in full."""
    known: dict[str, tuple[str, str]] = {}
    for ids in batched(map(identity, records), CHUNK):
        here = table._default_manager.filter(
            app=run.connector.app_id, source=run.source, external_id__in=ids, gone_at=None
        )
        known |= {row[0]: (row[1], row[2]) for row in here.values_list("external_id", "digest", "pk")}
    seen, new = [], []
    for record in records:
        full = laid(record)
        digest, pk = known.get(identity(record), ("", ""))
        if digest == full["digest"]:
            seen.append(pk)
        else:
            new.append(full)
    return packed(sorted(seen)), packed(new)


def _split_grants(run: SyncRun, records: Collection[Grant]) -> tuple[str, str]:
    """Our keys of those that are open, as steps; the others by the vendor's ids."""
    wanted = dict.fromkeys((record.account_id, record.entitlement_id) for record in records)
    seen = []
    for ids in batched(sorted({record.account_id for record in records}), CHUNK):
        for account_id, entitlement_id, pk in _open_grants(run, ids):
            if (account_id, entitlement_id) in wanted:
                del wanted[account_id, entitlement_id]
                seen.append(pk)
    return packed(steps(sorted(seen))), _by_account(wanted)


def _by_account(pairs: Iterable[tuple[str, str]]) -> str:
    """Each account with all that it holds: half the room of the pairs, and a tenth of the lists."""
    held: defaultdict[str, list[str]] = defaultdict(list)
    for account_id, entitlement_id in pairs:
        held[account_id].append(entitlement_id)
    return packed(list(held.items()))


def steps(keys: Sequence[int]) -> list[int]:
    """Sorted keys as the first and the steps from each to the next: most are 1, and take no room."""
    return [key - before for before, key in pairwise([0, *keys])]


def _open_grants(run: SyncRun, account_ids: Sequence[str]) -> Iterator[tuple[str, str, int]]:
    return (
        GrantRow.objects.here()
        .filter(
            account__app=run.connector.app_id,
            account__source=run.source,
            account__external_id__in=account_ids,
        )
        .values_list("account__external_id", "entitlement__external_id", "pk")
        .iterator()
    )


def entitlements_of(run: SyncRun) -> set[str]:
    """The vendor's ids of all entitlements that this run has named."""
    known: set[str] = set()
    for page in run.pages.only("seen_entitlements", "entitlements").iterator():
        known.update(record["id"] for record in json.loads(page.entitlements))
        for pks in batched(json.loads(page.seen_entitlements), CHUNK):
            known.update(EntitlementRow.objects.filter(pk__in=pks).values_list("external_id", flat=True))
    return known


def _strip(run: SyncRun, account_ids: Collection[str]) -> None:
    """Take some accounts, at most a chunk of them, and their grants out of what was laid aside."""
    mine = {"app": run.connector.app_id, "source": run.source, "external_id__in": account_ids}
    keys = set(AccountRow.objects.filter(**mine).values_list("pk", flat=True))
    grants = {pk for _, _, pk in _open_grants(run, list(account_ids))}
    for page in run.pages.iterator():
        page.seen_accounts = packed([pk for pk in json.loads(page.seen_accounts) if pk not in keys])
        page.seen_grants = _without(page.seen_grants, grants)
        page.silent_grants = _without(page.silent_grants, grants)
        page.accounts = packed(
            [record for record in json.loads(page.accounts) if record["id"] not in account_ids]
        )
        page.grants = packed([held for held in json.loads(page.grants) if held[0] not in account_ids])
        page.save()


def _without(kept: str, grants: Collection[int]) -> str:
    """Stepped keys, these taken out."""
    return packed(steps([pk for pk in accumulate(json.loads(kept)) if pk not in grants]))
