"""The pretend Coupa on a real port, with verbs, a log of requests, and bad days on demand."""

import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from tests.fakes.coupa.api import SCOPES, Coupa
from tests.fakes.coupa.habits import Habits
from tests.fakes.coupa.people import Size, User
from tests.fakes.coupa.tenant import Tenant


@dataclass(frozen=True, slots=True)
class Asked:
    method: str
    target: str
    status: int


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body leave together
    coupa: Coupa
    log: list[Asked]

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        answer = self.coupa.answer(self.command, self.path, dict(self.headers.items()), body)
        self.log.append(Asked(self.command, self.path, answer.status))
        if answer.lost:
            self.close_connection = True
            return
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body[: len(answer.body) // 2] if answer.cut else answer.body)
        self.close_connection = self.close_connection or answer.cut

    do_GET = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815  # the names that http.server calls

    def log_message(self, *_: Any) -> None:
        """Nothing on the terminal; `FakeCoupa.requests` has it all."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is nothing to talk about."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class FakeCoupa:
    """A tenant behind a port. `with FakeCoupa(users=200) as fake:` starts and stops it."""

    def __init__(
        self,
        *,
        users: int = 5_000,
        groups: int = 60,
        roles: int = 40,
        account_groups: int = 0,
        seed: int = 1,
        people: Sequence[dict[str, str]] = (),
        client_id: str = "reeve-client",
        client_secret: str = "reeve-secret",
        scopes: frozenset[str] = SCOPES,
        host: str = "127.0.0.1",
        port: int = 0,
        token_lifetime: int = 86_399,
        rate_limit: bool = False,
        rate: float = 25.0,
        latency: float = 0.0,
    ) -> None:
        self.client_id, self.client_secret = client_id, client_secret
        self.tenant = Tenant(Size(users, groups, roles, account_groups), seed, people)
        self.coupa = Coupa(
            self.tenant,
            client_id=client_id,
            client_secret=client_secret,
            scopes=scopes,
            token_lifetime=token_lifetime,
            rate_limit=rate_limit,
            rate=rate,
            latency=latency,
        )
        self.requests: list[Asked] = []
        handler = type("BoundHandler", (Handler,), {"coupa": self.coupa, "log": self.requests})
        self._server = Server((host, port), handler)
        self._thread: threading.Thread | None = None

    @property
    def host(self) -> str:
        address, port = self._server.server_address[:2]
        return f"{address!s}:{port}"

    @property
    def url(self) -> str:
        return f"http://{self.host}"

    def start(self) -> Self:
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        self._thread.start()
        return self

    def serve(self) -> None:
        """Serve in this thread, until it ends."""
        self._server.serve_forever()

    def stop(self) -> None:
        if self._thread:
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def misbehave(self, **habits: Any) -> None:
        """Exactly these habits from now on; see `Habits`. Pages count from here."""
        self.coupa.habits = Habits(**habits)
        self.coupa.pages.restart()

    def behave(self) -> None:
        self.misbehave()

    def truth(self) -> list[dict[str, Any]]:
        return self.tenant.truth()

    def add_user(
        self, login: str, *, email: str | None = None, name: str = "", number: str | None = None
    ) -> str:
        """A new user with the highest id and nothing held; the id comes back."""
        first, _, last = name.partition(" ")
        user = User(self.tenant.order[-1] + 1, login, email, first, last, name or None, number)
        self.tenant.add_user(user)
        return str(user.id)

    def remove_user(self, account: str) -> None:
        self.tenant.remove_user(int(account))

    def set_active(self, account: str, *, active: bool) -> None:
        self.tenant.put(int(account), {"active": active})

    def grant(self, account: str, entitlement: str) -> None:
        self.tenant.hold(int(account), entitlement, holds=True)

    def revoke(self, account: str, entitlement: str) -> None:
        self.tenant.hold(int(account), entitlement, holds=False)

    def hush(self, account: str, *licences: str, missing: bool = False) -> None:
        """Answer null for these licences of the user, whatever is held, or leave their keys out."""
        self.tenant.hush(int(account), frozenset(licences), missing=missing)

    def add_group(self, name: str) -> str:
        return str(self.tenant.add_thing("group", name))

    def remove_group(self, group: str) -> None:
        self.tenant.remove_thing("group", int(group))

    def add_role(self, name: str) -> str:
        return str(self.tenant.add_thing("role", name))

    def remove_role(self, role: str) -> None:
        self.tenant.remove_thing("role", int(role))

    def withdraw_scopes(self, *scopes: str) -> None:
        """Take these from the client: a token with one of them is given no more, those given out end."""
        self.coupa.scopes -= {*scopes}
        self.revoke_token()

    def give_scopes(self, *scopes: str) -> None:
        self.coupa.scopes |= {*scopes}

    def revoke_token(self) -> None:
        """End every token given out so far."""
        self.coupa.tokens.clear()
