"""From what a run laid aside to the graph: new, changed, gone, and nothing else."""

import pytest

from connectors.models import (
    Account,
    App,
    Connector,
    Entitlement,
    Grant,
    Resource,
    SyncPage,
    SyncRun,
)
from connectors.queries import export_access
from tests.connectors.sync.world import account
from tests.graph_writes import graph_writes
from tests.make import make_user


def test_a_first_run_brings_everything(sync, world, connector):
    run = sync()

    assert run.status == SyncRun.Status.DONE, run.problem
    assert list(export_access(connector)) == world.truth()
    assert run.changes == {
        "grant": {"new": 20, "changed": 0, "gone": 0},
        "group": {"new": 1, "changed": 0, "gone": 0},
        "role": {"new": 2, "changed": 0, "gone": 0},
        "user": {"new": 12, "changed": 0, "gone": 0},
    }
    assert run.read == {"grant": 20, "group": 1, "role": 2, "user": 12}
    assert connector.status == Connector.Status.CONNECTED
    assert not SyncPage.objects.exists()


def test_an_unchanged_app_writes_no_row_of_the_graph(sync):
    sync()

    with graph_writes() as written:
        run = sync()

    assert run.status == SyncRun.Status.DONE
    assert written == []
    assert run.total("new") + run.total("changed") + run.total("gone") == 0


def test_what_changed_is_written_and_nothing_else(sync, world, connector):
    first = sync()
    world.add(account(4, name="Person Four", email="four@meridian.example"))

    with graph_writes() as written:
        run = sync()

    row = Account.objects.get(external_id="4")
    assert written == [1]
    assert (row.name, row.first_run, row.changed_run) == ("Person Four", first.pk, run.pk)
    assert run.changes["user"] == {"new": 0, "changed": 1, "gone": 0}
    assert list(export_access(connector)) == world.truth()


def test_who_is_no_longer_there_is_gone_with_all_grants_and_the_rows_stay(sync, world, connector):
    sync()
    world.remove(12)

    run = sync()

    row = Account.objects.get(external_id="12")
    assert (row.gone_run, row.gone_at is not None) == (run.pk, True)
    assert list(Grant.objects.filter(account=row).values_list("gone_run", flat=True)) == [run.pk] * 2
    assert run.changes["user"]["gone"] == run.changes["grant"]["gone"] == 1
    assert list(export_access(connector)) == world.truth()


def test_an_account_that_comes_back_is_the_same_row_and_its_grants_are_new_ones(sync, world, connector):
    sync()
    before = Account.objects.get(external_id="12").pk
    kept = world.accounts["12"]
    world.remove(12)
    sync()
    world.add(kept)
    world.give("role:1:member", 12)

    run = sync()

    row = Account.objects.get(external_id="12")
    assert (row.pk, row.gone_at, row.gone_run) == (before, None, None)
    role = Grant.objects.filter(account=row, entitlement__kind="role")
    assert list(role.filter(gone_at=None).values_list("first_run", flat=True)) == [run.pk]
    assert role.count() == 2
    assert run.changes["user"]["new"] == 1
    assert list(export_access(connector)) == world.truth()


def test_a_grant_that_comes_back_is_a_new_row(sync, world, connector):
    sync()
    world.take("role:2:member", 3)
    gone_in = sync()
    world.give("role:2:member", 3)

    back_in = sync()

    held = Grant.objects.filter(account__external_id="3", entitlement__external_id="role:2:member")
    assert list(held.order_by("pk").values_list("gone_run", flat=True)) == [gone_in.pk, None]
    assert held.get(gone_at=None).first_run == back_in.pk
    assert list(export_access(connector)) == world.truth()


def test_a_role_that_is_gone_ends_its_grants(sync, world, connector):
    sync()
    world.remove_thing("role:2")

    run = sync()

    assert Resource.objects.get(external_id="role:2").gone_run == run.pk
    assert Entitlement.objects.get(external_id="role:2:member").gone_run == run.pk
    assert run.changes["role"]["gone"] == 1
    assert run.changes["grant"]["gone"] == 2
    assert list(export_access(connector)) == world.truth()


