"""Holdings of which the app told nothing: never ended by that, and never made."""

import pytest

from connectors.actions import runs
from connectors.contract import Batch, Entitlement, Grant, Record, Resource
from connectors.models import Grant as GrantRow
from connectors.models import SyncRun
from connectors.queries import export_access
from connectors.sync import store
from tests.connectors.sync.test_laying_aside import begun
from tests.connectors.sync.world import TYPES, account


def test_a_grant_the_app_is_silent_about_stays_and_is_not_counted_as_read(sync, world, connector):
    first = sync()
    world.silent = {("3", "role:2:member"), ("1", "group:7:member")}

    second = sync()

    assert second.status == SyncRun.Status.DONE, second.problem
    assert (first.read["grant"], second.read["grant"]) == (20, 18)
    assert second.changes["grant"] == {"new": 0, "changed": 0, "gone": 0}
    assert (first.kept, second.kept) == ({"silent": 0, "unread": 0}, {"silent": 2, "unread": 0})
    assert list(export_access(connector)) == world.truth()


def test_what_was_not_held_does_not_begin_by_silence(sync, world, connector):
    sync()
    world.silent = {("9", "role:2:member")}

    run = sync()

    assert run.status == SyncRun.Status.DONE, run.problem
    assert list(export_access(connector)) == world.truth()


def test_grants_of_kinds_that_a_run_does_not_read_are_counted_as_kept(sync, world, connector):
    sync()
    groups = GrantRow.objects.here().filter(entitlement__kind="group").count()
    assert groups
    connector.kinds = ["user", "role"]
    connector.save(update_fields=["kinds"])
    world.silent = {("3", "role:2:member")}

    run = sync()

    assert run.status == SyncRun.Status.DONE, run.problem
    assert run.kept == {"silent": 1, "unread": groups}
    of_source = GrantRow.objects.here().of_source(connector.app, connector.source)
    assert of_source.count() == run.read["grant"] + 1 + groups


def test_a_silent_grant_ends_with_its_account(sync, world):
    sync()
    world.silent = {("12", "role:1:member")}
    world.remove(12)

    run = sync()

    assert not GrantRow.objects.here().filter(account__external_id="12").exists()
    assert run.kept == {"silent": 0, "unread": 0}


def test_an_account_read_again_keeps_what_the_app_is_silent_about(sync, driver, world, connector):
    world.remove_thing("role:1")  # so that the one role is proved, and the one group
    sync()
    world.silent = {("3", "group:7:member")}
    walk = driver.walk

    def and_then_it_changes(kinds, cursor=""):
        yield from walk(kinds, cursor)
        world.take("role:2:member", 3)

    driver.walk = and_then_it_changes

    run = sync()

    assert run.status == SyncRun.Status.DONE, run.problem
    assert list(export_access(connector)) == world.truth()


@pytest.mark.parametrize("silent_comes_later", [False, True])
def test_a_pair_that_is_granted_and_silent_is_granted(silent_comes_later, connector):
    first: list[Record] = [
        *TYPES,
        Resource("role", "1", "Buyer"),
        Entitlement("role:1:member", "role", "1", "member", "Buyer"),
        account(1),
        Grant("1", "role:1:member"),
    ]
    pair = [Grant("1", "role:1:member")]
    for expected in ({"new": 1, "changed": 0, "gone": 0}, {"new": 0, "changed": 0, "gone": 0}):
        run = begun(connector)
        complete = ("user", "role")
        store.lay_aside(run, Batch(first, "1", silent=() if silent_comes_later else pair, complete=complete))
        if silent_comes_later:
            store.lay_aside(run, Batch(cursor="2", silent=pair))

        assert store.counted(run) == {"grant": 1, "role": 1, "user": 1}
        runs.finish(run)

        assert run.changes["grant"] == expected
        assert run.kept == {"silent": 0, "unread": 0}
    assert GrantRow.objects.here().filter(entitlement__external_id="role:1:member").count() == 1
