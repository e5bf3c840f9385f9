"""A worker that is killed again and again loses nothing: what is known in the end is the app's truth."""

import json
import os
import random
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from celery import Celery

from core.management.supervision import die_with_parent
from core.sealing import new_key
from tests.fakes.coupa.server import FakeCoupa
from tests.migrated import begin_with_tables
from tests.valkey import Valkey
from tests.waiting import wait_until

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.instance


class Console:
    """A console without web pages: its folder, its Valkey, and one worker that can be killed."""

    def __init__(self, folder: Path, fake: FakeCoupa, broker: str) -> None:
        self._fake = fake
        self._database = folder / "db.sqlite3"
        begin_with_tables(self._database)
        self._broker = Celery(broker=broker)
        self._environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "SEALING_KEYS": new_key(),
            "DATA_DIR": str(folder),
            "DATABASE_URL": f"sqlite:///{self._database}",
            "REDIS_URL": broker,
            "CONNECTOR_HOSTS": fake.url,
        }

    def manage(self, *words: str, typed: str = "") -> str:
        told = subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=ROOT,
            env=self._environment,
            input=typed,
            capture_output=True,
            text=True,
        )
        assert told.returncode == 0, told.stderr
        return told.stdout

    def work(self) -> subprocess.Popen[bytes]:
        """A new worker, which hears at once of what the last one left."""
        self._sql("UPDATE connectors_syncrun SET leased_until = NULL, due_at = created_at")
        self._sql("UPDATE connectors_settingscandidate SET leased_until = NULL, due_at = saved_at")
        lean = ("--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel=ERROR")
        worker = subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", "config", "worker", "-P", "threads", "-c", "2", *lean],
            cwd=ROOT,
            env=self._environment,
            preexec_fn=die_with_parent(os.getpid()),
        )
        self._broker.send_task("connectors.sweep")
        return worker

    def hurry(self) -> None:
        """What comes to pass by itself when the lease has run out and the wait is over."""
        self._sql("UPDATE connectors_syncrun SET leased_until = NULL, due_at = created_at")
        self._broker.send_task("connectors.sweep")

    def run(self, column: str) -> object:
        """A column of the latest run; None if there is no run yet."""
        found = self._sql(f"SELECT {column} FROM connectors_syncrun ORDER BY id DESC LIMIT 1")
        return found[0][0] if found else None

    def is_over(self) -> bool:
        return self.run("status") not in (None, "queued", "running")

    def kill_after(self, requests: int) -> None:
        """Kill a worker when the app has been asked so often, or when the run is over before."""
        until = len(self._fake.requests) + requests
        with closing_by_force(self.work()):
            wait_until(
                lambda: len(self._fake.requests) >= until or self.is_over(),
                seconds=60,
                what=f"{requests} requests are made",
            )

    def kill_while_applying(self, after: float) -> None:
        """Kill a worker some moments after the walk has ended."""
        with closing_by_force(self.work()):
            wait_until(lambda: self.run("walked_at"), seconds=60, what="the walk has ended")
            time.sleep(after)

    def kill_while_counting(self) -> None:
        """Kill a worker once the second reading has begun, or when the run is over before."""
        with closing_by_force(self.work()):
            wait_until(
                lambda: self.run("recount_cursor") or self.is_over(),
                seconds=60,
                what="the second count has begun",
            )

    def finish(self) -> None:
        with closing_by_force(self.work()):
            wait_until(self.is_over, seconds=90, what="the run is over")
        assert (self.run("status"), self.run("problem")) == ("done", "")

    def _sql(self, statement: str) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(self._database, timeout=20)) as database, database:
            return database.execute(statement).fetchall()


class closing_by_force:  # noqa: N801  # reads like contextlib.closing
    def __init__(self, worker: subprocess.Popen[bytes]) -> None:
        self._worker = worker

    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        self._worker.kill()
        self._worker.wait()


@pytest.mark.parametrize("seed", [1, 2])
def test_what_is_known_after_many_kills_is_the_truth_of_the_app(seed, tmp_path):
    dice = random.Random(seed)
    with Valkey() as valkey, FakeCoupa(users=1_500, seed=seed, latency=0.01) as fake:
        console = Console(tmp_path, fake, valkey.url)
        console.manage("shell", "-c", MAKE_OWNER)
        settings = ("--domain", fake.url, "--client-id", fake.client_id)
        told = console.manage(
            *("connect", "coupa", "--app", "Coupa", "--owner", "nora@meridian.example", *settings),
            typed=fake.client_secret,
        )
        connector_id = told.split()[-1]

        for _ in range(3):
            console.kill_after(dice.randint(2, 20))
        console.kill_while_applying(dice.uniform(0, 0.5))
        console.finish()

        assert exported(console, connector_id) == fake.truth()

        change(fake, dice)
        console.manage("sync", connector_id)
        console.kill_after(dice.randint(2, 25))
        console.kill_while_applying(dice.uniform(0, 0.2))
        console.finish()

        assert exported(console, connector_id) == fake.truth()


def test_a_counted_run_that_is_killed_again_and_again_agrees_in_the_end(tmp_path):
    dice = random.Random(5)
    with Valkey() as valkey, FakeCoupa(users=900, seed=5, latency=0.01) as fake:
        console = Console(tmp_path, fake, valkey.url)
        console.manage("shell", "-c", MAKE_OWNER)
        settings = ("--domain", fake.url, "--client-id", fake.client_id)
        told = console.manage(
            *("connect", "coupa", "--app", "Coupa", "--owner", "nora@meridian.example", *settings),
            typed=fake.client_secret,
        )
        connector_id = told.split()[-1]
        console.finish()
        change(fake, dice)

        console.manage("sync", connector_id, "--counted")
        for _ in range(2):
            console.kill_after(dice.randint(4, 16))
        console.kill_while_counting()
        console.finish()

        assert exported(console, connector_id) == fake.truth()
        assert console.run("counted_at") is not None
        assert console.run("(SELECT count(*) FROM connectors_syncrecount)") == 0


MAKE_OWNER = "from core.models import User; User(email='nora@meridian.example', name='Nora Lindqvist').save()"


def exported(console: Console, connector_id: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in console.manage("export_access", connector_id).splitlines()]


def change(fake: FakeCoupa, dice: random.Random) -> None:
    """Somebody comes, some go, some lose what they held."""
    accounts = [line["id"] for line in fake.truth() if line["type"] == "account"]
    grants = [line for line in fake.truth() if line["type"] == "grant"]
    gone = dice.sample(accounts, 20)
    fake.grant(fake.add_user("new.hire", name="New Hire"), "role:2:member")
    for account in gone:
        fake.remove_user(account)
    for grant in dice.sample(grants, 60):
        if grant["account_id"] not in gone and not grant["entitlement_id"].startswith("license:"):
            fake.revoke(grant["account_id"], grant["entitlement_id"])
