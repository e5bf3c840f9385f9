"""The web server is killed while people save settings and confirm runs: each deed is whole, or was never."""

import json
import os
import random
import signal
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from django.conf import settings
from django.contrib.auth import login
from django.contrib.sessions.backends.db import SessionStore
from django.db import transaction
from django.http import HttpRequest

from connectors.models import Connector, SyncRun
from core.models import Role
from core.sealing import seal
from tests.browser.instance import Instance
from tests.fakes.coupa import FakeCoupa
from tests.make import make_app, make_connected, make_run, make_user
from tests.waiting import wait_until

KILLS = 3
ROWS = 80  # of each kind; so many are never used up
VISITORS = 4  # as many as the web server has threads
REASON = "The merger moved these people, and they are right."
CSRF = "k" * 32
pytestmark = pytest.mark.instance


@dataclass
class Clicks:
    """What became of the POSTs of one kind, by the rows they were about."""

    waiting: deque[str]
    answers: dict[str, int] = field(default_factory=dict)
    cut: list[str] = field(default_factory=list)
    """Sent, and the server died before it had answered."""


def prepare(client_id: str, secret: str, url: str) -> None:
    """Run inside the instance: connectors to save settings of, held runs, somebody signed in. Prints JSON."""
    source, kept = f"coupa:{url.partition('//')[2]}", {"domain": url, "client_id": client_id, "mode": "read"}
    with transaction.atomic():
        nora = make_user("Nora Lindqvist", Role.SUPER)
        connectors = [
            make_connected(app=make_app(f"Coupa {number}"), source=source, settings=kept)
            for number in range(2 * ROWS)
        ]
        for each in connectors:
            each.sealed = seal(json.dumps({"client_secret": secret}), place=each.place)
        for each in connectors[ROWS:]:
            each.status = Connector.Status.HELD
        Connector.objects.bulk_update(connectors, ["sealed", "status"])
        held = [
            make_run(each, status=SyncRun.Status.HELD, ended_at=None, walked_at=each.created_at)
            for each in connectors[ROWS:]
        ]
        request = HttpRequest()
        request.session = SessionStore()
        login(request, nora)
        request.session.save()
    session = {settings.SESSION_COOKIE_NAME: request.session.session_key, settings.CSRF_COOKIE_NAME: CSRF}
    made = {"cookies": session, "to_save": [each.pk for each in connectors[:ROWS]]}
    print(json.dumps({**made, "to_confirm": [each.key for each in held]}))


class Office:
    """An instance, and people who click in it without a pause, a row each time."""

    def __init__(self, instance: Instance, fake: FakeCoupa) -> None:
        code = "from tests.connectors.test_kill_web import prepare; prepare(*%r)"
        given = (fake.client_id, fake.client_secret, fake.url)
        told = instance.manage("shell", "-v", "0", "-c", code % (given,))
        assert told.returncode == 0, told.stderr
        made = json.loads(told.stdout)
        self.saves, self.confirms = Clicks(deque(made["to_save"])), Clicks(deque(made["to_confirm"]))
        self._instance, self._cookies = instance, made["cookies"]
        self._typed = {"domain": fake.url, "client_id": fake.client_id, "mode": "read", "client_secret": "no"}
        self._is_over = threading.Event()

    @contextmanager
    def clicking(self) -> Iterator[None]:
        """What a visitor fails at is raised at the end."""
        with ThreadPoolExecutor(VISITORS) as people:
            at_work = [people.submit(self._save_and_confirm) for _ in range(VISITORS)]
            try:
                yield
            finally:
                self._is_over.set()
        for each in at_work:
            each.result()

    def wait_for_answers(self, number: int) -> None:
        """To so many more POSTs of each kind."""
        wanted = [(clicks, len(clicks.answers) + number) for clicks in (self.saves, self.confirms)]
        wait_until(
            lambda: all(len(clicks.answers) >= until for clicks, until in wanted),
            seconds=60,
            what=f"{number} more of each are answered",
        )

    def kill_web(self, after: float) -> None:
        """All of it at once: of its processes none may bring to an end what another was asked."""
        self.wait_for_answers(1)
        web = wait_until(
            lambda: self._instance.processes("granian"), seconds=60, what="the web server is there again"
        )[0].pid
        self.wait_for_answers(1)
        time.sleep(after)
        os.killpg(os.getpgid(web), signal.SIGKILL)

    def look(self, path: str) -> int:
        with self._browser() as browser:
            return browser.get(path).status_code

    def _save_and_confirm(self) -> None:
        """By turns, so that of neither there is much more than of the other."""
        with self._browser() as browser:
            while not self._is_over.is_set():
                self._click(browser, self.saves, "/connectors/%s/settings/", self._typed)
                self._click(browser, self.confirms, "/connectors/runs/%s/confirm/", {"reason": REASON})

    def _click(self, browser: httpx.Client, clicks: Clicks, path: str, typed: dict[str, str]) -> None:
        row = clicks.waiting.popleft()
        try:
            answer = browser.post(path % row, data={**typed, "csrfmiddlewaretoken": CSRF})
        except httpx.ConnectError:  # it never went out
            clicks.waiting.append(row)
            self._is_over.wait(0.05)
        except (httpx.NetworkError, httpx.RemoteProtocolError):
            clicks.cut.append(row)
        else:
            clicks.answers[row] = answer.status_code

    def _browser(self) -> httpx.Client:
        return httpx.Client(
            base_url=self._instance.url,
            cookies=self._cookies,
            limits=httpx.Limits(max_keepalive_connections=0),
            timeout=30,
            trust_env=False,
        )


