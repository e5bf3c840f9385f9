"""Another host is another tenant: what was read of the one before ends as history, if it is named."""

import pytest

from connectors import jobs
from connectors.actions import runs, settings, tenants
from connectors.contract import BadCredentials
from connectors.models import Account, Connector, Entitlement, Grant, Resource, SettingsCandidate, SyncRun
from core.models import TrailEvent

TYPED = {"domain": "acme.coupahost.com", "client_id": "reeve", "client_secret": "s", "mode": "read"}
OTHER = {**TYPED, "domain": "https://Other.coupahost.com/user/home"}
OLD, NEW = "coupa:acme.coupahost.com", "coupa:other.coupahost.com"


@pytest.fixture
def read(sync, connector):
    """A connector whose tenant was read: twelve accounts."""
    sync()
    return connector


def moved(connector, owner, ends="acme.coupahost.com"):
    candidate = settings.save(connector, by=owner, typed=OTHER, ends=ends)
    jobs.check_settings(candidate.pk)
    connector.refresh_from_db()
    candidate.refresh_from_db()
    return candidate


@pytest.mark.parametrize("ends", ["", "acme", "other.coupahost.com", "ja"])
def test_another_domain_wants_the_present_tenant_named(read, owner, ends):
    with pytest.raises(tenants.OtherTenant, match=r"type acme\.coupahost\.com below") as refusal:
        settings.save(read, by=owner, typed=OTHER, ends=ends)

    assert refusal.value.field == "domain"
    assert not SettingsCandidate.objects.exists()


def test_nothing_has_to_be_named_where_nothing_was_read(connector, owner, driver):
    assert moved(connector, owner, ends="").status == SettingsCandidate.Status.PROMOTED
    assert connector.source == NEW


def test_the_rows_of_the_tenant_before_end_as_history(read, owner):
    moved(read, owner, ends=" ACME.coupahost.com ")

    assert read.source == NEW
    assert read.typed["domain"] == "https://Other.coupahost.com/user/home"
    for table in (Account, Entitlement, Resource):
        rows = table.objects.filter(source=OLD)
        assert rows.exists()
        assert not rows.filter(gone_at=None).exists()
    assert Grant.objects.gone().exists()
    assert not Grant.objects.here().exists()
    event = TrailEvent.objects.get(action="connectors.tenant_left")
    assert event.change["ended"]["accounts"] == 12


def test_the_first_run_reads_the_new_tenant_beside_the_old_rows(read, owner):
    moved(read, owner)
    run = SyncRun.objects.latest("id")
    jobs.run_sync(str(run.pk))

    read.refresh_from_db()
    assert read.status == Connector.Status.CONNECTED
    assert Account.objects.here().filter(source=NEW).count() == 12
    assert Account.objects.filter(source=OLD, gone_at=None).count() == 0


def test_a_run_of_the_tenant_before_ends_without_a_trace(read, owner, world):
    world.remove(1)
    run = runs.start(read, by=owner)

    moved(read, owner)

    run.refresh_from_db()
    assert (run.status, run.pages.count()) == (SyncRun.Status.DISCARDED, 0)
    assert "reads coupa:other.coupahost.com from now on" in run.problem
    jobs.run_sync(str(run.pk))  # its nudge may still come
    assert Account.objects.filter(source=OLD, gone_run=run.pk).count() == 0


def test_a_held_run_of_the_tenant_before_is_discarded(held, connector, owner):
    moved(connector, owner)

    held.refresh_from_db()
    assert held.status == SyncRun.Status.DISCARDED
    assert connector.status == Connector.Status.SYNCING


def test_rows_that_another_connector_reads_too_stay(read, owner):
    Connector.objects.create(app=read.app, driver="coupa", name="Second", source=OLD)

    moved(read, owner)

    assert Account.objects.here().filter(source=OLD).count() == 12


def test_settings_for_another_tenant_than_the_one_read_meanwhile_are_refused(read, owner):
    candidate = settings.save(read, by=owner, typed=OTHER, ends="acme.coupahost.com")
    Account.objects.update(source="coupa:third.coupahost.com")
    Connector.objects.update(source="coupa:third.coupahost.com")

    jobs.check_settings(candidate.pk)

    candidate.refresh_from_db()
    read.refresh_from_db()
    assert (candidate.status, candidate.problem_field) == (SettingsCandidate.Status.REFUSED, "domain")
    assert read.source == "coupa:third.coupahost.com"


def test_a_tenant_that_refuses_ends_nothing(read, owner, driver):
    driver.trouble = {0: BadCredentials("Coupa refused the client ID and secret.")}

    assert moved(read, owner).status == SettingsCandidate.Status.REFUSED
    assert read.source == OLD
    assert Account.objects.here().filter(source=OLD).count() == 12
