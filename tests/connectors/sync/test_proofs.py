"""What a walk read is asked for a second way, and a difference that stays fails the run."""

import threading
from dataclasses import replace

import pytest

from connectors import registry
from connectors.contract import DriverError
from connectors.contract import Grant as GrantRecord
from connectors.models import Account, Grant, SyncCall, SyncRun
from connectors.queries import export_access
from tests.connectors.sync.world import account


@pytest.fixture
def only_one_role(world):
    """Every draw takes Approver, held by 3 and 4, and the one group."""
    world.remove_thing("role:1")
    return world


def test_proofs_are_asked_side_by_side_and_each_call_is_told(sync, driver):
    meeting, holders = threading.Barrier(2, timeout=20), driver.holders

    def with_the_other(entitlement_id):
        meeting.wait()
        return holders(entitlement_id)

    driver.holders = with_the_other

    run = sync()

    assert run.status == SyncRun.Status.DONE, run.problem
    assert SyncCall.objects.filter(run=run, asked="POST /holders").count() == 2


def test_a_driver_for_one_thread_is_asked_by_the_worker_itself(sync, driver, monkeypatch):
    spec, holders, threads = registry.spec("coupa"), driver.holders, set()
    monkeypatch.setattr(registry, "spec", lambda _: replace(spec, threads=1))

    def in_a_thread(entitlement_id):
        threads.add(threading.current_thread())
        return holders(entitlement_id)

    driver.holders = in_a_thread

    run = sync()

    assert run.status == SyncRun.Status.DONE, run.problem
    assert threads == {threading.current_thread()}


def test_calls_of_the_other_proofs_are_told_though_one_finds_the_app_away(sync, driver, connector):
    holders = driver.holders

    def away_for_groups(entitlement_id):
        if entitlement_id.startswith("group"):
            raise DriverError("The app gave no answer.")
        return holders(entitlement_id)

    driver.holders = away_for_groups

    run = sync()

    assert run.status == SyncRun.Status.FAILED
    assert run.problem == "The app gave no answer."
    assert SyncCall.objects.filter(run=run, asked="POST /holders").count() == 1


def test_one_entitlement_of_each_kind_is_proved(sync):
    run = sync()

    proofs = [line.text for line in run.log.order_by("pk") if line.text.startswith("Proof")]
    assert len(proofs) == 2
    assert proofs[0] == "Proof: Group “Plant Göteborg”, asked a second way, has 6 holders too."
    assert SyncCall.objects.filter(run=run, asked="POST /holders").count() == 2


def test_what_changed_while_it_was_read_is_read_again_and_corrected(sync, driver, only_one_role, connector):
    walk = driver.walk

    def and_then_it_changes(kinds, cursor=""):
        yield from walk(kinds, cursor)
        only_one_role.take("role:2:member", 3)
        only_one_role.give("role:2:member", 9)
        only_one_role.add(account(9, name="Renamed meanwhile"))

    driver.walk = and_then_it_changes

    run = sync()

    assert run.status == SyncRun.Status.DONE, run.problem
    assert list(export_access(connector)) == only_one_role.truth()
    assert Account.objects.get(external_id="9").name == "Renamed meanwhile"


def test_a_correction_of_what_was_seen_unchanged_counts_too(sync, driver, only_one_role, connector):
    sync()
    walk = driver.walk

    def and_then_it_changes(kinds, cursor=""):
        yield from walk(kinds, cursor)
        only_one_role.take("role:2:member", 3)
        only_one_role.remove(4)

    driver.walk = and_then_it_changes

    run = sync()

    assert run.status == SyncRun.Status.DONE, run.problem
    assert list(export_access(connector)) == only_one_role.truth()
    assert run.changes["grant"]["gone"] == 2


def test_a_difference_that_stays_fails_the_run(sync, only_one_role):
    only_one_role.second_opinion = {"role:2:member": frozenset({"3", "4", "5"})}

    run = sync()

    assert run.status == SyncRun.Status.FAILED
    assert run.problem.startswith("Role “Approver” has 2 holders when read off the accounts, but 3")
    assert not Grant.objects.exists()


@pytest.mark.parametrize("first_answer", [frozenset(), frozenset({"3"})], ids=["empty", "short"])
def test_one_wrong_answer_to_a_proof_is_asked_again_and_nobody_is_read_singly(
    first_answer, sync, driver, only_one_role
):
    holders, wrong = driver.holders, {"role:2:member": first_answer}

    def wrong_once(entitlement_id):
        right, calls = holders(entitlement_id)
        return wrong.pop(entitlement_id, right), calls

    driver.holders = wrong_once

    run = sync()

    assert run.status == SyncRun.Status.DONE, run.problem
    assert SyncCall.objects.filter(run=run, asked="POST /holders").count() == 3
    assert not SyncCall.objects.filter(run=run, asked="GET /api/users").exists()


def test_silence_about_a_grant_contradicts_nothing_and_grants_nothing(sync, driver, only_one_role):
    only_one_role.second_opinion = {"role:2:member": frozenset({"3", "4", "9"})}
    read, untold = driver.read, GrantRecord("9", "role:2:member")
    driver.read = lambda account_id: replace(read(account_id), silent=[untold])

    run = sync()

    assert run.status == SyncRun.Status.DONE, run.problem
    assert not Grant.objects.filter(account__external_id="9", entitlement__external_id="role:2:member")


def test_too_many_differences_are_no_coincidence_and_are_not_read_again(sync, driver, only_one_role):
    only_one_role.second_opinion = {"role:2:member": frozenset(map(str, range(100, 130)))}

    run = sync()

    assert run.status == SyncRun.Status.FAILED
    assert not SyncCall.objects.filter(run=run, asked="GET /api/users").exists()


def test_an_entitlement_of_many_holders_is_not_drawn(sync, only_one_role, monkeypatch):
    monkeypatch.setattr("connectors.sync.proofs.MOST_HOLDERS", 1)

    run = sync()

    assert run.status == SyncRun.Status.DONE
    assert not SyncCall.objects.filter(run=run, asked="POST /holders").exists()


def test_a_grant_on_something_newer_than_the_walk_waits_for_the_next_run(
    sync, driver, only_one_role, connector
):
    walk = driver.walk

    def and_then_it_changes(kinds, cursor=""):
        yield from walk(kinds, cursor)
        only_one_role.things["role:9"] = "New role"
        only_one_role.give("role:9:member", 3)
        only_one_role.take("role:2:member", 3)

    driver.walk = and_then_it_changes
    run = sync()
    driver.walk = walk

    sync()

    assert run.status == SyncRun.Status.DONE, run.problem
    assert run.changes["role"]["new"] == 1
    assert list(export_access(connector)) == only_one_role.truth()


def test_a_renamed_account_keeps_its_one_row(sync, world, connector):
    sync()
    world.accounts["1"] = replace(world.accounts["1"], login="other", email="other@meridian.example")

    sync()

    assert Account.objects.filter(external_id="1").count() == 1
    assert list(export_access(connector)) == world.truth()
