"""From a wish to the proof through the real driver, against the pretend Coupa."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from connectors import jobs
from connectors.actions import orders, runs
from connectors.contract import DriverError
from connectors.models import ACCESS, Account, Connector, Entitlement, OrderCall, ProvisionOrder
from connectors.sync.opening import open_provisioner
from core.models import Role
from core.sealing import seal
from tests.connectors.faults.conftest import redis
from tests.fakes.coupa import FakeCoupa
from tests.make import make_connector, make_user
from tests.valkey import valkey_server

__all__ = ["redis", "valkey_server"]
Status = ProvisionOrder.Status


@pytest.fixture
def fake() -> Iterator[FakeCoupa]:
    with FakeCoupa(users=12, groups=4, roles=5, seed=7) as fake:
        yield fake


@pytest.fixture
def coupa(db: None, redis: None, fake: FakeCoupa, nudges: Any, settings: Any) -> Connector:
    """Reads and writes, and was read once."""
    settings.CONNECTOR_HOSTS = [fake.url]
    kept = {"domain": fake.url, "client_id": fake.client_id, "mode": "read-write"}
    owner = make_user("Grace Kim", Role.BASIC)
    connector = make_connector(owner, settings=kept, source=f"coupa:{fake.host}")
    connector.sealed = seal(json.dumps({"client_secret": fake.client_secret}), place=connector.place)
    connector.save()
    sync(connector)
    return connector


def sync(connector):
    run = runs.start(connector, by=None)
    jobs.run_sync(str(run.pk))
    run.refresh_from_db()
    assert run.status == run.Status.DONE, run.problem
    return run


def held(fake, kind):
    """An account and something of this kind that it holds beside something else."""
    grants = [
        (line["account_id"], line["entitlement_id"]) for line in fake.truth() if line["type"] == "grant"
    ]
    of_kind = [pair for pair in grants if pair[1].startswith(f"{kind}:")]
    return next(
        pair for pair in of_kind if sum(account == pair[0] for account, _ in of_kind) > 1 or kind == "license"
    )


def carried_out(connector, account_id, entitlement_id):
    order = orders.want(
        Account.objects.get(app=connector.app, external_id=account_id),
        Entitlement.objects.get(app=connector.app, external_id=entitlement_id),
        verb="revoke",
        reason="Denied.",
        by=None,
    )
    jobs.carry_out(order.pk)
    return ProvisionOrder.objects.get(pk=order.pk)


def granted(fake):
    return {(line["account_id"], line["entitlement_id"]) for line in fake.truth() if line["type"] == "grant"}


@pytest.mark.parametrize("kind", ["role", "group"])
def test_a_removal_is_carried_out_and_proven_and_nothing_else_is_lost(kind, coupa, fake):
    pair, before = held(fake, kind), granted(fake)

    order = carried_out(coupa, *pair)

    assert order.status == Status.REMOVED, order.problem
    assert granted(fake) == before - {pair}
    assert order.read_back.startswith("Coupa, read back, says that user")
    calls = OrderCall.objects.filter(order=order)
    assert calls.filter(asked__startswith="PUT /api/users/").exists() or kind == "group"
    assert fake.client_secret not in "".join(calls.values_list("asked", flat=True))

    jobs.read_again(coupa.app_id)
    jobs.run_sync(str(coupa.runs.latest("pk").pk))
    order.refresh_from_db()
    assert order.status == Status.PROVEN


def test_access_that_ends_makes_the_user_inactive(coupa, fake):
    account, _ = held(fake, "role")

    order = carried_out(coupa, account, ACCESS)

    assert order.status == Status.REMOVED, order.problem
    sync(Connector.objects.get(pk=coupa.pk))
    order.refresh_from_db()
    assert order.status == Status.PROVEN
    assert order.account.status == Account.Status.DISABLED


def test_a_removal_that_coupa_refuses_is_told_to_people(coupa, fake):
    fake.misbehave(keeps_lists=True)

    order = carried_out(coupa, *held(fake, "role"))

    assert order.status == Status.MANUAL
    assert "holds" in order.problem
    jobs.tell_of_orders(order.app_id)
    assert order.journal == {}


def test_a_client_that_may_not_write_fails_with_the_scope(coupa, fake):
    fake.withdraw_scopes("core.user.write")
    before = granted(fake)

    order = carried_out(coupa, *held(fake, "role"))

    assert order.status == Status.FAILED
    assert "core.user.write" in order.problem
    assert granted(fake) == before


def test_a_driver_that_only_reads_says_so(coupa, monkeypatch):
    class Reader:
        def close(self):
            return

    monkeypatch.setattr("connectors.sync.opening._open", lambda *_, **__: Reader())

    with pytest.raises(DriverError, match="only reads"):
        open_provisioner(coupa, lambda _: None)
