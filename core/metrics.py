"""Figures for whoever watches over the console, read from the database when asked for. Rooms offer theirs."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db.models import Count, Min, QuerySet
from django.utils.timezone import now
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from core.leases import Leased, LeasedQuerySet
from core.models import (
    Export,
    MailServer,
    OutgoingMail,
    PeopleImport,
    Pulse,
    TrailCheck,
    TrailPending,
    TrailSeal,
    User,
)

type Figures = Callable[[], Iterable[Metric]]
type Waiting = Callable[[], QuerySet[Leased]]

_figures: list[Figures] = []
_waiting: dict[str, Waiting] = {}


def offer(figures: Figures) -> None:
    """Add the figures of a room. Called from apps.py, once."""
    _figures.append(figures)


def offer_waiting(job: str, rows: Waiting) -> None:
    """Name the rows that a job has yet to work on. Called from apps.py, once for each job."""
    _waiting[job] = rows


def exposition() -> bytes:
    """All figures as Prometheus reads them (its text format, version 0.0.4)."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Everything())
    return generate_latest(registry)


def gauge(name: str, text: str, label: str, values: Mapping[str, float]) -> Metric:
    """One figure for each value of a label."""
    family = GaugeMetricFamily(name, text, labels=[label])
    for value, figure in values.items():
        family.add_metric([value], figure)
    return family


def single(name: str, text: str, figure: float | None) -> Metric:
    """One figure; none at all where there is nothing to measure."""
    family = GaugeMetricFamily(name, text)
    if figure is not None:
        family.add_metric([], figure)
    return family


def by_status(rows: QuerySet[Any], statuses: Iterable[str]) -> Mapping[str, float]:
    """How many rows stand in each status, those with none included."""
    counted = dict(rows.order_by().values_list("status").annotate(Count("pk")))
    return {status: counted.get(status, 0) for status in statuses}


def age(at: datetime | None) -> float | None:
    """Seconds since then; None for never."""
    return None if at is None else max(0.0, (now() - at).total_seconds())


class _Everything(Collector):
    def collect(self) -> Iterator[Metric]:
        yield gauge(
            "reeve_info", "The version that runs; the value says nothing.", "version", {settings.VERSION: 1}
        )
        yield from _ground_floor()
        yield from _jobs()
        for figures in _figures:
            yield from figures()


def _ground_floor() -> Iterator[Metric]:
    letters = OutgoingMail.objects.all()
    waiting = letters.filter(status=OutgoingMail.Status.QUEUED).aggregate(oldest=Min("created_at"))["oldest"]
    yield gauge(
        "reeve_letters", "Letters by status.", "status", by_status(letters, OutgoingMail.Status.values)
    )
    yield single(
        "reeve_letters_oldest_waiting_seconds", "Age of the oldest letter that waits.", age(waiting) or 0
    )
    yield gauge(
        "reeve_people", "People by status.", "status", by_status(User.objects.all(), User.Status.values)
    )
    sessions = Session.objects.filter(expire_date__gt=now()).count()
    yield single("reeve_sessions", "Sessions that have not ended.", sessions)
    pulses = {name: age(at) or 0 for name, at in Pulse.objects.values_list("name", "at")}
    yield gauge("reeve_pulse_age_seconds", "Since a sweeper was last at work.", "name", pulses)
    sealed_at = TrailSeal.objects.order_by("-number").values_list("at", flat=True).first()
    yield single("reeve_trail_pending", "Trail events that no seal covers yet.", TrailPending.objects.count())
    yield single("reeve_trail_last_seal_age_seconds", "Since the trail was last sealed.", age(sealed_at))


def _jobs() -> Iterator[Metric]:
    """What is due and in no worker's hands: how much, and since when."""
    sums = {"count": Count("pk"), "since": Min("due_at")}
    due = {job: _due(rows()).aggregate(**sums) for job, rows in _waiting.items()}
    counts = {job: found["count"] for job, found in due.items()}
    ages = {job: age(found["since"]) or 0 for job, found in due.items()}
    yield gauge("reeve_jobs_due", "Rows that are due and in no worker's hands.", "job", counts)
    yield gauge("reeve_jobs_oldest_due_seconds", "How long the oldest of them has been due.", "job", ages)


def _due(rows: QuerySet[Leased]) -> QuerySet[Leased]:
    return LeasedQuerySet(rows.model, query=rows.query).due()


offer_waiting("core.send_mail", lambda: OutgoingMail.objects.filter(status=OutgoingMail.Status.QUEUED))
offer_waiting("core.check_trail", lambda: TrailCheck.objects.filter(status=TrailCheck.Status.WANTED))
offer_waiting("core.check_mail_server", lambda: MailServer.objects.filter(status=MailServer.Status.CHECKING))
offer_waiting("core.make_export", lambda: Export.objects.filter(status=Export.Status.QUEUED))
offer_waiting("core.read_import", lambda: PeopleImport.objects.filter(status=PeopleImport.Status.READING))
offer_waiting("core.apply_import", lambda: PeopleImport.objects.filter(status=PeopleImport.Status.APPLYING))
