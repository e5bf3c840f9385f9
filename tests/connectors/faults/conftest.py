"""A connector that reads the pretend Coupa with the real driver; the worker is the test itself."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.test import Client
from django.utils.timezone import now

from connectors import jobs
from connectors.actions import runs
from connectors.http import Api, Clock
from connectors.models import Connector, SyncRun
from connectors.queries import export_access
from connectors.sync import pace
from core.models import OutgoingMail, Role
from core.sealing import seal
from tests.fakes.coupa import FakeCoupa
from tests.make import make_connector, make_user
from tests.valkey import valkey_server  # noqa: F401  # a fixture


@dataclass
class Time:
    """Waiting moves it on; nobody waits."""

    passed: float = 0.0
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.passed += seconds

    def clock(self) -> Clock:
        return Clock(
            now=lambda: datetime.now(UTC) + timedelta(seconds=self.passed),
            ticks=lambda: self.passed,
            sleep=self.sleep,
        )


@dataclass
class Plant:
    """One Coupa, one connector of it that was read once, and what is known of it here."""

    fake: FakeCoupa
    connector: Connector
    time: Time
    page: Client

    def sync(self, *, counted: bool = False) -> SyncRun:
        """Begin a run and carry it as far as one worker carries it."""
        return self.work(runs.start(self.connector, by=None, counted=counted))

    def work(self, run: SyncRun) -> SyncRun:
        """What a worker does with it when its time has come."""
        SyncRun.objects.filter(pk=run.pk).update(due_at=now())
        jobs.run_sync(str(run.pk))
        run.refresh_from_db()
        self.connector.refresh_from_db()
        return run

    def discard(self, run: SyncRun) -> None:
        """As its owner does."""
        runs.discard(run, by=self.connector.owners_now().get(), reason="Coupa was not well.")
        self.connector.refresh_from_db()

    def known(self) -> list[dict[str, Any]]:
        return [dict(line) for line in export_access(self.connector)]

    def is_true(self) -> bool:
        """Whether what is known is what is so."""
        return self.known() == self.fake.truth()

    def change(self) -> None:
        """Somebody comes, somebody goes, one role is given, one is taken: small enough for the guard."""
        users = [line["id"] for line in self.fake.truth() if line["type"] == "account"]
        self.fake.grant(self.fake.add_user("new.hire", name="New Hire"), "role:2:member")
        self.fake.remove_user(users[20])
        self.fake.grant(users[21], "role:5:member")
        self.fake.revoke(users[22], "role:3:member")

    def letters(self) -> list[OutgoingMail]:
        """All but the one that says that the first sync is done."""
        return list(OutgoingMail.objects.exclude(letter="sync_done").order_by("pk"))

    def says(self) -> str:
        """The page of the connector, as its owner sees it."""
        return self.page.get(f"/connectors/{self.connector.pk}/").content.decode()

    def ends(self) -> tuple[str, str]:
        """How the last run and the connector stand."""
        run = self.connector.runs.latest("pk")
        return run.status, self.connector.status


@pytest.fixture
def redis(valkey_server: str, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:  # noqa: F811
    settings.REDIS_URL = valkey_server
    monkeypatch.setattr(pace, "A_SECOND", 5_000)
    pace._redis.cache_clear()
    yield
    pace._redis().flushall()
    pace._redis().close()
    pace._redis.cache_clear()


@pytest.fixture
def plant(
    db: None, redis: None, nudges: list[tuple[str, str]], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Plant]:
    """Read once, well."""
    time = Time()
    monkeypatch.setattr("connectors.drivers.coupa.driver.Api", partial(Api, clock=time.clock()))
    owner, page = make_user("Grace Kim", Role.BASIC), Client()
    page.force_login(owner)
    with FakeCoupa(users=160, groups=12, roles=14, seed=7) as fake:
        settings.CONNECTOR_HOSTS = [fake.url]
        kept = {"domain": fake.url, "client_id": fake.client_id, "mode": "read"}
        connector = make_connector(owner, settings=kept, source=f"coupa:{fake.host}")
        connector.sealed = seal(json.dumps({"client_secret": fake.client_secret}), place=connector.place)
        connector.save()
        plant = Plant(fake, connector, time, page)
        assert plant.sync().status == SyncRun.Status.DONE
        assert plant.is_true()
        yield plant
