"""Starts a sync, and waits for its end if asked to."""

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from connectors.actions import runs
from connectors.models import Connector, SettingsCandidate, SyncRun
from core.errors import DomainError
from core.queue import workers
from core.trail import by_command

DONE, FAILED, HELD, TIMED_OUT = 0, 1, 3, 4
LOOK_EVERY = 0.3  # seconds
RESTART = 10.0  # seconds in which a worker that died is back


class Command(BaseCommand):
    help = "Sync a connector now. With --wait the exit code is 0 done, 1 failed, 3 held, 4 timed out."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("id", help="the connector's ID")
        parser.add_argument("--counted", action="store_true", help="read everything a second way and compare")
        parser.add_argument("--wait", action="store_true", help="until the run is over")
        parser.add_argument(
            "--timeout", type=float, default=3600, metavar="S", help="seconds to wait (default 3600)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        connector = Connector.objects.filter(pk=options["id"]).first()
        if connector is None:
            raise CommandError(f"No connector has the ID {options['id']}.")
        until = time.monotonic() + options["timeout"]
        if options["wait"]:
            self._wait_for_worker(until)
            self._wait_for_check(connector, until)
        by_command()
        try:
            run = runs.start(connector, by=None, counted=options["counted"])
        except DomainError as problem:
            raise CommandError(str(problem)) from problem
        self.stdout.write(f"Sync {run.pk} of {connector}: {run.get_status_display()}")
        if options["wait"]:
            self._wait(run, until)

    def _wait_for_worker(self, until: float) -> None:
        """One that has just died is started again by its supervisor: give it the time."""
        patience = min(until, time.monotonic() + RESTART)
        while not workers():
            if time.monotonic() >= patience:
                raise CommandError("No worker answers. Start one with ./dev up, or the worker service.")
            time.sleep(LOOK_EVERY)

    def _wait_for_check(self, connector: Connector, until: float) -> None:
        """Settings just saved are still being checked: the first sync starts with their promotion."""
        while not connector.has_settings:
            candidate = SettingsCandidate.objects.filter(connector=connector).first()
            if candidate is None:
                return
            if candidate.status == candidate.Status.REFUSED:
                raise CommandError(candidate.problem, returncode=FAILED)
            if time.monotonic() >= until:
                raise CommandError("Timed out while the settings were being checked.", returncode=TIMED_OUT)
            time.sleep(LOOK_EVERY)
            connector.refresh_from_db()

    def _wait(self, run: SyncRun, until: float) -> None:
        while time.monotonic() < until:
            run.refresh_from_db()
            if run.status not in SyncRun.UNFINISHED:
                return self._report(run)
            time.sleep(LOOK_EVERY)
        raise CommandError(f"Timed out; sync {run.pk} goes on.", returncode=TIMED_OUT)

    def _report(self, run: SyncRun) -> None:
        if run.status == SyncRun.Status.DONE:
            differences = ", ".join(f"{run.total(what)} {what}" for what in ("new", "changed", "gone"))
            gaps = "".join(f" {sentence}" for sentence in run.gaps.values())
            self.stdout.write(f"Done: {differences}.{gaps}")
            return
        sentence = run.problem or run.get_status_display()
        raise CommandError(sentence, returncode=HELD if run.status == SyncRun.Status.HELD else FAILED)
