"""What is let go of, and when."""

from datetime import timedelta

from django.utils.timezone import now

from connectors import jobs
from connectors.actions import retention
from connectors.models import SyncLogLine, SyncRun
from core.models import Organisation, TrailEvent
from tests.make import make_connected


def test_log_lines_go_once_they_were_kept_long_enough_and_runs_stay(db, monkeypatch, trail):
    monkeypatch.setattr(retention, "BATCH", 2)
    run = make_connected().runs.get()
    old, young = now() - timedelta(days=401), now() - timedelta(days=399)
    for at in [old] * 5 + [young]:
        SyncLogLine.objects.create(run=run, at=at, level="info", text="Read a page")

    jobs.prune()

    assert [line.at for line in SyncLogLine.objects.all()] == [young]
    assert SyncRun.objects.filter(pk=run.pk).exists()
    assert trail() == ["connectors.log_lines_let_go"] * 3
    assert [event.change["lines"] for event in TrailEvent.objects.order_by("pk")] == [2, 2, 1]


def test_lines_stay_as_long_as_the_organisation_wants(db, trail):
    run = make_connected().runs.get()
    Organisation.current()
    Organisation.objects.update(keep_log_days=2_600)
    SyncLogLine.objects.create(run=run, at=now() - timedelta(days=2_500), level="info", text="Read a page")

    assert retention.let_log_lines_go() == 0
    assert trail() == []
