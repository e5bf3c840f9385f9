"""Moves everything into another, empty database: from SQLite to PostgreSQL, mostly."""

import os
import subprocess
import sys
import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DEFAULT_DB_ALIAS, DatabaseError, OperationalError, connections, transaction

from core.databases import from_address
from core.management import moving
from core.management.figures import Figures, beside, unmigrated
from core.management.folder import alone, refuse_workers
from core.models import Organisation
from core.trail import by_command, record

SOURCE, TARGET = DEFAULT_DB_ALIAS, "target"


class Command(BaseCommand):
    help = (
        "Copy everything into an empty database, compare, and verify the trail there. Reeve must be stopped."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("database_url", help="as DATABASE_URL is written; - reads it from standard input")

    def handle(self, *_args: Any, database_url: str, **_options: Any) -> None:
        by_command()
        # An address holds a password, and arguments can be seen by others: hence standard input.
        address = sys.stdin.readline().strip() if database_url == "-" else database_url
        try:
            database = from_address(address)
        except ValueError as problem:
            raise CommandError(f"What was given {problem}.") from problem
        with alone(settings.DATA), beside(TARGET, database):
            refuse_workers()
            if unmigrated(SOURCE):
                raise CommandError("The present database is of an older version: run migrate first.")
            try:
                moving.refuse_unless_empty(TARGET)
            except OperationalError as problem:
                raise CommandError(f"The target cannot be used: {problem}") from problem
            began = time.monotonic()
            if unmigrated(TARGET) and (trouble := self._run("migrate --verbosity 0", address)):
                raise CommandError(trouble)
            figures = self._move()
            doubt = self._run("verify_trail", address)
        seconds = time.monotonic() - began
        self.stdout.write(
            f"Moved {figures.total:,} rows in {seconds:.0f} s. Counts of all {len(figures.rows)} tables"
            f" and the head of the trail ({figures.head or 'none yet'}) agree."
        )
        self.stdout.write(
            "Now set DATABASE_URL to that address (in the environment, or as a line of"
            f" {settings.DATA / 'env'}) and start Reeve. The old database was left as it is:"
            " keep it until you are sure, then delete it."
        )
        if doubt:  # the counts and the head prove that it is the old database's trouble, not the move's
            raise CommandError(f"Moved as it was, trouble included: {doubt}")

    def _move(self) -> Figures:
        try:
            with transaction.atomic(using=SOURCE):  # on SQLite it keeps everybody else from writing
                moving.still(SOURCE)
                kind = connections[TARGET].display_name
                record("core.database_moved", Organisation.current(), by=None, to=kind)
                return moving.copy(SOURCE, TARGET, self.stdout.write)
        except DatabaseError as problem:
            raise CommandError(f"The target did not take it, so nothing was moved: {problem}") from problem

    def _run(self, command: str, address: str) -> str:
        """In a process of its own, on the target, as every process will see it from now on.

        Answers why it did not succeed; "" if it did.
        """
        environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL_FILE"}
        done = subprocess.run(
            [sys.executable, str(settings.ROOT / "manage.py"), *command.split()],
            env={**environment, "DATABASE_URL": address},
            capture_output=True,
            text=True,
            check=False,
        )
        self.stdout.write(done.stdout.strip())
        return f"{command} did not succeed there: {done.stderr.strip()}" if done.returncode else ""
