"""A connected app that may be changed, its world, and workers that are the test itself."""

from collections.abc import Callable

import pytest

from connectors import jobs
from connectors.actions import orders, runs
from connectors.models import Account, Connector, Entitlement, Grant, ProvisionOrder, SyncRun
from core.models import Role, User
from tests.connectors.orders.world import Habits, WorldChanger
from tests.connectors.sync.world import World, account
from tests.make import SOURCE, make_app, make_connector, make_user

type Work = Callable[[ProvisionOrder], ProvisionOrder]
type Sync = Callable[[], SyncRun]
type Want = Callable[..., ProvisionOrder]


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
def habits() -> Habits:
    return Habits()


@pytest.fixture
def owner(db: None) -> User:
    """Looks after the connector."""
    return make_user("Grace Kim", Role.BASIC)


@pytest.fixture
def app_owner(db: None) -> User:
    """Answers for the app."""
    return make_user("Rui Pires", Role.BASIC)


@pytest.fixture
def connector(
    owner: User,
    app_owner: User,
    world: World,
    habits: Habits,
    nudges: list[tuple[str, str]],
    monkeypatch: pytest.MonkeyPatch,
) -> Connector:
    """Reads and writes."""
    monkeypatch.setattr(jobs, "open_driver", lambda _, **__: WorldChanger(world, habits, lambda _: None))
    monkeypatch.setattr(jobs, "open_provisioner", lambda _, heard, why: WorldChanger(world, habits, heard))
    settings = {"domain": "acme.coupahost.com", "client_id": "b1f9c2d07e4a", "mode": "read-write"}
    app = make_app("Coupa", app_owner)
    stands = Connector.Status.CONNECTED
    return make_connector(owner, app=app, source=SOURCE, settings=settings, status=stands, name="Coupa")


@pytest.fixture
def sync(connector: Connector) -> Sync:
    """One run of the connector, carried as far as one worker carries it."""

    def one_run() -> SyncRun:
        run = runs.start(Connector.objects.get(pk=connector.pk), by=None)
        jobs.run_sync(str(run.pk))
        return SyncRun.objects.get(pk=run.pk)

    return one_run


@pytest.fixture
def want(connector: Connector, sync: Sync) -> Want:
    """The wish that somebody lose something, after a first sync."""
    sync()

    def wanted(number: int, entitlement: str = "role:1:member", verb: str = "revoke") -> ProvisionOrder:
        account = Account.objects.get(app=connector.app, external_id=str(number))
        thing = Entitlement.objects.get(app=connector.app, external_id=entitlement)
        grant = Grant.objects.here().filter(account=account, entitlement=thing).first()
        return orders.want(
            account,
            thing,
            verb=verb,
            grant=grant.pk if grant else None,
            reason="Denied in “Coupa access, Q4” by Ada Lindgren.",
            by=None,
        )

    return wanted


@pytest.fixture
def work() -> Work:
    """What one worker does with an order that is due."""

    def worked(order: ProvisionOrder) -> ProvisionOrder:
        jobs.carry_out(order.pk)
        return ProvisionOrder.objects.get(pk=order.pk)

    return worked


def due(order: ProvisionOrder) -> None:
    """Its time has come, and nobody has it in hand."""
    ProvisionOrder.objects.filter(pk=order.pk).update(due_at=order.wanted_at, lease=None, leased_until=None)
