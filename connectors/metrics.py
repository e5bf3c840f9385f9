"""This room's figures: runs by status, and how old what connectors know is."""

from collections.abc import Iterator

from django.db.models import Max, Min, Q
from prometheus_client.core import GaugeMetricFamily, Metric

from connectors.models import Connector, ProvisionOrder, SettingsCandidate, SettingsTest, SyncRun
from core.metrics import age, by_status, gauge, offer, offer_waiting, single


def register() -> None:
    """Put them beside those of the ground floor. Called from apps.py, once."""
    offer(_figures)
    offer_waiting("connectors.run_sync", SyncRun.objects.unfinished)
    candidates = SettingsCandidate.objects.filter(status=SettingsCandidate.Status.WAITING)
    offer_waiting("connectors.check_settings", candidates.all)
    tests = SettingsTest.objects.filter(status=SettingsTest.Status.WAITING)
    offer_waiting("connectors.test_settings", tests.all)
    offer_waiting("connectors.carry_out", ProvisionOrder.objects.to_carry_out)


def _figures() -> Iterator[Metric]:
    runs = SyncRun.objects.all()
    queued = runs.filter(status=SyncRun.Status.QUEUED).aggregate(oldest=Min("created_at"))["oldest"]
    yield gauge("reeve_sync_runs", "Sync runs by status.", "status", by_status(runs, SyncRun.Status.values))
    yield single("reeve_sync_oldest_queued_seconds", "Age of the oldest run that waits.", age(queued) or 0)
    orders = by_status(ProvisionOrder.objects.all(), ProvisionOrder.Status.values)
    yield gauge("reeve_orders", "Provision orders by status.", "status", orders)
    yield _last_syncs()


def _last_syncs() -> Metric:
    """A connector that was never read has no figure here."""
    family = GaugeMetricFamily(
        "reeve_connector_last_sync_age_seconds",
        "Since the last successful sync ended.",
        labels=["connector", "name"],
    )
    done = Max("runs__ended_at", filter=Q(runs__status=SyncRun.Status.DONE))
    rows = Connector.objects.here().annotate(last=done).values_list("pk", "name", "last")
    for pk, name, ended_at in rows:
        if ended_at is not None:
            family.add_metric([pk, name], age(ended_at) or 0)
    return family
