"""A licence that Coupa does not tell of ends no grant, and one really taken away ends."""

import pytest

from connectors import jobs
from connectors.actions import runs
from connectors.models import App, Connector, Grant, SyncRun
from tests.fakes.coupa import FakeCoupa

TRAVEL = "license:travel-user:assigned"


@pytest.fixture
def sync(db, fake: FakeCoupa, drive, nudges, monkeypatch):
    app = App.objects.create(name="Coupa", status=App.Status.MANAGED)
    connector = Connector.objects.create(app=app, driver="coupa", name="Coupa", source="coupa:acme")
    monkeypatch.setattr(jobs, "open_driver", lambda _, **__: drive(fake))

    def one_run() -> SyncRun:
        connector.refresh_from_db()
        run = runs.start(connector, by=None)
        jobs.run_sync(str(run.pk))
        run.refresh_from_db()
        return run

    return one_run


def holders(entitlement: str) -> set[str]:
    held = Grant.objects.here().filter(entitlement__external_id=entitlement)
    return set(held.values_list("account__external_id", flat=True))


@pytest.mark.parametrize("missing", [False, True], ids=["null", "missing"])
def test_silence_ends_no_grant_and_a_revocation_beside_it_is_seen(missing, fake, sync):
    first, second, third = map(str, sorted(fake.tenant.users)[:3])
    for account in (first, second, third):
        fake.grant(account, TRAVEL)
    sync()
    before = holders(TRAVEL)
    fake.hush(first, "travel-user", missing=missing)
    fake.revoke(second, TRAVEL)

    run = sync()

    assert run.status == SyncRun.Status.DONE, run.problem
    assert {first, second, third} <= before
    assert holders(TRAVEL) == before - {second}


def test_a_licence_null_for_everybody_keeps_every_holder(fake, sync):
    sync()
    before = holders(TRAVEL)
    for user in fake.tenant.users:
        fake.hush(str(user), "travel-user")

    run = sync()

    assert run.status == SyncRun.Status.DONE, run.problem
    assert holders(TRAVEL) == before != set()


def test_an_empty_answer_to_the_proof_fails_no_run(fake, sync):
    fake.misbehave(graphql_empty_once=True)

    run = sync()

    assert run.status == SyncRun.Status.DONE, run.problem
    assert not fake.coupa.habits.graphql_empty_once
