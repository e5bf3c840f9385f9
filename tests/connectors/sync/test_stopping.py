"""A run that waits or is at work is stopped: nothing of it stays, and its worker ends without harm."""

import pytest

from connectors import jobs
from connectors.actions import runs
from connectors.models import Connector, SyncPage, SyncRun
from connectors.queries import export_access
from connectors.sync import engine
from core.errors import Denied, NotPossible, StaleState
from core.models import TrailEvent

Status = SyncRun.Status


@pytest.fixture
def stopped_midway(driver, owner, monkeypatch):
    """Whoever walks next is stopped when the second batch has come."""
    plain = driver.walk

    def walk(kinds, cursor=""):
        for number, batch in enumerate(plain(kinds, cursor)):
            if number == 2:
                runs.stop(SyncRun.objects.get(status=Status.RUNNING), by=owner)
                monkeypatch.setattr(driver, "walk", plain)
            yield batch

    monkeypatch.setattr(driver, "walk", walk)


def test_a_run_that_waits_is_stopped(connector, sync, owner, trail, driver):
    sync()
    run = runs.start(connector, by=owner)
    walks = len(driver.begun_at)

    assert runs.stop(run, by=owner) is None
    jobs.run_sync(str(run.pk))

    run.refresh_from_db()
    connector.refresh_from_db()
    assert (run.status, run.problem) == (Status.DISCARDED, "Stopped by Grace Kim.")
    assert run.was_stopped
    assert connector.status == Connector.Status.CONNECTED
    assert len(driver.begun_at) == walks
    assert trail()[-1] == "connectors.run_stopped"


def test_a_worker_that_is_in_it_stops_without_harm(connector, sync, world, stopped_midway, driver):
    run = sync()

    assert run.status == Status.DISCARDED
    assert connector.status == Connector.Status.NOT_CONNECTED
    assert list(export_access(connector)) == []
    assert not SyncPage.objects.exists()
    assert driver.closed
    assert not TrailEvent.objects.filter(action__in=("connectors.run_failed", "connectors.run_done")).exists()
    assert sync().status == Status.DONE
    assert list(export_access(connector)) == world.truth()


def test_data_in_use_stay_when_a_later_run_is_stopped(connector, sync, world, driver, owner, monkeypatch):
    sync()
    before = list(export_access(connector))
    world.take("role:1:member", 1)
    run = runs.start(connector, by=owner)

    def stopped(*_):
        runs.stop(SyncRun.objects.get(pk=run.pk), by=owner)

    monkeypatch.setattr(engine, "walk", stopped)
    jobs.run_sync(str(run.pk))

    run.refresh_from_db()
    assert run.status == Status.DISCARDED
    assert list(export_access(connector)) == before


@pytest.mark.parametrize(
    ("last", "state"),
    [
        ({"status": Status.DONE}, Connector.Status.CONNECTED),
        ({"status": Status.DONE, "gaps": {"role": "Not readable"}}, Connector.Status.ERROR),
        ({"status": Status.FAILED}, Connector.Status.ERROR),
    ],
)
def test_the_connector_stands_as_it_did_before(last, state, connector, sync, owner):
    first = sync()
    SyncRun.objects.filter(pk=first.pk).update(**last)
    Connector.objects.update(status=state)

    runs.stop(runs.start(connector, by=owner), by=owner)

    connector.refresh_from_db()
    assert connector.status == state


def test_stop_and_start_again_begins_a_new_one(connector, owner, django_capture_on_commit_callbacks, nudges):
    run = runs.start(connector, by=owner)

    with django_capture_on_commit_callbacks(execute=True):
        again = runs.stop(run, by=owner, again=True)

    connector.refresh_from_db()
    assert again is not None
    assert (again.pk != run.pk, again.status) == (True, Status.QUEUED)
    assert connector.status == Connector.Status.SYNCING
    assert nudges[-1] == ("connectors.run_sync", str(again.pk))


def test_one_of_a_paused_connector_is_not_stopped_to_start_again(connector, owner):
    run = runs.start(connector, by=owner)
    runs.pause(connector, by=owner)

    with pytest.raises(NotPossible, match="paused"):
        runs.stop(run, by=owner, again=True)

    run.refresh_from_db()
    assert run.status == Status.QUEUED


def test_a_confirmed_run_may_be_stopped_before_it_is_applied(held, cast, owner, connector):
    runs.confirm(held, by=cast["connector_admin"], reason="Looked")

    runs.stop(held, by=owner)

    connector.refresh_from_db()
    assert held.problem == f"Stopped by Grace Kim, after {cast['connector_admin']} had confirmed it."
    assert held.was_stopped
    assert connector.status == Connector.Status.CONNECTED


def test_what_is_over_or_held_is_not_stopped(held, sync, owner):
    with pytest.raises(NotPossible, match="not on its way"):
        runs.stop(held, by=owner)


def test_of_a_stop_and_an_end_one_wins(connector, owner, driver):
    run = runs.start(connector, by=owner)
    seen = SyncRun.objects.get(pk=run.pk)
    jobs.run_sync(str(run.pk))

    with pytest.raises(StaleState):
        runs.stop(seen, by=owner)

    run.refresh_from_db()
    assert run.status == Status.DONE


@pytest.mark.parametrize("who", ["basic", "no_role", "deactivated"])
def test_nobody_else_stops_a_run(who, cast, connector, owner):
    run = runs.start(connector, by=owner)

    with pytest.raises(Denied, match="Only the owners"):
        runs.stop(run, by=cast[who])

    run.refresh_from_db()
    assert run.status == Status.QUEUED
