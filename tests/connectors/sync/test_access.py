"""Being able to sign in is access too: every account holds it that is not known to be shut."""

import pytest
from django.urls import reverse

from connectors import queries
from connectors.models import ACCESS, Account, Entitlement, Grant, SyncRun
from core.models import Role
from tests.connectors.sync.world import account
from tests.make import make_user


def holders():
    held = Grant.objects.here().filter(entitlement__external_id=ACCESS)
    return set(held.values_list("account__external_id", flat=True))


@pytest.mark.parametrize(
    ("status", "holds"), [("enabled", True), ("unknown", True), ("disabled", False), ("deleted", False)]
)
def test_whoever_is_not_known_to_be_shut_holds_access(status, holds, sync, world):
    world.add(account(4, status=status))

    run = sync()

    assert run.status == SyncRun.Status.DONE, run.problem
    assert holders() == {str(number) for number in range(1, 13) if holds or number != 4}


def test_an_account_that_is_disabled_loses_access_and_keeps_the_rest(sync, world):
    sync()
    world.add(account(4, status="disabled"))

    run = sync()

    row = Account.objects.get(external_id="4")
    ended = Grant.objects.get(account=row, entitlement__external_id=ACCESS)
    assert (row.gone_at, ended.gone_run) == (None, run.pk)
    assert Grant.objects.here().filter(account=row).count() == 2
    assert run.changes["grant"] == {"new": 0, "changed": 0, "gone": 0}


def test_an_account_that_is_enabled_again_holds_access_anew(sync, world):
    sync()
    world.add(account(4, status="disabled"))
    sync()
    world.add(account(4))

    run = sync()

    held = Grant.objects.filter(account__external_id="4", entitlement__external_id=ACCESS)
    assert held.count() == 2
    assert held.get(gone_at=None).first_run == run.pk


def test_access_ends_with_its_account_and_only_what_was_read_is_counted_as_gone(sync, world):
    sync()
    world.remove(12)

    run = sync()

    assert "12" not in holders()
    assert run.changes["grant"]["gone"] == 1
    assert set(run.changes) == {"user", "grant", "group", "role"}


def test_nobody_loses_access_because_accounts_could_not_be_read(sync, world):
    sync()
    world.gaps = {"user": "Coupa did not let us read users."}
    for number in (11, 12):
        del world.accounts[str(number)]

    sync()

    assert len(holders()) == 12


def test_access_is_one_row_for_each_source_and_is_left_out_of_counts_and_export(sync, world, connector):
    sync()
    sync()

    row = Entitlement.objects.get(external_id=ACCESS)
    assert (row.slug, row.name, row.kind) == ("access", "Access", "credential")
    assert list(queries.export_access(connector)) == world.truth()
    assert queries.counts(connector).grants == queries.grant_count(connector.app) == 20
    assert queries.counts(connector).by_kind == {"user": 12, "group": 1, "role": 2}
    assert [each.kind for each in queries.kinds_read(connector.app)] == ["group", "role"]


def test_access_stands_on_the_pages_of_the_account_and_of_the_app(sync, connector, sign_in):
    sync()
    browser = sign_in(make_user("Ada Lindgren", Role.SUPER))
    app, row = connector.app_id, Entitlement.objects.get(external_id=ACCESS)
    shown = Account.objects.get(external_id="4")

    lists = browser.get(reverse("connectors:entitlements", args=[app]), {"kind": "credential"})
    one = browser.get(reverse("connectors:entitlement", args=[app, row.pk]), {"tab": "now"})
    held = browser.get(reverse("connectors:account", args=[app, shown.pk]))

    assert lists.context["page"].total == 1
    assert "Credential" in lists.content.decode()
    assert one.context["page"].total == 12
    assert row.pk in held.content.decode()
