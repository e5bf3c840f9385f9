"""Letters while workers are killed: none is lost, and one that goes out twice is the same message."""

import os
import random
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
from celery import Celery

from core.management.supervision import die_with_parent
from core.sealing import new_key
from tests.mailing import Server, serving
from tests.migrated import begin_with_tables
from tests.valkey import Valkey
from tests.waiting import wait_until

ROOT = Path(__file__).resolve().parents[2]
LETTERS = 24
WRITE = f"""
from core.mailbox import post
from core.models import User
nora = User(email="nora@meridian.example", name="Nora Lindqvist")
nora.save()
for number in range({LETTERS}):
    post("mail_test", to=nora, key=str(number))
"""
pytestmark = pytest.mark.instance


class Deadly(Server):
    """A mail server that kills the worker it speaks to, at a moment and after so many letters."""

    def __init__(self) -> None:
        super().__init__()
        self.victim: subprocess.Popen[bytes] | None = None
        self.moment = ""
        self.letters_left = 0

    async def handle_MAIL(self, server, session, envelope, address, options):  # noqa: N802
        self._strike("before")
        return await super().handle_MAIL(server, session, envelope, address, options)

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        answer = await super().handle_DATA(server, session, envelope)
        self._strike("between")
        return answer

    def _strike(self, moment):
        """`before` the letter is handed in; `between` that and the commit that says so."""
        if self.victim is None or moment != self.moment:
            return
        self.letters_left -= 1
        if self.letters_left <= 0:
            self.victim.kill()


class Console:
    """A console without web pages: its folder, its Valkey, and one worker that can be killed."""

    def __init__(self, folder: Path, server: Deadly, broker: str) -> None:
        self._database = folder / "db.sqlite3"
        begin_with_tables(self._database)
        self._server = server
        self._broker = Celery(broker=broker)
        self._environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "SEALING_KEYS": new_key(),
            "DATA_DIR": str(folder),
            "DATABASE_URL": f"sqlite:///{self._database}",
            "REDIS_URL": broker,
            "MAIL_URL": f"smtp://127.0.0.1:{server.port}",
        }

    def manage(self, *words: str) -> None:
        told = subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=ROOT,
            env=self._environment,
            capture_output=True,
            text=True,
        )
        assert told.returncode == 0, told.stderr

    def letters(self, status: str = "") -> list[str]:
        found = self._sql("SELECT id, status FROM core_outgoingmail")
        return [str(pk) for pk, present in found if status in ("", present)]

    def kill(self, moment: str, letters: int) -> None:
        """Let a worker send, and kill it at this moment of the letter that is so many letters ahead."""
        self._server.moment, self._server.letters_left = moment, letters
        worker = self._work()
        if moment == "after":
            until = len(self.letters("sent")) + letters
            wait_until(lambda: len(self.letters("sent")) >= until, seconds=60, what="letters went out")
            worker.kill()
        assert worker.wait(timeout=60) == -9
        self._server.victim = None

    def finish(self) -> None:
        worker = self._work()
        self._server.victim = None
        wait_until(lambda: not self.letters("queued"), seconds=60, what="all letters went out")
        worker.kill()
        worker.wait()

    def _work(self) -> subprocess.Popen[bytes]:
        """A new worker, minutes later: the leases of the one before ran out."""
        self._sql("UPDATE core_outgoingmail SET leased_until = NULL, due_at = created_at")
        lean = ("--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel=ERROR")
        worker = subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", "config", "worker", "-P", "threads", "-c", "2", *lean],
            cwd=ROOT,
            env=self._environment,
            preexec_fn=die_with_parent(os.getpid()),
        )
        self._server.victim = worker
        self._broker.send_task("core.sweep_mail")
        return worker

    def _sql(self, statement: str) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(self._database, timeout=20)) as database, database:
            return database.execute(statement).fetchall()


@pytest.mark.parametrize("seed", [1, 2])
def test_every_letter_arrives_and_one_that_arrives_twice_is_the_same_message(seed, tmp_path, unused_port):
    dice, server = random.Random(seed), Deadly()
    with Valkey() as valkey, serving(unused_port, server):
        console = Console(tmp_path, server, valkey.url)
        console.manage("shell", "-c", WRITE)

        for moment in [*dice.sample(["before", "between"], 2), "after"]:
            console.kill(moment, dice.randint(1, 4))
        console.finish()

        letters = console.letters()
        arrived = Counter(str(message["Message-ID"]) for message in server.taken)
        domain = next(iter(arrived)).rpartition("@")[2]
        twice = [message_id for message_id, times in arrived.items() if times > 1]
        assert sorted(console.letters("sent")) == sorted(letters)
        assert len(letters) == LETTERS
        assert arrived.keys() == {f"<{letter}@{domain}" for letter in letters}
        assert 1 <= len(twice) <= 4, "at two kills two letters each were under way at most"
        for message_id in twice:
            copies = [each for each in server.taken if each["Message-ID"] == message_id]
            assert len({str(each.get_body(["plain"])) for each in copies}) == 1
