"""`python -m tests.fakes.oidc`: a pretend identity provider as a process of its own, until SIGTERM."""

import argparse
import json
import secrets
import signal
import sys
from socketserver import ThreadingMixIn
from types import FrameType
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from tests.fakes.coupa.__main__ import die_with_parent
from tests.fakes.oidc.provider import ALGORITHMS, Client, Provider
from tests.fakes.oidc.web import Site


class Handler(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Nothing on the terminal."""


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is nothing to talk about."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.fakes.oidc", description="A pretend provider.")
    parser.add_argument("--port", type=int, default=0, help="0 takes any free port")
    parser.add_argument("--redirect-uri", default="", help="where codes may be sent")
    parser.add_argument("--client-id", default="reeve-console")
    parser.add_argument("--client-secret", default="", help="one is made up if none is given")
    parser.add_argument("--algorithm", choices=sorted(ALGORITHMS), default="RS256")
    parser.add_argument("--die-with-parent", action="store_true", help="on Linux, end when the parent ends")
    wish = parser.parse_args()
    signal.signal(signal.SIGTERM, leave)
    if wish.die_with_parent:
        die_with_parent()
    secret = wish.client_secret or f"cs-{secrets.token_urlsafe(24)}"
    with make_server("127.0.0.1", wish.port, stranger, server_class=Server, handler_class=Handler) as server:
        issuer = f"http://127.0.0.1:{server.server_port}"
        client = Client(wish.client_id, secret, wish.redirect_uri)
        server.set_app(Site(Provider(issuer, client, wish.algorithm)))
        told = {"issuer": issuer, "client_id": wish.client_id, "client_secret": secret}
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()
        server.serve_forever(poll_interval=0.1)


def stranger(_environ: Any, _start: Any) -> Any:
    """Stands in until the port, and with it the issuer's name, is known."""
    raise RuntimeError("nobody asks before the provider has told its address")


def leave(_signal: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


if __name__ == "__main__":
    main()
