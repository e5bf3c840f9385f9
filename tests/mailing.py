"""A mail server for tests: keeps what it takes, and answers what it is told."""

from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

USER, SECRET = "reeve", "canary-of-the-mail-server"
YES = "250 OK"


class Server:
    """What it says to sender, recipient and text, and every message it took."""

    def __init__(self) -> None:
        self.port = 0
        self.to_sender = self.answer = self.to_text = YES
        self.taken: list[EmailMessage] = []
        self.signed_in = 0

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        envelope.mail_from = address
        return self.to_sender

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        if self.answer == YES:
            envelope.rcpt_tos.append(address)
        return self.answer

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if self.to_text == YES:
            self.taken.append(message_from_bytes(envelope.content, policy=default))
        return self.to_text

    def authenticate(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        is_right = isinstance(data, LoginPassword) and (data.login, data.password) == (
            USER.encode(),
            SECRET.encode(),
        )
        self.signed_in += is_right
        return AuthResult(success=is_right, handled=False)


@contextmanager
def serving(port: int, server: Server | None = None, **options: Any) -> Iterator[Server]:
    """Serve at this port of this machine; options are those of aiosmtpd."""
    server = server or Server()
    server.port = port
    controller = Controller(server, hostname="127.0.0.1", port=port, **options)
    controller.start()
    try:
        yield server
    finally:
        controller.stop()


def with_sign_in(server: Server) -> dict[str, Any]:
    """Options of a server that one may sign in to; no TLS is needed for it here."""
    return {"authenticator": server.authenticate, "auth_require_tls": False}
