"""Reads and applies files of people."""

import logging
from collections.abc import Callable
from datetime import timedelta

from celery import shared_task
from django.db import IntegrityError, OperationalError
from django.utils.timezone import now

from core.actions import imports
from core.leases import LeaseLost
from core.models import PeopleImport
from core.queue import nudge

log = logging.getLogger(__name__)

PAUSE = timedelta(seconds=30)
"""After a moment in which the database could not take it."""
READING, APPLYING = PeopleImport.Status.READING, PeopleImport.Status.APPLYING


@shared_task(name="core.read_import", acks_late=True)
def read_import(import_id: str) -> None:
    """Read one file and compare it. Harmless to deliver twice; begins anew after a crash."""
    _work_on(import_id, READING, imports.read)


@shared_task(name="core.apply_import", acks_late=True)
def apply_import(import_id: str) -> None:
    """Apply one file, all of it or nothing. Harmless to deliver twice; begins anew after a crash."""
    _work_on(import_id, APPLYING, imports.apply)


@shared_task(name="core.sweep_imports")
def sweep_imports() -> None:
    """Nudge files that are due and in nobody's hands."""
    due = PeopleImport.objects.due()
    for status, job in ((READING, "core.read_import"), (APPLYING, "core.apply_import")):
        for import_id in due.filter(status=status).values_list("pk", flat=True):
            nudge(job, import_id)


def _work_on(import_id: str, status: PeopleImport.Status, work: Callable[[PeopleImport], None]) -> None:
    held = imports.claim(import_id, status)
    if held is None:
        return  # over, not due, or in another worker's hands
    try:
        try:
            work(held)
        except (OperationalError, IntegrityError) as problem:  # busy, or somebody came in at this moment
            log.warning("The file %s was put off: %s", held, problem)
            held.release(due_at=now() + PAUSE)
    except LeaseLost:
        return  # we were slow; the worker that holds the file carries on
