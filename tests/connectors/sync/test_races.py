"""Two people, or two workers, at the same moment."""

from collections.abc import Callable
from threading import Barrier, Thread

import pytest
from django.db import connection

from connectors.actions import connectors, runs, settings
from connectors.actions.runs import OtherRunOpen
from connectors.models import Connector, SettingsCandidate, SyncRun
from tests.connectors.sync.test_settings_check import TYPED
from tests.make import make_connector, make_user

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*acts: Callable[[], object]) -> list[type[Exception] | None]:
    """What came of each: None, or the error it raised."""
    all_of_them = Barrier(len(acts))
    outcomes: list[type[Exception] | None] = []

    def one(act: Callable[[], object]) -> None:
        all_of_them.wait(timeout=10)
        try:
            act()
            outcomes.append(None)
        except Exception as problem:
            outcomes.append(type(problem))
        finally:
            connection.close()

    threads = [Thread(target=one, args=[act]) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    return outcomes


@pytest.fixture
def grace():
    return make_user("Grace Kim")


def test_of_two_first_settings_the_later_ones_wait_for_their_check(grace, nudges):
    connector = make_connector(grace)

    def save(client_id: str) -> Callable[[], object]:
        return lambda: settings.save(connector, by=grace, typed={**TYPED, "client_id": client_id})

    outcomes = at_once(*(save(f"client-{number}") for number in range(4)))

    assert outcomes == [None] * 4
    assert SettingsCandidate.objects.count() == 1


def test_two_who_name_the_same_new_owner_name_one(grace, nudges):
    connector = make_connector(grace)
    people = [grace, make_user("Tom Okafor")]

    def name() -> object:
        return connectors.name_owners(connector, people, by=grace)

    outcomes = at_once(name, name, name)

    assert outcomes == [None] * 3
    assert connector.ownerships.count() == 2


def test_of_two_connectors_of_one_source_one_begins(grace, nudges):
    source = "coupa:acme.coupahost.com"
    first = make_connector(grace, source=source)
    second = Connector.objects.create(app=first.app, driver="coupa", name="Second", source=source)

    outcomes = at_once(lambda: runs.start(first, by=None), lambda: runs.start(second, by=None))

    assert set(outcomes) == {None, OtherRunOpen}
    assert SyncRun.objects.count() == 1
