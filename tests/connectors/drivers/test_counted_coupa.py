"""A counted run of Coupa: REST and GraphQL compared, at most twice the requests, answers kept."""

import hashlib
import zlib

import pytest

from connectors import jobs
from connectors.actions import runs
from connectors.contract import Outside
from connectors.models import App, Connector, Grant, SyncRun
from connectors.queries import export_access
from tests.fakes.coupa import FakeCoupa


@pytest.fixture
def connector(db, nudges):
    app = App.objects.create(name="Coupa", status=App.Status.MANAGED)
    return Connector.objects.create(app=app, driver="coupa", name="Coupa", source="coupa:acme")


@pytest.fixture
def count(connector, fake: FakeCoupa, drive, monkeypatch):
    monkeypatch.setattr(
        jobs,
        "open_driver",
        lambda _, *, keeps_bodies: drive(
            fake, outside=Outside(extra_hosts=[fake.url], keeps_bodies=keeps_bodies)
        ),
    )

    def one_run() -> SyncRun:
        connector.refresh_from_db()
        run = runs.start(connector, by=None, counted=True)
        jobs.run_sync(str(run.pk))
        run.refresh_from_db()
        return run

    return one_run


def test_both_ways_agree_and_cost_at_most_twice_the_requests(count, connector, fake):
    run = count()

    assert run.status == SyncRun.Status.DONE, run.problem
    assert list(export_access(connector)) == fake.truth()
    assert 0 < run.calls.filter(way=2).count() <= run.calls.filter(way=1).count()


def test_every_answer_is_kept_as_its_digest_says(count):
    run = count()

    calls = list(run.calls.all())
    assert [call.path for call in calls if call.body is None] == [
        "/oauth2/token"
    ]  # it would be the secret itself
    for call in calls:
        body = zlib.decompress(call.body) if call.body else b""
        if body:
            assert (len(body), hashlib.sha256(body).hexdigest()) == (call.bytes, call.sha256)


def test_a_licence_that_coupa_does_not_tell_of_contradicts_nothing(count, connector, fake):
    someone = min(fake.tenant.users)
    fake.grant(str(someone), "license:travel-user:assigned")
    count()
    fake.hush(str(someone), "travel-user")

    run = count()

    assert run.status == SyncRun.Status.DONE, run.problem
    held = Grant.objects.here().filter(
        account__external_id=str(someone), entitlement__external_id="license:travel-user:assigned"
    )
    assert held.exists()
