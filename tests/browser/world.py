"""An instance with all it talks to around it: a pretend Coupa, and a mail server that keeps letters."""

import email.policy
import re
from collections.abc import Callable, Collection
from email import message_from_bytes
from email.message import EmailMessage
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiosmtpd.controller import Controller
from playwright.sync_api import Page

from core.management.valkey import free_port
from core.models import Role
from tests.browser.instance import Instance
from tests.fakes.coupa import FakeCoupa
from tests.make import PASSWORD
from tests.waiting import wait_until

NAME, EMAIL = "Mara Ellison", "mara@meridian.example"


def link_in(letter: EmailMessage) -> str:
    """The first link of its text."""
    text = letter.get_body(("plain",))
    assert text is not None
    found = re.search(r"https?://\S+", text.get_content())
    assert found
    return found[0]


def type_settings(page: Page, coupa: FakeCoupa, *, secret: str) -> None:
    page.get_by_label("Domain").fill(coupa.url)
    page.get_by_label("Client ID").fill(coupa.client_id)
    page.get_by_label("Client secret").fill(secret)


class Letters:
    """A mail server's one box."""

    def __init__(self) -> None:
        self.all: list[EmailMessage] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        self.all.append(message_from_bytes(envelope.content, policy=email.policy.default))
        return "250 OK"

    def to(self, address: str, about: str) -> EmailMessage:
        """The letter with these words in its subject, once it has come."""

        def there() -> list[EmailMessage]:
            return [each for each in self.all if each["To"] == address and about in each["Subject"]]

        return wait_until(there, seconds=30, what=f"a letter about {about!r} comes to {address}")[-1]


class World:
    """`with World(tmp_path) as world:` starts all of it; without `has_mail` it knows of no mail server.

    `others` are further tenants that connectors may ask.
    """

    def __init__(
        self, folder: Path, *, has_mail: bool = True, others: Collection[FakeCoupa] = (), **coupa: Any
    ) -> None:
        self.letters = Letters()
        self.coupa = FakeCoupa(**{"users": 120, "groups": 12, "roles": 8, **coupa})
        self._others = others
        self.mail_port = free_port()
        self._smtp = Controller(self.letters, hostname="127.0.0.1", port=self.mail_port)
        self._folder, self._has_mail = folder, has_mail

    def __enter__(self) -> Self:
        tenants = (self.coupa, *self._others)
        for tenant in tenants:
            tenant.start()
        self._smtp.start()
        around = {"CONNECTOR_HOSTS": ",".join(tenant.url for tenant in tenants)}
        if self._has_mail:
            around["MAIL_URL"] = f"smtp://127.0.0.1:{self.mail_port}"
        self.instance = Instance(self._folder, around)
        self.url, self.setup_link = self.instance.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _problem: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.instance.stop()
        self._smtp.stop()
        for tenant in (self.coupa, *self._others):
            tenant.stop()

    def first_administrator(self, page: Page) -> None:
        """Through the set-up link, as the first visitor does it."""
        page.goto(self.setup_link)
        page.get_by_label("Name").fill(NAME)
        page.get_by_label("E-mail").fill(EMAIL)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Create administrator").click()
        page.get_by_role("heading", name="Waiting for you").wait_for()

    def type_settings(self, page: Page, *, secret: str) -> None:
        type_settings(page, self.coupa, secret=secret)

    def make_person(self, name: str, address: str, *, role: Role = Role.BASIC, password: str = "") -> None:
        """Somebody known here, with one role; none can sign in without a password."""
        code = (
            "from core.models import *; p = User(name=%r, email=%r); p.set_password(%r or None); p.save(); "
            "RoleHolding.objects.create(user=p, role=%r)"
        )
        done = self.instance.manage("shell", "-c", code % (name, address, password, str(role)))
        assert done.returncode == 0, done.stderr


type Look = Callable[[Page], None]
