"""A very large run is applied by wider statements than a small one, and to the same end."""

import pytest
from django.db import connection, transaction

from connectors.models import Account, SyncRun
from connectors.queries import export_access
from connectors.sync import holdings, rematch, sql
from tests.connectors.sync.world import account


@pytest.fixture
def every_run_is_large(monkeypatch):
    monkeypatch.setattr(holdings, "WIDE", -1)


@pytest.mark.usefixtures("every_run_is_large")
def test_a_large_run_ends_as_a_small_one_does(sync, world, connector):
    sync()
    world.add(account(13))
    world.give("role:2:member", 13)
    world.take("role:1:member", 1)

    run = sync()

    assert run.status == SyncRun.Status.DONE, run.problem
    assert list(export_access(connector)) == world.truth()
    assert (run.changes["grant"]["new"], run.changes["grant"]["gone"]) == (1, 1)


def test_a_grant_on_what_nobody_named_fails_a_run_that_brings_others_too(sync, world, connector):
    world.grants.add(("1", "role:99:member"))

    run = sync()

    assert run.status == SyncRun.Status.FAILED
    assert "account 1 holds role:99:member" in run.problem
    assert not list(export_access(connector))


@pytest.mark.django_db
def test_what_postgresql_was_advised_for_one_statement_is_taken_back_after_it():
    advised = {"enable_nestloop": "off", "work_mem": "65536"} if connection.vendor == "postgresql" else {}

    with transaction.atomic():
        before = _advice()
        with sql.wide():
            within = _advice()
        after = _advice()

    assert within == advised
    assert after == before
    assert not before.items() & advised.items()


def test_accounts_that_a_run_wrote_are_matched_once(sync, world, monkeypatch):
    looked_at: list[str] = []
    monkeypatch.setattr(rematch, "_tally", lambda _outcome, each: looked_at.append(each.account.pk))
    sync()
    world.add(account(4, name="Person Four"))

    assert looked_at == []
    sync()

    stayed = Account.objects.exclude(external_id="4")
    assert sorted(looked_at) == sorted(stayed.values_list("pk", flat=True))


def _advice() -> dict[str, str]:
    """What is in force; SQLite knows no such settings."""
    if connection.vendor != "postgresql":
        return {}
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, setting FROM pg_settings WHERE name = ANY(%s)", [list(sql.WIDE)])
        return dict(cursor.fetchall())
