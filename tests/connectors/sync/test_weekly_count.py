"""By schedule everything is counted once a week, whatever else is read meanwhile."""

from datetime import timedelta

from django.utils.timezone import now

from connectors import jobs
from connectors.models import Connector, SyncRun
from core.models import TrailEvent


def scheduled(connector):
    """What the sweeper begins."""
    Connector.objects.filter(pk=connector.pk).update(next_run_at=now())
    jobs.sweep()
    run = connector.runs.order_by("-id").first()
    jobs.run_sync(str(run.pk))
    run.refresh_from_db()
    return run


def ago(**length):
    return now() - timedelta(**length)


def test_once_a_week_the_schedule_counts(sync, connector):
    sync()
    assert not scheduled(connector).is_counted
    SyncRun.objects.update(ended_at=ago(days=7))

    weekly = scheduled(connector)

    assert (weekly.is_counted, weekly.status) == (True, SyncRun.Status.DONE)
    assert not scheduled(connector).is_counted
    event = TrailEvent.objects.get(action="connectors.counted_run_started")
    assert event.change["reason"].startswith("It was first read on ")
    assert weekly.log.filter(text__startswith="A counted sync: It was first read").exists()


def test_the_week_begins_with_the_last_counted_run(sync, connector):
    sync(counted=True)
    sync()
    Connector.objects.filter(pk=connector.pk).update(counted_at=ago(days=6, hours=23))
    assert not scheduled(connector).is_counted
    Connector.objects.filter(pk=connector.pk).update(counted_at=ago(days=7))

    assert scheduled(connector).is_counted


def test_after_a_counted_run_that_failed_a_plain_one_comes_first(sync, world, connector):
    sync()
    SyncRun.objects.update(ended_at=ago(days=8))
    world.second_opinion = {"role:2:member": frozenset({"3", "4", "5"})}

    first, second, third = scheduled(connector), scheduled(connector), scheduled(connector)

    assert [each.is_counted for each in (first, second, third)] == [True, False, True]
    assert first.status == SyncRun.Status.FAILED
