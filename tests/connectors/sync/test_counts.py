"""What a run says it read is what there was to read, however often the app named it."""

from dataclasses import replace

from connectors.contract import Account
from connectors.models import SyncRun
from tests.connectors.sync.world import account

EVERYTHING = {"grant": 20, "group": 1, "role": 2, "user": 12}


def test_what_came_in_two_batches_is_counted_once(sync, driver):
    walk = driver.walk

    def twice(kinds, cursor=""):
        batches = list(walk(kinds, cursor))
        yield from batches
        for number, batch in enumerate(batches):
            yield replace(batch, cursor=str(90 + number))

    driver.walk = twice

    new, seen = sync(), sync()

    assert (new.status, seen.status) == (SyncRun.Status.DONE, SyncRun.Status.DONE)
    assert (new.read, seen.read) == (EVERYTHING, EVERYTHING)


def test_what_changed_between_two_batches_is_counted_once(sync, driver):
    sync()
    walk = driver.walk

    def renamed_on_the_way(kinds, cursor=""):
        yield from walk(kinds, cursor)
        for batch in walk(kinds, cursor):
            records = [
                replace(record, name="Renamed") if isinstance(record, Account) else record
                for record in batch.records
            ]
            yield replace(batch, cursor=f"9{batch.cursor}", records=records)

    driver.walk = renamed_on_the_way

    assert sync().read == EVERYTHING


def test_an_account_read_again_is_counted_once_and_with_what_it_holds_now(sync, driver, world):
    world.remove_thing("role:1")
    walk = driver.walk

    def and_then_it_changes(kinds, cursor=""):
        yield from walk(kinds, cursor)
        world.take("role:2:member", 3)
        world.add(account(4, name="Renamed"))
        world.give("role:2:member", 5, 6)

    driver.walk = and_then_it_changes

    run = sync()

    assert run.read == {"grant": 9, "group": 1, "role": 1, "user": 12}


def test_an_empty_app_counts_nothing(sync, world):
    world.things.clear()
    world.accounts.clear()
    world.grants.clear()

    assert sync().read == {"grant": 0, "user": 0}
