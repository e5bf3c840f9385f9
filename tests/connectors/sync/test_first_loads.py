"""The grants of a first load are copied where the database can; what comes of it is the same."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection, transaction

from connectors.actions import runs
from connectors.models import ACCESS, Grant, SyncRun
from connectors.queries import export_access
from connectors.sync import apply, engine, holdings
from tests.connectors.sync.world import WorldDriver, account
from tests.graph_writes import graph_writes


@pytest.fixture
def every_run_is_large(monkeypatch):
    monkeypatch.setattr(holdings, "WIDE", -1)


@pytest.fixture
def ways(monkeypatch, every_run_is_large):
    """How grants were begun, in order."""
    taken: list[str] = []

    def watched(name, way):
        def watching(*of):
            taken.append(name)
            return way(*of)

        return watching

    for name in ("copy", "join"):
        monkeypatch.setattr(holdings, name, watched(name, getattr(holdings, name)))
    return taken


@pytest.fixture
def walked(connector, world) -> SyncRun:
    """A first run that laid everything aside and brought nothing into the graph yet."""
    run = runs.claim(str(runs.start(connector, by=None).pk))
    assert run is not None
    engine.walk(run, WorldDriver(world))
    return run


def test_a_first_load_is_copied_and_a_later_one_joined(sync, world, connector, ways):
    first = sync()
    world.add(account(13))
    world.give("role:2:member", 13)
    world.take("role:1:member", 1)
    second = sync()

    assert ways == ["copy" if connection.vendor == "postgresql" else "join", "join"]
    assert first.changes["grant"] == {"new": len(world.grants), "changed": 0, "gone": 0}
    assert second.changes["grant"] == {"new": 1, "changed": 0, "gone": 1}
    assert list(export_access(connector)) == world.truth()


def test_either_way_begins_the_same_rows_in_the_order_of_their_keys(walked, world, monkeypatch):
    begun = {}
    for way, wide in (("join", holdings.WIDE), ("large", -1)):
        monkeypatch.setattr(holdings, "WIDE", wide)
        with _undone():
            outcome = apply.apply(walked)
            rows = list(_rows())
            begun[way] = (outcome.new["grant"], sorted(row[:4] for row in rows))

        keys = [row[4:6] for row in rows]
        assert keys == sorted(keys)
        assert len({row.since for row in rows}) == 1

    assert begun["large"] == begun["join"]
    assert begun["large"][0] == len(world.grants)
    assert [row[:2] for row in begun["large"][1]] == sorted(world.grants)


def test_a_pair_that_came_twice_begins_one_grant(walked, world, every_run_is_large):
    page = walked.pages.exclude(grants="[]").last()
    page.pk, page.seq = None, page.seq + 1
    page.save(force_insert=True)

    outcome = apply.apply(walked)

    assert outcome.new["grant"] == len(world.grants)
    assert _rows().count() == len(world.grants)


def test_copied_rows_count_as_written(walked, world, every_run_is_large):
    with graph_writes() as written:
        apply.apply(walked)

    assert len(world.grants) in written


def test_a_large_first_load_fails_over_a_grant_on_what_nobody_named(sync, world, connector, ways):
    world.grants |= {("2", "role:98:member"), ("1", "role:99:member")}

    run = sync()

    assert run.status == SyncRun.Status.FAILED
    assert "account 1 holds role:99:member" in run.problem
    assert not list(export_access(connector))


def test_a_load_that_is_too_large_for_memory_is_joined(sync, world, connector, ways, monkeypatch):
    monkeypatch.setattr(holdings, "MOST_COPIED", 1)

    run = sync()

    assert run.status == SyncRun.Status.DONE, run.problem
    assert ways == ["join"]
    assert list(export_access(connector)) == world.truth()


def _rows():
    return (
        Grant.objects.exclude(entitlement__external_id=ACCESS)
        .order_by("pk")
        .values_list(
            *("account__external_id", "entitlement__external_id", "first_run", "gone_at"),
            *("account_id", "entitlement_id", "since"),
            named=True,
        )
    )


@contextmanager
def _undone() -> Iterator[None]:
    """What is done within is taken back."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
