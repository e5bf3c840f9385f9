"""What every test may ask for. The environment is set before Django looks at it."""

import os
import tempfile

_DATA = tempfile.mkdtemp(prefix="reeve-tests-")
for _name, _value in {
    "SECRET_KEY": "only-for-tests-" * 4,
    "SEALING_KEYS": "dGVzdHMtb25seS10ZXN0cy1vbmx5LXRlc3RzLW9ubHk=",
    "PUBLIC_URL": "http://testserver",
    "DATA_DIR": _DATA,
    "LOG_LEVEL": "WARNING",
}.items():
    os.environ.setdefault(_name, _value)
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django  # noqa: E402
from django.conf import settings  # noqa: E402

django.setup()
settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # else whitenoise warns, and warnings are errors here

import shutil  # noqa: E402
import socket  # noqa: E402
from collections.abc import Callable  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

import pytest  # noqa: E402
from django.test import Client  # noqa: E402

from core import queue  # noqa: E402
from core.models import Role, TrailEvent, User  # noqa: E402
from tests.flush import allow_emptying  # noqa: E402
from tests.make import make_user  # noqa: E402

DATABASE_FIXTURES = {"db", "transactional_db", "django_db_setup"}

type Cast = dict[str, User | None]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--only-with-database",
        action="store_true",
        help="leave out tests that would say the same on a second database: they ask none, or look at a page",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--only-with-database"):
        return
    left_out = [item for item in items if not _asks_a_database(item) or _is_drawn(item)]
    items[:] = [item for item in items if _asks_a_database(item) and not _is_drawn(item)]
    config.hook.pytest_deselected(items=left_out)


def _asks_a_database(item: pytest.Item) -> bool:
    fixtures = set(getattr(item, "fixturenames", ()))
    return item.get_closest_marker("django_db") is not None or not fixtures.isdisjoint(DATABASE_FIXTURES)


def _is_drawn(item: pytest.Item) -> bool:
    """What a page looks like. Every page is asked of the second database, too, by tests/permissions."""
    return "views" in item.path.parts or item.path.stem.endswith("_pages")


def pytest_unconfigure() -> None:
    shutil.rmtree(_DATA, ignore_errors=True)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(request: pytest.FixtureRequest) -> None:
    """SQLite in a file, so that threads and processes meet real locks; one for each parallel worker."""
    database: dict[str, Any] = settings.DATABASES["default"]
    if database["ENGINE"] == "django.db.backends.sqlite3":
        worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
        database.setdefault("TEST", {})["NAME"] = str(Path(_DATA) / f"{worker}.sqlite3")
    else:
        request.getfixturevalue("django_db_modify_db_settings_parallel_suffix")


@pytest.fixture(scope="session", autouse=True)
def _emptying(django_db_blocker: Any) -> None:
    with django_db_blocker.unblock():
        allow_emptying()


@pytest.fixture
def cast(db: None) -> Cast:
    """Everyone who might try: by role, without one, no longer here, and not signed in at all."""
    return {
        "super": make_user("Ada Lindgren", Role.SUPER, Role.BASIC),
        "connector_admin": make_user("Marcus Adeyemi", Role.CONNECTOR),
        "application": make_user("Ines Moreau", Role.APPLICATION, Role.BASIC),
        "campaign": make_user("Hugo Brandt", Role.CAMPAIGN, Role.BASIC),
        "request": make_user("Lena Fischer", Role.REQUEST, Role.BASIC),
        "helpdesk": make_user("Omar Haddad", Role.HELPDESK, Role.BASIC),
        "read_only": make_user("Vera Stein", Role.READ_ONLY),
        "basic": make_user("Kim Sorensen", Role.BASIC),
        "no_role": make_user("Tomas Novak"),
        "deactivated": make_user("Peter Kovacs", Role.SUPER, status=User.Status.DEACTIVATED),
        "stranger": None,
    }


@pytest.fixture
def sign_in() -> Callable[[User | None], Client]:
    """A browser in which this person is signed in, or nobody."""

    def browser(person: User | None) -> Client:
        client = Client()
        if person is not None:
            client.force_login(person)
        return client

    return browser


@pytest.fixture(autouse=True)
def _quick_passwords(settings: Any) -> None:
    """Argon2 is slow on purpose; a test need not be."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def trail(db: None) -> Callable[[], list[str]]:
    """What the trail tells, oldest first."""
    return lambda: list(TrailEvent.objects.order_by("pk").values_list("action", flat=True))


@pytest.fixture
def nudges(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """What workers would have been told, after commit; nothing goes out."""
    told: list[tuple[str, str]] = []
    monkeypatch.setattr(queue, "_send", lambda job, row_id: told.append((job, row_id)))
    return told


@pytest.fixture
def unused_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
