"""A batch is kept whole with its cursor, or not at all."""

from dataclasses import replace

import pytest

from connectors import jobs
from connectors.actions import runs
from connectors.contract import Account as AccountRecord
from connectors.contract import Batch, Entitlement, Grant, Note, Resource, TransientError
from connectors.models import Account, Connector, SyncCall, SyncLogLine, SyncPage, SyncRun
from connectors.queries import export_access
from connectors.sync import store
from core.leases import LeaseLost
from tests.connectors.sync.world import TYPES, account, call


@pytest.fixture
def run(connector):
    return begun(connector)


def begun(connector: Connector) -> SyncRun:
    claimed = runs.claim(str(runs.start(connector, by=None).pk))
    assert claimed is not None
    return claimed


BATCH = Batch(
    records=[
        *TYPES,
        Resource("role", "1", "Buyer"),
        Entitlement("role:1:member", "role", "1", "member", "Buyer"),
        account(1),
        Grant("1", "role:1:member"),
    ],
    cursor="1",
    calls=[call(), call()],
    notes=[Note("info", "A page.")],
    complete=("user", "role"),
)


def test_a_batch_is_kept_with_its_cursor_its_calls_and_its_notes(run):
    store.lay_aside(run, BATCH)

    run.refresh_from_db()
    assert (run.cursor, run.requests, run.bytes) == ("1", 2, 200)
    assert run.read == {"grant": 1, "role": 1, "user": 1}
    assert run.complete == ["role", "user"]
    assert SyncPage.objects.count() == 1
    assert SyncCall.objects.count() == 2
    assert SyncLogLine.objects.get().text == "A page."


def test_laid_aside_twice_is_harmless(run, connector):
    store.lay_aside(run, BATCH)
    store.lay_aside(run, BATCH)

    runs.finish(run)

    assert run.status == SyncRun.Status.DONE
    assert run.changes["user"] == run.changes["grant"] == {"new": 1, "changed": 0, "gone": 0}
    assert len(list(export_access(connector))) == 3


def test_who_lost_the_lease_keeps_nothing(run):
    SyncRun.objects.filter(pk=run.pk).update(lease=None)

    with pytest.raises(LeaseLost):
        store.lay_aside(run, BATCH)

    run.refresh_from_db()
    assert (run.cursor, run.requests) == ("", 0)
    assert not SyncPage.objects.exists()
    assert not SyncCall.objects.exists()
    assert not SyncLogLine.objects.exists()


def test_of_a_record_that_came_twice_in_a_batch_the_later_one_wins(run):
    twice = replace(BATCH, records=[*BATCH.records, account(1, name="Later"), Grant("1", "role:1:member")])

    store.lay_aside(run, twice)
    runs.finish(run)

    assert Account.objects.get().name == "Later"
    assert run.read == {"grant": 1, "role": 1, "user": 1}


@pytest.mark.parametrize("names", [("Other", "Third"), ("Other", "Person 1")])
def test_of_a_record_that_came_in_two_batches_the_later_one_wins(names, run, connector):
    store.lay_aside(run, BATCH)
    runs.finish(run)
    again = begun(connector)
    others = [record for record in BATCH.records if not isinstance(record, AccountRecord)]
    for cursor, name in enumerate(names):
        records = [*others, account(1, name=name)]
        store.lay_aside(again, replace(BATCH, cursor=str(cursor), records=records))

    runs.finish(again)

    assert Account.objects.get().name == names[-1]


def test_a_log_ends_at_its_limit_and_the_rest_is_counted(run, monkeypatch):
    monkeypatch.setattr(SyncLogLine, "LIMIT", 3)

    store.lay_aside(run, Batch(cursor="1", notes=[Note("info", "a"), Note("info", "b")]))
    store.lay_aside(run, Batch(cursor="2", notes=[Note("info", "c"), Note("info", "d"), Note("info", "e")]))

    run.refresh_from_db()
    assert [line.text for line in run.log.order_by("pk")] == ["a", "b", "c"]
    assert run.dropped_lines == 2


def test_notes_and_gaps_no_database_keeps_are_kept_readable(run):
    told = Batch(cursor="1", notes=[Note("warn", "a\0b\udc00")], gaps={"role": "c\0d\ud800"})

    store.lay_aside(run, told)

    run.refresh_from_db()
    assert run.log.get().text == "a\ufffdb\ufffd"
    assert run.gaps == {"role": "c\ufffdd\ufffd"}


def test_a_run_goes_on_where_it_was_left(sync, driver, world, connector):
    driver.trouble = {3: TransientError("Coupa answered 503.")}
    run = sync()
    driver.trouble = {}
    SyncRun.objects.update(due_at=run.created_at)

    jobs.run_sync(str(run.pk))

    run.refresh_from_db()
    assert run.status == SyncRun.Status.DONE
    assert driver.begun_at == ["", "3"]
    assert list(export_access(connector)) == world.truth()