def test_of_a_kind_that_could_not_be_read_nothing_is_taken_away(sync, world, connector):
    sync()
    before = world.truth()
    world.gaps = {"role": "The Coupa client may not read roles: it lacks core.common.read."}

    run = sync()

    assert run.status == SyncRun.Status.DONE
    assert "core.common.read" in run.problem
    assert connector.status == Connector.Status.ERROR
    assert list(export_access(connector)) == before


def test_beside_a_gap_the_other_kinds_are_applied(sync, world, connector):
    sync()
    world.gaps = {"role": "No roles."}
    world.take("group:7:member", 8)
    world.take("role:2:member", 3)

    run = sync()

    assert run.changes["grant"]["gone"] == 1
    assert Grant.objects.here().filter(entitlement__external_id="role:2:member").count() == 2
    assert Grant.objects.here().filter(entitlement__external_id="group:7:member").count() == 5


@pytest.mark.parametrize("source", ["coupa:other.coupahost.com", "coupa:acme.coupahost.com"])
def test_another_source_and_another_app_are_left_alone(source, sync, world, connector):
    is_same = source == connector.source
    app = App.objects.create(name="Other", status=App.Status.MANAGED) if is_same else connector.app
    other = Connector.objects.create(app=app, driver="coupa", name="Other", source=source)
    sync()
    sync(other)
    before = list(export_access(other))
    world.remove(12)

    run = sync()

    assert run.changes["user"]["gone"] == run.changes["grant"]["gone"] == 1
    assert list(export_access(connector)) == world.truth()
    assert list(export_access(other)) == before


def test_a_second_connector_to_the_same_source_takes_the_rows_over(sync, world, connector):
    sync()
    other = Connector.objects.create(app=connector.app, driver="coupa", name="Again", source=connector.source)

    with graph_writes() as written:
        run = sync(other)

    assert run.status == SyncRun.Status.DONE
    assert written == []
    assert list(export_access(other)) == world.truth()


def test_a_grant_that_names_nobody_fails_the_run_loudly(sync, world):
    world.grants.add(("1", "role:99:member"))

    run = sync()

    assert run.status == SyncRun.Status.FAILED
    assert "account 1 holds role:99:member" in run.problem
    assert not Account.objects.exists()


def test_an_over_long_name_is_cut_and_does_not_end_the_reading(sync, world):
    world.add(account(1, name="x" * 400))

    run = sync()

    assert run.status == SyncRun.Status.DONE
    assert Account.objects.get(external_id="1").name == "x" * 299 + "…"


def test_accounts_belong_to_people_by_number_then_mail(sync, world):
    by_number = make_user("Ada Lindgren", employee_id="0042")
    by_mail = make_user("Kim Sorensen", email="person2@meridian.example")
    world.add(account(1, employee_id="0042", email="person2@meridian.example"))

    sync()

    first, second, third = (Account.objects.get(external_id=str(number)) for number in (1, 2, 3))
    assert (first.person, first.matched_by) == (by_number, "employee_id")
    assert (second.person, second.matched_by) == (by_mail, "email")
    assert (third.person, third.matched_by) == (None, "")


def test_an_unchanged_account_finds_a_person_who_came_later(sync):
    sync()
    late = make_user("Kim Sorensen", email="person2@meridian.example")

    with graph_writes() as written:
        sync()

    assert Account.objects.get(external_id="2").person == late
    assert len(written) == 1


def test_two_people_who_fit_are_nobody_and_a_hint(sync, world):
    make_user("Ada Lindgren", employee_id="0042")
    make_user("Kim Sorensen", employee_id="0042", email="person1@meridian.example")
    world.add(account(1, employee_id="0042"))

    sync()

    row = Account.objects.get(external_id="1")
    assert row.person is None
    assert row.match_hint == "2 people have the employee number 0042."


@pytest.mark.parametrize("chunk", [1, 4])
def test_keys_asked_for_in_many_small_lots_bring_the_same(chunk, sync, world, connector, monkeypatch):
    monkeypatch.setattr("connectors.sync.store.CHUNK", chunk)
    monkeypatch.setattr("connectors.sync.apply.CHUNK", chunk)
    sync()
    world.add(account(4, name="Person Four"))
    world.take("role:1:member", 5)

    sync()

    assert list(export_access(connector)) == world.truth()