class Books:
    """What the database says."""

    def __init__(self, database: Path) -> None:
        self._database = database

    def ask(self, question: str, *given: object) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(self._database, timeout=60)) as database:
            return database.execute(question, given).fetchall()

    def told(self, action: str, *, about: str = "object_id") -> list[str]:
        """What events of this action are about, one for each."""
        return sorted(
            str(row) for (row,) in self.ask(f"SELECT {about} FROM core_trailevent WHERE action = ?", action)
        )

    def is_quiet(self) -> bool:
        """Whether workers have done all that they were asked for."""
        [(waiting,)] = self.ask(
            "SELECT (SELECT count(*) FROM connectors_settingscandidate WHERE status = 'waiting')"
            " + (SELECT count(*) FROM connectors_syncrun WHERE status IN ('queued', 'running'))"
        )
        return not waiting


def assert_as_answered(clicks: Clicks, happened: Collection[str]) -> None:
    """Whatever was answered has happened; beside it only what was cut off may have."""
    assert set(clicks.answers.values()) == {302}
    assert clicks.answers.keys() <= set(happened) <= clicks.answers.keys() | set(clicks.cut)


def assert_settings_whole(books: Books, clicks: Clicks) -> None:
    saved = books.told("connectors.settings_saved")
    candidates = books.ask(
        "SELECT connector_id, status FROM connectors_settingscandidate ORDER BY connector_id"
    )

    assert_as_answered(clicks, saved)
    assert candidates == [(connector, "refused") for connector in saved]
    assert books.told("connectors.settings_refused") == saved


def assert_runs_whole(books: Books, clicks: Clicks) -> None:
    confirmed = books.told("connectors.run_confirmed", about="json_extract(change, '$.run')")
    settled = "run.settled_reason, run.settled_at IS NOT NULL, run.settled_by_id IS NOT NULL"
    runs = books.ask(
        f"SELECT run.key, run.status, connector.status, {settled} FROM connectors_syncrun run"
        " JOIN connectors_connector connector ON connector.id = run.connector_id"
        " WHERE run.walked_at IS NOT NULL ORDER BY run.key"
    )
    done, held = ("done", "connected", REASON, 1, 1), ("held", "held", "", 0, 0)

    assert_as_answered(clicks, confirmed)
    assert runs == [(key, *(done if key in confirmed else held)) for key, *_ in runs]
    assert books.told("connectors.run_done", about="json_extract(change, '$.run')") == confirmed


def assert_trail_whole(books: Books) -> None:
    """Each event is sealed or waits for it."""
    [(events, covered)] = books.ask(
        "SELECT (SELECT count(*) FROM core_trailevent), (SELECT count(*) FROM core_trailpending)"
        " + (SELECT coalesce(sum(json_array_length(events)), 0) FROM core_trailseal)"
    )
    assert events == covered


def test_what_is_clicked_while_the_web_server_is_killed_happens_whole_or_not_at_all(tmp_path):
    dice = random.Random(7)
    with (
        FakeCoupa(users=1, groups=1, roles=1) as fake,
        Instance(tmp_path, {"CONNECTOR_HOSTS": fake.url}) as instance,
    ):
        office, books = Office(instance, fake), Books(tmp_path / "data" / "db.sqlite3")

        with office.clicking():
            for _ in range(KILLS):
                office.kill_web(after=dice.uniform(0, 0.1))
            office.wait_for_answers(2)
        wait_until(books.is_quiet, seconds=60, what="workers have done all that was committed")

        assert len(office.saves.cut) + len(office.confirms.cut) >= KILLS
        assert_settings_whole(books, office.saves)
        assert_runs_whole(books, office.confirms)
        assert_trail_whole(books)
        assert {office.look(f"/connectors/{pk}/") for pk in office.saves.cut} <= {200}
        assert {office.look(f"/connectors/runs/{key}/") for key in office.confirms.cut} <= {200}
        assert office.look("/connectors/") == 200
