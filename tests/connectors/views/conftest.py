"""A connector with an owner who holds no role, and everybody else who might try."""

import pytest

from connectors.models import Connector
from core.models import Role, User
from tests.conftest import Cast
from tests.make import make_app, make_connected, make_user


@pytest.fixture
def owner(db: None) -> User:
    return make_user("Grace Kim", Role.BASIC)


@pytest.fixture
def app_owner(db: None) -> User:
    return make_user("Tom Okafor", Role.BASIC)


@pytest.fixture
def connector(owner: User, app_owner: User, nudges: list[tuple[str, str]]) -> Connector:
    """Connected, and read once."""
    return make_connected(owner, app=make_app("Coupa", app_owner))


@pytest.fixture
def everyone(cast: Cast, owner: User, app_owner: User) -> Cast:
    return {**cast, "owner": owner, "app_owner": app_owner}
