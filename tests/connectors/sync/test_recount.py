"""A counted run reads everything twice, in two ways, and takes nothing for true in which they differ."""

import zlib
from dataclasses import replace

import pytest

from connectors import jobs, registry
from connectors.actions import runs
from connectors.contract import CursorExpired, TransientError
from connectors.contract import Grant as GrantRecord
from connectors.models import Account, Connector, Grant, SyncCall, SyncPage, SyncRecount, SyncRun
from connectors.queries import export_access
from core.errors import NotPossible
from tests.connectors.sync.world import account


def recounting(driver, change):
    """Have something change after the walk, before the second reading."""
    recount = driver.recount

    def changed(kinds, cursor=""):
        change()
        yield from recount(kinds, cursor)

    driver.recount = changed


def pair(record):
    return (record.account_id, record.entitlement_id) if isinstance(record, GrantRecord) else ("", "")


def owner(record):
    """The account that a record of the second reading is about."""
    return record.account_id if isinstance(record, GrantRecord) else record.id


def test_two_readings_that_agree_are_one_counted_run(sync, world, connector):
    run = sync(counted=True)

    assert run.status == SyncRun.Status.DONE, run.problem
    assert run.counted_at is not None
    assert connector.counted_at == run.counted_at
    assert run.second == {"user": 12, "grant": 20}
    assert list(export_access(connector)) == world.truth()
    assert (SyncPage.objects.count(), SyncRecount.objects.count()) == (0, 0)
    ways = list(run.calls.order_by("pk").values_list("asked", "way"))
    assert [asked for asked, way in ways if way == 2] == [f"POST /recount/{step}" for step in range(3)]
    assert not [asked for asked, _ in ways if asked == "POST /holders"]


def test_a_second_counted_run_of_the_same_agrees_too(sync, world, connector):
    sync(counted=True)

    run = sync(counted=True)

    assert (run.status, run.total("new"), run.total("gone")) == (SyncRun.Status.DONE, 0, 0), run.problem
    assert list(export_access(connector)) == world.truth()


def test_a_plain_run_reads_everything_once(sync, connector):
    run = sync()

    assert (run.is_counted, run.counted_at, run.second) == (False, None, {})
    assert connector.counted_at is None
    assert not SyncCall.objects.filter(way=2).exists()


def test_a_role_that_the_walk_dropped_fails_the_run_and_is_named(sync, driver, world):
    sync()
    walk, read = driver.walk, driver.read
    lost = {("3", "role:2:member"), ("4", "role:2:member")}

    def without(batch):
        kept = [
            each
            for each in batch.records
            if (getattr(each, "account_id", ""), getattr(each, "entitlement_id", "")) not in lost
        ]
        return replace(batch, records=kept)

    driver.walk = lambda kinds, cursor="": (without(batch) for batch in walk(kinds, cursor))
    driver.read = lambda account_id: without(read(account_id))

    run = sync(counted=True)

    assert run.status == SyncRun.Status.FAILED
    assert run.problem.startswith(
        "Role “Approver”: 0 holders by one way, 2 by the other, such as account 3, 4."
    )
    assert run.counted_at is None
    assert Grant.objects.here().filter(entitlement__external_id="role:2:member").count() == 2
    assert SyncRecount.objects.count() == 0


def test_a_list_that_the_walk_cut_short_is_found_and_read_again(sync, driver, world, connector):
    walk = driver.walk
    world.give("role:2:member", *range(1, 13))

    def cut(batch):
        seen, kept = 0, []
        for each in batch.records:
            seen += pair(each)[1] == "role:2:member"
            if seen <= 1 or pair(each)[1] != "role:2:member":
                kept.append(each)
        return replace(batch, records=kept)

    driver.walk = lambda kinds, cursor="": (cut(batch) for batch in walk(kinds, cursor))

    run = sync(counted=True)

    assert run.status == SyncRun.Status.DONE, run.problem
    assert list(export_access(connector)) == world.truth()
    assert run.calls.filter(asked="GET /api/users", way=2).count() == 8


