"""A tenant in which somebody may be changed."""

from collections.abc import Iterator

import pytest

from tests.connectors.drivers.coupa.changing import World
from tests.fakes.coupa import FakeCoupa


@pytest.fixture
def world() -> Iterator[World]:
    fake = FakeCoupa(users=60, groups=12, roles=14, seed=7)
    yield World(fake)
    fake.stop()


@pytest.fixture
def user(world: World) -> str:
    """Holds roles 2, 3, 5 and 6, groups 5, 9 and 10, Travel and Purchasing; administers no group."""
    found = str(next(each for each in sorted(world.fake.tenant.users)[10:] if each % 50))
    person = world.fake.tenant.users[int(found)]
    person.active = True
    world.hold(found, {2, 3, 5, 6})
    world.hold(found, {5, 9, 10}, "group")
    person.flags = {"travel-user", "purchasing-user", "treasury-user"}
    person.unknown = person.missing = frozenset()
    return found
