"""What tests of core may ask for."""

from collections.abc import Iterator

import pytest

from core.models import IdentityProvider
from core.sign_in import oidc
from tests.fakes.oidc import OidcProvider
from tests.providing import BACK, make_provider


@pytest.fixture(scope="session")
def _oidc_process() -> Iterator[OidcProvider]:
    with OidcProvider(f"http://testserver{BACK}") as running:
        yield running


@pytest.fixture
def fake(_oidc_process: OidcProvider) -> OidcProvider:
    """A pretend identity provider that behaves, and that nobody has asked yet."""
    _oidc_process.behave()
    _oidc_process.new_key()
    oidc.forget(_oidc_process.issuer)
    return _oidc_process


@pytest.fixture
def provider(fake: OidcProvider, db: None) -> IdentityProvider:
    """It, in force."""
    return make_provider(fake)