def test_an_account_that_only_one_reading_sees_fails_the_run(sync, driver, connector):
    recount = driver.recount

    def without_seven(kinds, cursor=""):
        for batch in recount(kinds, cursor):
            records = [
                each
                for each in batch.records
                if "7" not in (getattr(each, "id", ""), getattr(each, "account_id", ""))
            ]
            yield replace(batch, records=records)

    driver.recount = without_seven

    run = sync(counted=True)

    assert run.status == SyncRun.Status.FAILED
    assert run.problem == (
        "Accounts: 12 by one way, 11 by the other; in one only: 7. It stays so for accounts that were read"
        " again. Nothing was changed here."
    )
    assert not Account.objects.exists()
    assert connector.counted_at is None


def test_who_changed_between_the_readings_is_read_again(sync, driver, world, connector):
    def change():
        world.take("role:2:member", 3)
        world.give("group:7:member", 9)
        world.add(account(13), account(4, name="Renamed meanwhile"))
        world.give("role:1:member", 13)
        world.take("role:2:member", 4)
        world.remove(12)

    recounting(driver, change)

    run = sync(counted=True)

    assert run.status == SyncRun.Status.DONE, run.problem
    assert list(export_access(connector)) == world.truth()
    assert Account.objects.get(external_id="4").name == "Renamed meanwhile"
    assert run.read["user"] == run.second["user"] == 12


def test_too_many_that_differ_are_no_coincidence_and_are_not_read_again(sync, driver, world, monkeypatch):
    monkeypatch.setattr("connectors.sync.recount.FEW", 3)
    recounting(driver, lambda: world.take("role:1:member", *range(1, 8)))

    run = sync(counted=True)

    assert run.status == SyncRun.Status.FAILED
    assert run.problem.startswith("Role “Buyer”: 12 holders by one way, 5 by the other, such as account 1,")
    assert "More than 3 accounts differ." in run.problem
    assert not run.calls.filter(asked="GET /api/users").exists()


def test_what_is_newer_than_the_walk_waits_for_the_next_run(sync, driver, world, connector):
    def change():
        world.things["role:9"] = "New role"
        world.give("role:9:member", 3)

    recounting(driver, change)

    first = sync(counted=True)
    second = sync()

    assert first.status == SyncRun.Status.DONE, first.problem
    assert second.changes["role"]["new"] == 1
    assert list(export_access(connector)) == world.truth()


def test_silence_of_either_reading_contradicts_nothing(sync, driver, world, connector):
    sync()
    world.silent = {("3", "role:2:member"), ("1", "group:7:member"), ("9", "role:2:member")}
    recounting(driver, world.silent.clear)

    run = sync(counted=True)

    assert run.status == SyncRun.Status.DONE, run.problem
    assert not run.calls.filter(asked="GET /api/users").exists()
    assert list(export_access(connector)) == world.truth()


def test_a_silent_second_reading_contradicts_nothing(sync, driver, world, connector):
    recounting(driver, lambda: world.silent.update({("3", "role:2:member"), ("5", "group:7:member")}))

    run = sync(counted=True)

    assert run.status == SyncRun.Status.DONE, run.problem
    assert list(export_access(connector)) == world.truth()


def test_kinds_that_were_not_read_are_not_counted(sync, driver, world):
    world.gaps = {"group": "Coupa did not let us read groups."}
    asked = []
    recount = driver.recount

    def listened_to(kinds, cursor=""):
        asked.append(list(kinds))
        return recount(kinds, cursor)

    driver.recount = listened_to

    run = sync(counted=True)

    assert run.status == SyncRun.Status.DONE, run.problem
    assert asked == [["user", "role"]]


def test_a_kind_that_was_read_and_cannot_be_counted_fails_the_run(sync, driver, world):
    recounting(driver, lambda: world.gaps.update(group="Coupa's second way knows no groups."))

    run = sync(counted=True)

    assert run.status == SyncRun.Status.FAILED
    assert run.problem == (
        "Not everything could be counted a second time: Coupa's second way knows no groups."
    )


@pytest.mark.parametrize("step", range(3))
def test_a_worker_that_dies_while_counting_costs_no_batch_twice(step, sync, driver, world, connector):
    recount, begun_at = driver.recount, []

    def dies(kinds, cursor=""):
        begun_at.append(cursor)
        for number, batch in enumerate(recount(kinds, cursor)):
            if number == step and len(begun_at) == 1:
                raise TransientError("Coupa answered 503.")
            yield batch

    driver.recount = dies
    run = sync(counted=True)
    SyncRun.objects.update(due_at=run.created_at)

    jobs.run_sync(str(run.pk))

    run.refresh_from_db()
    assert run.status == SyncRun.Status.DONE, run.problem
    assert begun_at == ["", str(step or "")]
    assert run.calls.filter(way=2).count() == 3
    assert list(export_access(connector)) == world.truth()


