"""Runs that fail in a row: after three of them one letter, and none again until a run was done (row A24)."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.timezone import now

from connectors.models import Connector, SyncRun
from core.mailbox import post
from core.models import Role, User

AFTER = 3
"""Runs that failed in a row, at which its owners are written to."""


def count(run: SyncRun) -> None:
    """One more has failed. For the transaction that ended the run, with the connector in its hands."""
    connector = Connector.objects.get(pk=run.connector_id)
    failures = connector.failures + 1
    is_told = failures >= AFTER and connector.failing_told_at is None
    connector.failures = failures
    connector.failing_told_at = now() if is_told else connector.failing_told_at
    connector.save(update_fields=["failures", "failing_told_at"])
    if is_told:
        _tell(connector, run)


def is_over(run: SyncRun) -> None:
    """A run was done: the next failure is the first of its own episode."""
    Connector.objects.filter(pk=run.connector_id).update(failures=0, failing_told_at=None)


def people_to_tell(connector: Connector) -> QuerySet[User]:
    """Its owners; where it has none those of its app; else those who run connectors."""
    for people in (connector.owners_now(), connector.app.owners_now()):
        if people.exists():
            return people
    roles = (Role.CONNECTOR, Role.SUPER)
    return User.objects.active().filter(holdings__role__in=roles).distinct().order_by("search_text")


def _tell(connector: Connector, run: SyncRun) -> None:
    told: dict[str, Any] = {
        "connector": connector,
        "run": run,
        "since": began_at(connector),
        "number": connector.failures,
    }
    for person in people_to_tell(connector):
        sees_it = Connector.objects.visible_to(person).filter(pk=connector.pk).exists()
        post("sync_failing", to=person, key=run.key, **told, sees_it=sees_it)


def began_at(connector: Connector) -> datetime | None:
    """When the first of the runs that failed in a row ended."""
    failed = connector.runs.filter(status=SyncRun.Status.FAILED).order_by("-id")
    return list(failed.values_list("ended_at", flat=True)[: connector.failures])[-1]
