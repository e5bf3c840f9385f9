"""A pretend Coupa without a network in between, a journal, and workers that die when they are told to."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import httpx

from connectors.contract import Outside
from connectors.contract_writing import Receipt
from connectors.drivers.coupa.capabilities import kinds_on, needed
from connectors.drivers.coupa.client import CoupaClient
from connectors.drivers.coupa.driver import CoupaDriver
from connectors.http import Api, ClientCredentials
from tests.connectors.drivers.conftest import Hands
from tests.fakes.coupa import FakeCoupa

BEFORE, AFTER = "before", "after"
KINDS = ("user", "group", "role", "license")


class Killed(BaseException):
    """As kill -9 would have it: nothing catches it, and nothing more is asked or kept."""


class Fate:
    """A worker's life, counted in requests and in writes to its journal."""

    def __init__(self, dies_at: int = 0, when: str = BEFORE) -> None:
        self.steps = 0
        self.is_over = False
        self._dies_at, self._when = dies_at, when

    @contextmanager
    def step(self) -> Iterator[None]:
        if self.is_over:
            raise Killed
        self.steps += 1
        self.is_over = self.steps == self._dies_at
        if self.is_over and self._when == BEFORE:
            raise Killed
        yield
        if self.is_over:
            raise Killed


class Kept:
    """A journal that outlives its workers."""

    def __init__(self) -> None:
        self.kept: Mapping[str, object] = {}
        self.fate = Fate()
        self.written: list[Mapping[str, object]] = []

    def get(self) -> Mapping[str, object]:
        return self.kept

    def put(self, kept: Mapping[str, object]) -> None:
        with self.fate.step():
            self.kept = json.loads(json.dumps(kept))
            self.written.append(self.kept)


class Wire(httpx.BaseTransport):
    """Hands requests to the pretend Coupa itself; `meddle` is at work in the tenant before each."""

    def __init__(self, fake: FakeCoupa, fate: Fate, meddle: Callable[[httpx.Request], None] | None) -> None:
        self._fake, self._fate, self._meddle = fake, fate, meddle

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/oauth2/token":
            return self._answer(request)
        if self._meddle:
            self._meddle(request)
        with self._fate.step():
            return self._answer(request)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        headers = {name.title(): value for name, value in request.headers.items()}
        target = request.url.raw_path.decode()
        answer = self._fake.coupa.answer(request.method, target, headers, request.read())
        if answer.lost:
            raise httpx.RemoteProtocolError("Server disconnected", request=request)
        told = {"content-type": answer.content_type, **answer.headers}
        return httpx.Response(answer.status, headers=told, content=answer.body)


class World:
    """One tenant, one journal, and a new worker for each try."""

    def __init__(self, fake: FakeCoupa) -> None:
        self.fake = fake
        self.journal = Kept()
        self.hands = Hands()
        self.meddle: Callable[[httpx.Request], None] | None = None
        self.outside = Outside()
        self.mode = "read-write"

    def worker(self, fate: Fate | None = None) -> CoupaDriver:
        self.journal.fate = fate or Fate()
        kinds = kinds_on(KINDS)
        scopes = needed({"mode": self.mode}, kinds)
        credentials = ClientCredentials(
            f"{self.fake.url}/oauth2/token", self.fake.client_id, self.fake.client_secret, scopes
        )
        wire = Wire(self.fake, self.journal.fate, self.meddle)
        api = Api("Coupa", self.fake.url, credentials, self.outside, clock=self.hands.clock(), transport=wire)
        return CoupaDriver(CoupaClient(api), scopes, kinds)

    def make(self, verb: str, user: str, entitlement: str = "", fate: Fate | None = None) -> Receipt:
        """One try by a worker of its own."""
        driver = self.worker(fate)
        try:
            if verb in ("enable", "disable"):
                return getattr(driver, verb)(user, self.journal)  # type: ignore[no-any-return]  # by name
            return getattr(driver, verb)(user, entitlement, self.journal)  # type: ignore[no-any-return]
        finally:
            driver.close()

    def held(self, user: str, kind: str = "role") -> set[int]:
        person = self.fake.tenant.users[int(user)]
        return set(person.roles if kind == "role" else person.groups)

    def hold(self, user: str, ids: set[int], kind: str = "role") -> None:
        person = self.fake.tenant.users[int(user)]
        held = person.roles if kind == "role" else person.groups
        held.clear()
        held.update(ids)


def is_emptying(request: httpx.Request) -> bool:
    """Whether the request takes a whole list away."""
    if request.method != "PUT":
        return False
    told = json.loads(request.read())
    return any(told.get(key, "") in (None, []) for key in ("roles", "user-groups"))
