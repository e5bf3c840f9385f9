"""`./dev shot`: pictures of every screen, at two widths, light and dark, into .data/shots."""

import itertools
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, BrowserContext, sync_playwright

from tests.browser.conftest import launch
from tests.browser.instance import ROOT, Instance
from tests.fakes.coupa import FakeCoupa
from tests.fakes.coupa.people import read_people

SHOTS = ROOT / ".data" / "shots"
WIDTHS = (1440, 390)
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
COOKIE = "reeve_session"

SIGN_IN = """
from django.contrib.auth import login
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest
from core.models import Role, RoleHolding, User

person = User.objects.get(email="rafael.duarte@meridian.example")
for role in Role:
    RoleHolding.objects.get_or_create(user=person, role=role)
request = HttpRequest()
request.session = SessionStore()
login(request, person)
request.session.save()
print(request.session.session_key)
"""
FACTS = """
from connectors.actions.connectors import AppChoice, create, name_owners
from connectors.models import Account, App, Connector, Entitlement
from core.models import User

connector = Connector.objects.get()
maker = User.objects.get(email="rafael.duarte@meridian.example")
draft = create("coupa", AppChoice(app=App.objects.get(name="Travel Desk")), by=maker)
name_owners(draft, [maker, User.objects.get(email="ingrid.halvorsen@meridian.example")], by=maker)
account = Account.objects.filter(app=connector.app, person__isnull=False).order_by("id").first()
entitlement = Entitlement.objects.filter(app=connector.app).order_by("id").first()
print(connector.pk, draft.pk, connector.app_id, account.pk, entitlement.pk, connector.runs.latest("id").key)
"""


@dataclass(frozen=True, slots=True)
class Screen:
    """One picture: its file's name, and the path, which may name {connector}, {app} and so on."""

    name: str
    path: str
    signed_in: bool = True


FIRST_RUN = (
    Screen("no_administrator", "/", signed_in=False),
    Screen("set_up", "{set_up}", signed_in=False),
)
SCREENS = (
    Screen("sign_in", "/sign-in/", signed_in=False),
    Screen("password_forgotten", "/password/", signed_in=False),
    Screen("home", "/"),
    Screen("outbox", "/settings/outbox/"),
    Screen("connectors", "/connectors/"),
    Screen("wizard_catalogue", "/connectors/add/"),
    Screen("wizard_app", "/connectors/add/coupa/"),
    Screen("wizard_owners", "/connectors/{draft}/owners/"),
    Screen("wizard_settings", "/connectors/{draft}/settings/"),
    Screen("wizard_live", "/connectors/{connector}/live/"),
    Screen("connector_draft", "/connectors/{draft}/"),
    Screen("connector", "/connectors/{connector}/"),
    Screen("connector_settings", "/connectors/{connector}/settings/"),
    Screen("run", "/connectors/runs/{run}/"),
    Screen("apps", "/applications/"),
    Screen("apps_unmanaged", "/applications/?tab=unmanaged"),
    Screen("app", "/applications/{app}/"),
    Screen("app_accounts", "/applications/{app}/accounts/"),
    Screen("account", "/applications/{app}/accounts/{account}/"),
    Screen("app_entitlements", "/applications/{app}/entitlements/"),
    Screen("entitlement", "/applications/{app}/entitlements/{entitlement}/"),
    Screen("not_found", "/nowhere/"),
)


def main() -> int:
    shutil.rmtree(SHOTS, ignore_errors=True)
    SHOTS.mkdir(parents=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        demo(Path(folder)) as instance,
        sync_playwright() as playwright,
        launch(playwright) as browser,
    ):
        set_up = {"set_up": instance.setup_link.removeprefix(instance.url)}
        Camera(browser, instance.url).shoot(FIRST_RUN, set_up)
        session = told(instance, "shell", "-v", "0", "-c", SIGN_IN)
        names = ("connector", "draft", "app", "account", "entitlement", "run")
        facts = dict(zip(names, told(instance, "shell", "-v", "0", "-c", FACTS).split(), strict=True))
        Camera(browser, instance.url, session).shoot(SCREENS, facts)
    print(f"{len(list(SHOTS.iterdir()))} pictures in {SHOTS.relative_to(ROOT)}")
    return 0


@contextmanager
def demo(folder: Path) -> Iterator[Instance]:
    """The demo company with its pretend Coupa connected and synced once."""
    instance = Instance(folder)
    people = folder / "people.jsonl"
    told(instance, "migrate", "--verbosity", "0")
    told(instance, "load_demo", "--people-file", str(people))
    with FakeCoupa(users=400, groups=24, roles=16, people=read_people(people)) as fake:
        instance.environment["CONNECTOR_HOSTS"] = fake.url
        with instance:
            owner = (
                "--owner",
                "rafael.duarte@meridian.example",
                "--owner",
                "marcus.adeyemi@meridian.example",
            )
            there = ("--domain", fake.url, "--client-id", fake.client_id)
            said = told(
                instance, "connect", "coupa", "--app", "Coupa", *owner, *there, stdin=fake.client_secret
            )
            told(instance, "sync", said.splitlines()[-1], "--wait", "--timeout", "120")
            yield instance


def told(instance: Instance, *command: str, stdin: str = "") -> str:
    """What a command printed; one that fails ends all."""
    done = instance.manage(*command, stdin=stdin)
    if done.returncode:
        raise RuntimeError(f"{command[0]} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout.strip()


@dataclass(frozen=True, slots=True)
class Camera:
    """Visits screens as one person, or as nobody where a screen wants that."""

    browser: Browser
    url: str
    session: str = ""

    def shoot(self, screens: Sequence[Screen], facts: Mapping[str, str]) -> None:
        """Every screen, at every width, in both schemes; one that is broken ends all."""
        for width, scheme in itertools.product(WIDTHS, SCHEMES):
            known, stranger = self._visitor(width, scheme), self._visitor(width, scheme)
            if self.session:
                known.add_cookies([{"name": COOKIE, "value": self.session, "url": self.url}])
            for screen in screens:
                page = (known if screen.signed_in else stranger).new_page()
                answer = page.goto(self.url + screen.path.format(**facts))
                if answer is None or answer.status >= 500:
                    raise RuntimeError(f"{screen.name} is broken.")
                page.screenshot(path=SHOTS / f"{screen.name}_{width}_{scheme}.png", full_page=True)
                page.close()

    def _visitor(self, width: int, scheme: Literal["light", "dark"]) -> BrowserContext:
        return self.browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)


if __name__ == "__main__":
    sys.exit(main())
