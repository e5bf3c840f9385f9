"""The data folder: one supervisor at a time, and nobody at work where everything is to stand still."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.core.management.base import CommandError

from core.queue import broker_answers, workers

LOCK = "supervisor.lock"
UNFINISHED = "restore.part"
"""In a data folder in which a restore was begun: what stands there is not whole."""


@contextmanager
def alone(data: Path) -> Iterator[None]:
    """Hold the folder; raises CommandError if a supervisor, or another command like this one, does.

    Two supervisors on one folder would run two schedules and fight for the files.
    """
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (data / LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as problem:
            raise CommandError(f"Reeve is running already in {data}.") from problem
        yield


def refuse_unfinished(data: Path) -> None:
    """Raises CommandError where a restore did not come to its end."""
    if (data / UNFINISHED).exists():
        raise CommandError(f"A restore into {data} did not come to its end: run it again.")


def refuse_workers() -> None:
    """Raises CommandError while workers answer, here or on other machines."""
    if broker_answers() and (count := workers()):
        raise CommandError(f"{count} workers are running: stop Reeve, all of it, and run this again.")
