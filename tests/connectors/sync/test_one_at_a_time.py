"""Two connectors of one app and source are read one after the other."""

import pytest
from django.utils.timezone import now

from connectors import jobs
from connectors.actions import runs, settings
from connectors.models import Connector, SyncRun
from core.errors import NotPossible
from tests.connectors.sync.test_settings_check import TYPED


@pytest.fixture
def second(connector):
    return Connector.objects.create(app=connector.app, driver="coupa", name="Second", source=connector.source)


@pytest.mark.parametrize("status", SyncRun.OPEN)
def test_a_run_waits_for_that_of_the_other_connector(status, connector, second):
    first = runs.start(connector, by=None)
    SyncRun.objects.update(status=status)

    with pytest.raises(NotPossible, match=f"Coupa reads {second.source} into the same app.* sync {first.pk}"):
        runs.start(second, by=None)

    assert SyncRun.objects.get() == first


@pytest.mark.parametrize("status", [SyncRun.Status.DONE, SyncRun.Status.FAILED, SyncRun.Status.DISCARDED])
def test_a_run_that_is_over_is_in_nobodys_way(status, connector, second):
    runs.start(connector, by=None)
    SyncRun.objects.update(status=status)

    assert runs.start(second, by=None).connector == second


def test_another_source_is_read_at_the_same_time(connector, second):
    Connector.objects.filter(pk=second.pk).update(source="coupa:other.coupahost.com")
    runs.start(connector, by=None)

    runs.start(second, by=None)

    assert SyncRun.objects.count() == 2


def test_the_sweeper_leaves_it_for_the_next_look(connector, second):
    first = runs.start(connector, by=None)
    Connector.objects.filter(pk=second.pk).update(status=Connector.Status.CONNECTED, next_run_at=now())

    jobs.sweep()
    begun_too_early = SyncRun.objects.filter(connector=second).exists()
    SyncRun.objects.filter(pk=first.pk).update(status=SyncRun.Status.DONE)
    jobs.sweep()

    assert not begun_too_early
    assert SyncRun.objects.filter(connector=second).exists()


def test_settings_come_into_force_and_their_first_run_begins_later(connector, second, owner, driver):
    first = runs.start(connector, by=None)
    Connector.objects.filter(pk=second.pk).update(source="")
    second.ownerships.create(user=owner)

    jobs.check_settings(settings.save(second, by=owner, typed=TYPED).pk)

    second.refresh_from_db()
    assert second.source == connector.source
    assert not second.runs.exists()

    SyncRun.objects.filter(pk=first.pk).update(status=SyncRun.Status.DONE)
    jobs.sweep()

    second.refresh_from_db()
    assert second.runs.count() == 1
    assert second.status == Connector.Status.SYNCING
