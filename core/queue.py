"""Tells workers about rows, after commit. The database is the queue; a nudge may be lost or come twice."""

import logging
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from celery import current_app
from django.conf import settings
from django.db import transaction
from kombu.exceptions import OperationalError

log = logging.getLogger(__name__)

_here: ContextVar["deque[tuple[str, str]] | None"] = ContextVar("here", default=None)


def nudge(job: str, row_id: object) -> None:
    """Tell a worker about a row once this transaction is committed. Sweepers find what gets lost."""
    transaction.on_commit(lambda: _send(job, str(row_id)), robust=True)


def announce(news: str, row_id: object) -> None:
    """Tell higher rooms what happened to a row: each job that listens (settings.LISTENERS) is nudged.

    Like any nudge it may be lost or come twice; a listener's sweeper finds what got lost.
    """
    for job in settings.LISTENERS.get(news, ()):
        nudge(job, row_id)


@contextmanager
def working_here() -> Iterator[Callable[[], None]]:
    """No worker is told of anything within: the function this gives carries it out in this process, until
    nothing is left. For commands that run before there are workers."""
    told: deque[tuple[str, str]] = deque()

    def work() -> None:
        current_app.loader.import_default_modules()
        while told:
            job, row_id = told.popleft()
            current_app.tasks[job](row_id)

    before = _here.set(told)
    try:
        yield work
    finally:
        _here.reset(before)


def workers() -> int:
    """How many workers answer within a second or so."""
    try:
        return len(current_app.control.ping(timeout=2.0) or ())
    except OperationalError:
        return 0


def broker_answers() -> bool:
    """Whether the broker can be reached now."""
    try:
        with current_app.connection_for_write() as connection:
            connection.ensure_connection(max_retries=1, timeout=1)
    except OperationalError:
        return False
    return True


def _send(job: str, row_id: str) -> None:
    if (told := _here.get()) is not None:
        told.append((job, row_id))
        return
    try:
        current_app.send_task(job, args=[row_id], retry=False)
    except OperationalError as problem:
        log.warning("Nudge %s for %s was not sent, a sweeper will find it: %s", job, row_id, problem)
