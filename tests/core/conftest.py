"""What tests of core may ask for."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from connectors.models import Connector
from core.actions.people import add_person
from core.actions.seals import seal_next
from core.models import IdentityProvider
from core.sealing import seal
from core.sign_in import oidc
from tests.archives import ENV
from tests.databases import allow_further
from tests.fakes.oidc import OidcProvider
from tests.make import make_connected
from tests.providing import BACK, make_provider


@pytest.fixture(scope="session")
def _oidc_process() -> Iterator[OidcProvider]:
    with OidcProvider(f"http://testserver{BACK}") as running:
        yield running


@pytest.fixture
def fake(_oidc_process: OidcProvider) -> OidcProvider:
    """A pretend identity provider that behaves, and that nobody has asked yet."""
    _oidc_process.behave()
    _oidc_process.forget_people()
    _oidc_process.new_key()
    oidc.forget(_oidc_process.issuer)
    return _oidc_process


@pytest.fixture
def provider(fake: OidcProvider, db: None) -> IdentityProvider:
    """It, in force."""
    return make_provider(fake)


@pytest.fixture
def console(transactional_db: None, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A folder with keys and files, and a database with people, a secret and a trail."""
    allow_further(monkeypatch)
    settings.DATA = tmp_path / "data"
    settings.MEDIA_ROOT = settings.DATA / "files"
    (settings.MEDIA_ROOT / "exports").mkdir(parents=True)
    (settings.MEDIA_ROOT / "exports" / "people.csv").write_text("Ada;Lindgren\n")
    (settings.DATA / "env").write_text(ENV)
    add_person("nora@meridian.example", name="Nora Lindqvist")
    seal_next()
    connector = make_connected()
    Connector.objects.update(sealed=seal('{"client_secret": "s3cret"}', place=connector.place))
    return settings


@pytest.fixture
def made(console: Any, tmp_path: Path) -> Path:
    """The archive of that console."""
    call_command("backup", str(tmp_path / "backup.tar.gz"), stdout=io.StringIO())
    return tmp_path / "backup.tar.gz"
