"""A connected app, its world, and workers that are the test itself."""

from collections.abc import Callable

import pytest

from connectors import jobs
from connectors.actions import runs
from connectors.models import App, Connector, ConnectorOwner, SyncRun
from core.models import Role, User
from tests.connectors.sync.world import World, WorldDriver, account
from tests.make import make_user

type Sync = Callable[..., SyncRun]


@pytest.fixture
def world() -> World:
    """Twelve accounts, two roles and a group, held by some."""
    world = World(things={"role:1": "Buyer", "role:2": "Approver", "group:7": "Plant Göteborg"})
    world.add(*(account(number) for number in range(1, 13)))
    world.give("role:1:member", *range(1, 13))
    world.give("role:2:member", 3, 4)
    world.give("group:7:member", 1, 2, 3, 5, 8, 11)
    return world


@pytest.fixture
def owner(db: None) -> User:
    return make_user("Grace Kim", Role.BASIC)


@pytest.fixture
def connector(owner: User, nudges: list[tuple[str, str]]) -> Connector:
    app = App.objects.create(name="Coupa", status=App.Status.MANAGED)
    made = Connector.objects.create(app=app, driver="coupa", name="Coupa", source="coupa:acme.coupahost.com")
    ConnectorOwner.objects.create(connector=made, user=owner)
    return made


@pytest.fixture
def driver(world: World, monkeypatch: pytest.MonkeyPatch) -> WorldDriver:
    """What a worker gets when it opens the connector."""
    driver = WorldDriver(world)
    monkeypatch.setattr(jobs, "open_driver", lambda _, **__: driver)
    monkeypatch.setattr(jobs, "open_candidate", lambda _: driver)
    return driver


@pytest.fixture
def sync(connector: Connector, driver: WorldDriver) -> Sync:
    """One run, carried as far as one worker carries it."""

    def one_run(of: Connector = connector, *, counted: bool = False) -> SyncRun:
        run = runs.start(of, by=None, counted=counted)
        jobs.run_sync(str(run.pk))
        run.refresh_from_db()
        of.refresh_from_db()
        return run

    return one_run


@pytest.fixture
def held(sync: Sync, world: World) -> SyncRun:
    """A run that would take away three of twelve accounts."""
    sync()
    world.remove(10, 11, 12)
    return sync()
