"""Valkey and PostgreSQL are killed while a sync needs them: nothing is lost, and it goes on."""

import os
import subprocess
from pathlib import Path

import psycopg
import pytest

from core.management.supervision import die_with_parent
from tests.connectors.test_kill import MAKE_OWNER, Console, closing_by_force, exported
from tests.fakes.coupa import FakeCoupa
from tests.postgres import Postgres
from tests.valkey import Valkey
from tests.waiting import wait_until

pytestmark = pytest.mark.instance


class MortalValkey(Valkey):
    """Can be killed, and comes back at its address with what it had written down."""

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def come_back(self) -> None:
        self._process = subprocess.Popen(
            self._process.args,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=die_with_parent(os.getpid()),
        )


class PostgresConsole(Console):
    """Its tables are in PostgreSQL."""

    def __init__(self, folder: Path, fake: FakeCoupa, broker: str, database: str) -> None:
        super().__init__(folder, fake, broker)
        self._url = database
        self._environment["DATABASE_URL"] = database
        self.manage("migrate", "--verbosity", "0")

    def _sql(self, statement: str) -> list[tuple[object, ...]]:
        with psycopg.connect(self._url, autocommit=True) as database:
            done = database.execute(statement)
            return done.fetchall() if done.description else []


def connected(console: Console, fake: FakeCoupa) -> str:
    console.manage("shell", "-c", MAKE_OWNER)
    settings = ("--domain", fake.url, "--client-id", fake.client_id)
    told = console.manage(
        *("connect", "coupa", "--app", "Coupa", "--owner", "nora@meridian.example", *settings),
        typed=fake.client_secret,
    )
    return told.split()[-1]


def test_a_sync_goes_on_after_its_valkey_was_killed(tmp_path):
    with MortalValkey() as valkey, FakeCoupa(users=600, seed=3, latency=0.02) as fake:
        console = Console(tmp_path, fake, valkey.url)
        connector_id = connected(console, fake)

        with closing_by_force(console.work()):
            wait_until(lambda: len(fake.requests) >= 10, seconds=40, what="the walk has begun")
            valkey.kill()
            wait_until(
                lambda: "Redis" in str(console.run("problem")), seconds=40, what="the worker has missed it"
            )
        valkey.come_back()
        console.finish()  # Celery ends where it cannot acknowledge; whoever supervises it starts it again

        assert exported(console, connector_id) == fake.truth()


def test_a_sync_goes_on_after_its_postgresql_was_killed(tmp_path, monkeypatch):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    with (
        Valkey() as valkey,
        Postgres(durable=True) as postgres,  # else it forgets what it has just answered for
        FakeCoupa(users=600, seed=4, latency=0.02) as fake,
    ):
        console = PostgresConsole(tmp_path, fake, valkey.url, postgres.url)
        connector_id = connected(console, fake)

        with closing_by_force(console.work()):
            wait_until(lambda: len(fake.requests) >= 12, seconds=40, what="the walk has begun")
            postgres.kill()
            postgres.come_back()
            console.hurry()
            wait_until(console.is_over, seconds=60, what="the same worker has ended the run")

        assert (console.run("status"), console.run("problem")) == ("done", "")
        assert exported(console, connector_id) == fake.truth()
