"""A connector is deleted: nothing is read any more, secrets are gone, what was read stays."""

from datetime import timedelta

import pytest
from django.utils.timezone import now

from connectors import jobs
from connectors.actions import deleting, runs
from connectors.metrics import _last_syncs
from connectors.models import Account, Connector, Grant, SettingsCandidate, SyncRun
from connectors.queries import connector_rows, not_read
from core.errors import Denied, NotPossible
from core.leases import LeaseLost
from core.models import Role
from tests.make import (
    make_account,
    make_app,
    make_connected,
    make_entitlement,
    make_grant,
    make_run,
    make_user,
)


@pytest.fixture
def owner(db):
    return make_user("Grace Kim", Role.BASIC)


@pytest.fixture
def connector(owner, nudges):
    made = make_connected(owner, sealed="v1:secret", next_run_at=now() - timedelta(hours=1))
    SettingsCandidate.objects.create(connector=made, settings={}, sealed="v1:another")
    return made


def test_settings_and_secrets_are_erased(connector, owner, trail):
    deleting.delete(connector, by=owner)

    connector.refresh_from_db()
    assert (connector.sealed, connector.settings, connector.next_run_at) == ("", {}, None)
    assert connector.deleted_by == owner
    assert connector.status == Connector.Status.NOT_CONNECTED
    assert not SettingsCandidate.objects.exists()
    assert trail() == ["connectors.deleted"]


def test_what_it_read_stays_and_is_marked_as_no_longer_read(connector, owner):
    account, entitlement = make_account(connector.app), make_entitlement(connector.app)
    make_grant(account, entitlement)
    SyncRun.objects.update(complete=["user", "role"])
    assert not_read(connector.app) == {}

    deleting.delete(connector, by=owner)

    assert Account.objects.here().get() == account
    assert Grant.objects.here().exists()
    last = connector.runs.get().ended_at
    assert not_read(connector.app) == {
        (connector.source, "role"): last,
        (connector.source, "user"): last,
    }


@pytest.mark.parametrize(
    ("status", "becomes"), [("queued", "discarded"), ("running", "discarded"), ("held", "discarded")]
)
def test_an_open_run_ends_and_its_worker_stops(status, becomes, connector, owner):
    run: SyncRun | None = make_run(connector, status="queued", ended_at=None)
    assert run is not None
    if status != "queued":
        run = runs.claim(str(run.pk))
    assert run is not None
    SyncRun.objects.filter(pk=run.pk).update(status=status)

    deleting.delete(connector, by=owner)

    ended = SyncRun.objects.get(pk=run.pk)
    assert (ended.status, ended.lease) == (becomes, None)
    assert "deleted" in ended.problem
    if status == "running":
        with pytest.raises(LeaseLost):
            run.renew()


def test_a_deleted_connector_is_in_no_list_and_starts_no_run(connector, owner):
    ada = make_user("Ada Lindgren", Role.SUPER)

    deleting.delete(connector, by=owner)

    jobs.sweep()
    assert SyncRun.objects.count() == 1
    assert not connector_rows(ada).exists()
    assert _last_syncs().samples == []
    assert not Connector.objects.visible_to(owner).exists()
    with pytest.raises(NotPossible, match="was deleted"):
        runs.start(connector, by=None)


def test_only_who_looks_after_it_deletes_it_and_once(connector, owner, trail):
    with pytest.raises(Denied):
        deleting.delete(connector, by=make_user("Kim Sorensen", Role.BASIC))
    assert trail() == []

    deleting.delete(connector, by=None)
    with pytest.raises(NotPossible, match="already"):
        deleting.delete(connector, by=None)


def test_a_new_connector_to_the_same_source_takes_the_rows_over(connector, owner):
    make_entitlement(connector.app)
    deleting.delete(connector, by=owner)

    make_connected(owner, app=connector.app)

    assert not_read(connector.app) == {}


def test_another_source_of_the_same_app_is_still_read(connector, owner):
    make_entitlement(connector.app)
    make_connected(owner, app=connector.app, source="coupa:other.coupahost.com")
    make_app("Elsewhere")

    deleting.delete(connector, by=owner)

    assert {source for source, _ in not_read(connector.app)} == {connector.source}


def test_who_confirmed_a_run_is_not_told_as_who_ended_it(connector, owner, cast):
    run = make_run(connector, status="held", ended_at=None)
    runs.confirm(run, by=cast["connector_admin"], reason="Looked at it")

    deleting.delete(connector, by=owner)

    run.refresh_from_db()
    assert (run.status, run.settled_by, run.settled_at, run.settled_reason) == ("discarded", None, None, "")
    assert f"{cast['connector_admin']} had confirmed it" in run.problem