def test_a_worker_that_dies_between_corrections_goes_on(sync, driver, world, connector):
    read, tries = driver.read, []

    def dies_once(account_id):
        tries.append(account_id)
        if len(tries) == 2:
            raise TransientError("Coupa answered 503.")
        return read(account_id)

    driver.read = dies_once
    changes = [lambda: world.take("role:1:member", 1, 2, 3)]
    recounting(driver, lambda: changes and changes.pop()())
    run = sync(counted=True)
    SyncRun.objects.update(due_at=run.created_at)

    jobs.run_sync(str(run.pk))

    run.refresh_from_db()
    assert run.status == SyncRun.Status.DONE, run.problem
    assert list(export_access(connector)) == world.truth()


def test_a_place_no_longer_understood_starts_the_second_count_over(sync, driver, world, connector):
    recount, begun_at = driver.recount, []
    world.silent = {("3", "role:2:member")}

    def forgets(kinds, cursor=""):
        begun_at.append(cursor)
        if len(begun_at) == 1:
            yield next(iter(recount(kinds, cursor)))
            raise TransientError("Coupa answered 503.")
        if cursor:
            raise CursorExpired("Another version of the driver.")
        yield from recount(kinds, cursor)

    driver.recount = forgets
    run = sync(counted=True)
    SyncRun.objects.update(due_at=run.created_at)

    jobs.run_sync(str(run.pk))

    run.refresh_from_db()
    assert run.status == SyncRun.Status.DONE, run.problem
    assert begun_at == ["", "1", ""]
    assert run.second["user"] == 12


def test_an_app_that_cannot_be_counted_after_all_fails_the_run(sync, world):
    world.not_counted = "Coupa offers no second way here."

    run = sync(counted=True)

    assert (run.status, run.problem) == (SyncRun.Status.FAILED, "Coupa offers no second way here.")


def test_a_driver_that_knows_one_way_begins_no_counted_run(connector, monkeypatch, trail):
    spec = replace(registry.spec("coupa"), counts=False)
    monkeypatch.setattr(registry, "spec", lambda _: spec)

    with pytest.raises(NotPossible, match="can be read in one way only"):
        runs.start(connector, by=None, counted=True)

    assert not SyncRun.objects.exists()
    assert trail() == []


def test_a_plain_run_under_way_is_not_taken_for_a_counted_one(connector):
    runs.start(connector, by=None)

    with pytest.raises(NotPossible, match="not a counted one"):
        runs.start(connector, by=None, counted=True)


def test_answers_of_a_counted_run_are_kept_compressed(sync, driver):
    walk = driver.walk

    def with_bodies(kinds, cursor=""):
        for batch in walk(kinds, cursor):
            calls = [replace(call, body=b'[{"id": 1}]') for call in batch.calls]
            yield replace(batch, calls=calls)

    driver.walk = with_bodies

    run = sync(counted=True)

    kept = run.calls.exclude(body=None)
    assert {zlib.decompress(call.body) for call in kept} == {b'[{"id": 1}]'}


def test_a_run_says_as_whom_it_asked_and_for_what(sync, driver, connector, monkeypatch):
    spec = replace(registry.spec("coupa"), client="client_id")
    monkeypatch.setattr(registry, "spec", lambda _: spec)
    Connector.objects.filter(pk=connector.pk).update(
        settings={"client_id": "b1f9c2", "mode": "read"}, sealed="sealed"
    )
    driver.granted = lambda: ("core.user.read",)

    run = sync()

    assert (run.client, run.driver_version) == ("b1f9c2", spec.version)
    assert "core.user.read" in run.scopes_asked
    assert run.scopes_granted == ["core.user.read"]


@pytest.mark.parametrize("kinds", [["user"], ["user", "account_group"]])
def test_a_run_asks_for_the_scopes_of_the_kinds_it_reads_and_no_others(kinds, sync, connector):
    Connector.objects.filter(pk=connector.pk).update(settings={"mode": "read"}, sealed="sealed", kinds=kinds)

    run = sync()

    assert ("core.accounting.read" in run.scopes_asked) == ("account_group" in kinds)
    assert len(run.scopes_asked) == len(set(run.scopes_asked))
