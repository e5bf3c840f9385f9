"""A clock that nobody has to wait for, and drivers opened on the pretend Coupa."""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from connectors.contract import Account, Batch, Entitlement, Grant, Outside
from connectors.drivers.coupa.capabilities import kinds_on, needed
from connectors.drivers.coupa.client import CoupaClient
from connectors.drivers.coupa.driver import CoupaDriver
from connectors.http import Api, ClientCredentials, Clock
from tests.connectors.drivers.vendor import ORIGIN, SECRET, Vendor
from tests.fakes.coupa import FakeCoupa
from tests.fakes.coupa.tenant import line_order

KINDS = ("user", "group", "role", "license")


class Hands:
    """Sleeping moves them; `slept` says how long each sleep was."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        self.passed = 0.0

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.passed += seconds

    def clock(self) -> Clock:
        start = datetime(2026, 3, 1, 12, tzinfo=UTC)
        return Clock(
            now=lambda: start + timedelta(seconds=self.passed), ticks=lambda: self.passed, sleep=self.sleep
        )


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def fake() -> Iterator[FakeCoupa]:
    with FakeCoupa(users=230, groups=12, roles=14, seed=7) as running:
        yield running


@pytest.fixture
def drive(hands: Hands) -> Iterator[Callable[..., CoupaDriver]]:
    """Opens drivers as `SPEC.open` does, but with the clock of the test."""
    opened: list[CoupaDriver] = []

    def open_on(
        fake: FakeCoupa, *, secret: str = "", mode: str = "read", outside: Outside | None = None
    ) -> CoupaDriver:
        outside = outside or Outside()
        kinds = kinds_on(outside.kinds)
        scopes = needed({"mode": mode}, kinds)
        credentials = ClientCredentials(
            f"{fake.url}/oauth2/token", fake.client_id, secret or fake.client_secret, scopes
        )
        api = Api("Coupa", fake.url, credentials, outside, clock=hands.clock())
        opened.append(CoupaDriver(CoupaClient(api), scopes, kinds))
        return opened[-1]

    yield open_on
    for driver in opened:
        driver.close()


@pytest.fixture
def api(hands) -> Iterator[Callable[..., Api]]:
    opened: list[Api] = []

    def open_on(vendor: Vendor, origin: str = ORIGIN, outside: Outside | None = None) -> Api:
        credentials = ClientCredentials(f"{origin}/oauth2/token", "an-id", SECRET, ("a.read", "b.read"))
        transport = httpx.MockTransport(vendor)
        opened.append(
            Api("Coupa", origin, credentials, outside or Outside(), clock=hands.clock(), transport=transport)
        )
        return opened[-1]

    yield open_on
    for one in opened:
        one.close()


def as_lines(batches: Iterable[Batch]) -> list[dict[str, Any]]:
    """What batches say, in the form of the fake's truth; later records win."""
    lines: dict[tuple[str, str, str], dict[str, Any]] = {}
    for batch in batches:
        for record in batch.records:
            if line := _line(record):
                lines[line_order(line)] = line
    return [lines[key] for key in sorted(lines)]


def _line(record: object) -> dict[str, Any]:
    match record:
        case Account():
            told = {"login": record.login, "email": record.email, "name": record.name}
            return {"type": "account", "id": record.id, **told, "active": record.status == "enabled"}
        case Entitlement():
            about = {"resource_type": record.kind, "resource_id": record.resource_id}
            return {"type": "entitlement", "id": record.id, **about, "name": record.name, "slug": record.slug}
        case Grant():
            return {"type": "grant", "account_id": record.account_id, "entitlement_id": record.entitlement_id}
    return {}
