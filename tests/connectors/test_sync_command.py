"""`manage.py sync`: what it leaves in the trail, and its patience."""

import time
from contextvars import copy_context
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db.models.signals import post_init

from connectors import jobs
from connectors.actions import settings
from connectors.management.commands import sync as command
from connectors.models import Connector, SettingsCandidate, SyncRun
from core.models import TrailEvent
from tests.connectors.sync.test_settings_check import TYPED
from tests.connectors.sync.world import World, WorldDriver, account
from tests.make import SOURCE, make_connector, make_run, make_user

pytestmark = pytest.mark.django_db


def sync(*words: str) -> str:
    """What it prints. Its word that a command is at work must not reach other tests."""
    said = StringIO()
    copy_context().run(call_command, "sync", *words, stdout=said)
    return said.getvalue()


def test_an_operators_sync_stands_in_the_trail(nudges):
    connector = make_connector(source=SOURCE)

    sync(connector.pk)

    event = TrailEvent.objects.get()
    assert (event.action, event.actor_name) == ("connectors.run_started", "Operator")
    assert event.change == {"run": SyncRun.objects.get().key}


def test_the_schedules_sync_does_not(nudges):
    connector = make_connector(source=SOURCE, status=Connector.Status.CONNECTED)
    Connector.objects.filter(pk=connector.pk).update(next_run_at=connector.created_at)

    jobs.sweep()

    assert SyncRun.objects.count() == 1
    assert not TrailEvent.objects.exists()


def test_settings_saved_again_meanwhile_are_waited_for_too(nudges, monkeypatch):
    grace = make_user("Grace Kim")
    connector = make_connector(grace)
    driver = WorldDriver(World(accounts={"1": account(1)}))
    monkeypatch.setattr(jobs, "open_candidate", lambda _: driver)
    monkeypatch.setattr(jobs, "open_driver", lambda _, **__: driver)
    first = settings.save(connector, by=grace, typed=TYPED)

    def save_again(**_: object) -> None:
        """As soon as the command has looked."""
        post_init.disconnect(save_again, SettingsCandidate)
        settings.save(connector, by=grace, typed={**TYPED, "client_id": "second"})

    def check_the_newer() -> None:
        jobs.check_settings(SettingsCandidate.objects.get().pk)

    post_init.connect(save_again, SettingsCandidate)
    meanwhile = iter([check_the_newer, lambda: jobs.run_sync(str(SyncRun.objects.get().pk))])
    monkeypatch.setattr(time, "sleep", lambda _: next(meanwhile)())
    monkeypatch.setattr(command, "workers", lambda: 1)

    said = sync(connector.pk, "--wait", "--timeout", "60")

    assert SettingsCandidate.objects.get() != first
    assert "Done: 1 new, 0 changed, 0 gone." in said


def test_another_connector_at_work_ends_the_command_with_its_name(nudges):
    connector = make_connector(source=SOURCE)
    other = make_connector(app=connector.app, source=SOURCE, name="Second")
    make_run(other, status=SyncRun.Status.RUNNING, ended_at=None)

    with pytest.raises(CommandError, match="Second reads"):
        sync(connector.pk)


def test_a_worker_that_is_just_being_started_again_is_waited_for(nudges, monkeypatch):
    connector = make_connector(source=SOURCE)
    heard = iter([0, 0, 1])
    monkeypatch.setattr(command, "workers", lambda: next(heard))

    def end_the_run(_: float) -> None:
        SyncRun.objects.update(status=SyncRun.Status.DONE)

    monkeypatch.setattr(time, "sleep", end_the_run)

    said = sync(connector.pk, "--wait", "--timeout", "60")

    assert "Done: 0 new, 0 changed, 0 gone." in said


def test_where_no_worker_comes_the_wait_says_so(nudges, monkeypatch):
    connector = make_connector(source=SOURCE)
    monkeypatch.setattr(command, "RESTART", 0.0)
    monkeypatch.setattr(command, "workers", lambda: 0)

    with pytest.raises(CommandError, match="No worker answers"):
        sync(connector.pk, "--wait")

    assert not SyncRun.objects.exists()
