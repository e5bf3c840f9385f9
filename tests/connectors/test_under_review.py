"""While decisions rest on what a connector reads: guarded more strictly, read hourly, its answers kept."""

from datetime import timedelta

import pytest
from django.utils.timezone import now

from connectors.actions import bodies, permission, reviewing, runs
from connectors.actions.upkeep import next_run
from connectors.models import Connector, SyncCall, SyncRun
from connectors.sync import guard
from connectors.sync.losses import limits_in_force
from core.errors import Denied
from core.models import Role
from tests.make import make_app, make_connected, make_run, make_user


@pytest.fixture
def connector(db):
    return make_connected(next_run_at=now() + timedelta(hours=20))


def test_exactly_the_connectors_of_the_apps_named_are_under_review(connector, trail):
    other = make_connected(app=make_app("Other"), source="coupa:other", is_under_review=True)

    assert reviewing.rest_on({connector.app_id}) == 2
    assert reviewing.rest_on({connector.app_id}) == 0

    under = dict(Connector.objects.values_list("pk", "is_under_review"))
    assert under == {connector.pk: True, other.pk: False}
    assert sorted(trail()) == ["connectors.review_began", "connectors.review_ended"]
    assert reviewing.rest_on(set()) == 1


def test_under_review_five_percent_is_the_most_and_stricter_limits_stay(connector):
    Connector.objects.filter(pk=connector.pk).update(limits={"grants": 3, "kind": 50})
    assert limits_in_force(connector.pk) == {**guard.MOST, "grants": 3, "kind": 50}

    reviewing.rest_on({connector.app_id})

    assert limits_in_force(connector.pk) == {"accounts": 5, "grants": 3, "kind": 5, "owners": 5}
    Connector.objects.filter(pk=connector.pk).update(is_guarded=False)
    assert limits_in_force(connector.pk) is None


def test_under_review_it_is_read_within_the_hour_and_every_hour(connector):
    reviewing.rest_on({connector.app_id})

    connector.refresh_from_db()
    assert connector.next_run_at <= now() + timedelta(hours=1)
    due = next_run(connector)
    assert due is not None
    assert due <= now() + timedelta(hours=1)
    reviewing.rest_on(set())
    connector.refresh_from_db()
    assert not connector.is_under_review


def test_answers_of_runs_that_something_rests_on_are_kept(connector):
    old = now() - timedelta(days=40)
    told = {"is_counted": True, "ended_at": old}
    kept, gone = make_run(connector, **told), make_run(connector, **told)
    for run in (kept, gone):
        SyncCall.objects.create(
            run=run, at=old, kind="user", asked="GET /users", status=200, records=1, bytes=1, sha256="0" * 64,
            seconds=0.1, body=b"x",
        )  # fmt: skip
    bodies.keep([kept])

    assert bodies.let_go() == 1

    assert SyncCall.objects.get(run=gone).body is None
    assert SyncCall.objects.get(run=kept).body is not None


def test_whoever_a_higher_room_refuses_does_not_confirm_a_held_run(connector, monkeypatch, trail):
    near, far = make_user("Near", Role.CONNECTOR), make_user("Far", Role.CONNECTOR)
    monkeypatch.setattr(permission, "_refusals", [])
    permission.also_refuse(lambda _, user: "You are too near." if user == near else "")
    held = make_run(connector, status=SyncRun.Status.HELD)
    Connector.objects.filter(pk=connector.pk).update(status=Connector.Status.HELD)

    with pytest.raises(Denied, match="too near"):
        runs.confirm(held, by=near, reason="It is the truth")
    assert trail() == []
    runs.confirm(held, by=far, reason="It is the truth")

    held.refresh_from_db()
    assert held.status == SyncRun.Status.QUEUED
    assert trail() == ["connectors.run_confirmed"]
