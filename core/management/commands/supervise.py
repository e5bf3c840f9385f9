"""Runs the whole quick start: web, worker, beat and, without REDIS_URL, an embedded Valkey."""

import os
import shlex
import socket
import sys
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from core.management import valkey
from core.management.folder import alone, refuse_unfinished
from core.management.supervision import Supervisor
from core.models import Role, User

BROKER_ADDRESS = "valkey.url"  # in the data folder, while the embedded one runs; ./dev manage reads it
WEB_THREADS = 4
WORKER_THREADS = 4


class Command(BaseCommand):
    help = "Run web, worker, beat and (without REDIS_URL) Valkey; Ctrl-C stops them all."
    requires_system_checks = ()
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8000, help="listen on 127.0.0.1 at this port")
        parser.add_argument(
            "--also",
            action="append",
            default=[],
            metavar="NAME=COMMAND",
            help="keep this running beside the others; may be given more than once",
        )

    def handle(self, *_args: str, port: int, also: list[str], **_options: Any) -> None:
        os.umask(0o077)  # the folder holds secrets and people's data
        data: Path = settings.DATA
        further = [_further(each) for each in also]
        with _alone(data), Supervisor(self._say) as house:
            Path(settings.STATIC_ROOT).mkdir(exist_ok=True)  # empty, but looked for
            _refuse_if_taken(port)
            environment = self._with_broker(house, data)
            self._migrate()
            for name, command in [*_programs(data, port), *further]:
                house.start(name, command, environment)
            if house.wait_for(lambda: _answers(port), seconds=60):
                self._welcome()
            house.run()

    def _with_broker(self, house: Supervisor, data: Path) -> Mapping[str, str]:
        """The environment for all others: as ours, with the address of a broker."""
        own_address = data / BROKER_ADDRESS
        given = {"REDIS_URL", "REDIS_URL_FILE"} & set(os.environ)
        if given and os.environ.get("REDIS_URL_FILE") != str(own_address):
            return os.environ
        server = valkey.prepare(data / "valkey")
        house.start("valkey", server.command, os.environ)
        if not house.wait_for(server.answers, seconds=20):
            raise CommandError(f"Valkey did not start; {data}/valkey/valkey.log says why.")
        own_address.touch(mode=0o600)
        own_address.write_text(server.url, encoding="utf-8")
        # Nobody else can reach this broker, so our worker is the only one it feeds. Where DATABASE_URL is
        # shared with a worker elsewhere, that one finds its lease lost and stops.
        return {"SOLE_WORKER": "true", **os.environ, "REDIS_URL": server.url}

    def _migrate(self) -> None:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            self._say("reeve", "preparing the database")
            call_command("migrate", verbosity=0, interactive=False)
        connection.close()

    def _welcome(self) -> None:
        if not User.objects.active().holding(Role.SUPER).exists():
            self._say("reeve", "make yourself the first administrator, within 24 hours, at")
            call_command("setup_link", stdout=self.stdout)
        connection.close()
        self._say("reeve", f"ready at {settings.PUBLIC_URL}")

    def _say(self, name: str, line: str) -> None:
        self.stdout.write(f"{name:<6} | {line}")
        self.stdout.flush()


def _programs(data: Path, port: int) -> list[tuple[str, list[str]]]:
    celery = [sys.executable, "-m", "celery", "--quiet", "--app", "config"]
    web = [
        "--interface",
        "wsgi",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--workers",
        "1",
        "--no-ws",
        "--log-level",
        "warning",
    ]
    worker = ["-P", "threads", "-c", str(WORKER_THREADS), "--without-gossip", "--without-mingle"]
    return [
        (
            "web",
            [
                sys.executable,
                "-m",
                "granian",
                *web,
                "--blocking-threads",
                str(WEB_THREADS),
                "config.wsgi:application",
            ],
        ),
        ("worker", [*celery, "worker", *worker, "--loglevel", "WARNING"]),
        ("beat", [*celery, "beat", "--schedule", str(data / "beat"), "--pidfile=", "--loglevel", "WARNING"]),
    ]


def _further(text: str) -> tuple[str, list[str]]:
    name, _, command = text.partition("=")
    if not name or not command.strip():
        raise CommandError(f"--also wants NAME=COMMAND, not {text!r}.")
    return name, shlex.split(command)


@contextmanager
def _alone(data: Path) -> Iterator[None]:
    with alone(data):
        refuse_unfinished(data)
        try:
            yield
        finally:
            (data / BROKER_ADDRESS).unlink(missing_ok=True)


def _refuse_if_taken(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError) as problem:
            raise CommandError(
                f"Port {port} cannot be used ({problem}); choose another with --port."
            ) from problem


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
