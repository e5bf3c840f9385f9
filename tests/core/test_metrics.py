"""Figures for Prometheus: for whoever has the token, and true."""

from datetime import timedelta

import pytest
from django.utils.timezone import now
from prometheus_client.parser import text_string_to_metric_families

from connectors.models import SyncRun
from core import metrics
from core.actions import pulses
from core.leases import LEASE, leased_tables
from core.models import OutgoingMail, Pulse, TrailPending, TrailSeal, User
from tests.make import make_connected, make_letter, make_run, make_user

TOKEN = "a-token-of-twenty-characters"


@pytest.fixture
def read(client, settings, db):
    """The figures by name and label."""
    settings.METRICS_TOKEN = TOKEN

    def figures():
        reply = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
        assert reply.status_code == 200
        return {
            (sample.name, *sample.labels.values()): sample.value
            for family in text_string_to_metric_families(reply.content.decode())
            for sample in family.samples
        }

    return figures


def test_without_the_setting_there_is_no_such_page(client, settings, db):
    settings.METRICS_TOKEN = ""

    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


@pytest.mark.parametrize("shown", ["", "Bearer", f"Bearer {TOKEN}x", f"Basic {TOKEN}", TOKEN])
def test_only_the_token_lets_in(client, settings, db, shown):
    settings.METRICS_TOKEN = TOKEN

    reply = client.get("/metrics", headers={"Authorization": shown} if shown else {})

    assert reply.status_code == 401
    assert reply.headers["WWW-Authenticate"].startswith("Bearer")


def test_letters_are_counted_by_status_and_the_oldest_that_waits_is_told(read):
    make_letter(created_at=now() - timedelta(minutes=10))
    make_letter(status=OutgoingMail.Status.FAILED, created_at=now() - timedelta(days=1))

    found = read()

    assert found["reeve_letters", "queued"] == 1
    assert found["reeve_letters", "failed"] == 1
    assert found["reeve_letters", "sent"] == 0
    assert found["reeve_letters_oldest_waiting_seconds",] == pytest.approx(600, abs=10)


def test_runs_are_counted_by_status_and_the_oldest_that_waits_is_told(read):
    connector = make_connected()
    make_run(connector, status=SyncRun.Status.QUEUED, ended_at=None, created_at=now() - timedelta(minutes=5))

    found = read()

    assert found["reeve_sync_runs", "queued"] == 1
    assert found["reeve_sync_runs", "done"] == 1
    assert found["reeve_sync_oldest_queued_seconds",] == pytest.approx(300, abs=10)


def test_a_connectors_last_success_counts_and_no_later_failure(read):
    connector = make_connected()
    connector.runs.update(ended_at=now() - timedelta(hours=2))
    make_run(connector, status=SyncRun.Status.FAILED)

    found = read()

    last = found["reeve_connector_last_sync_age_seconds", connector.pk, "Coupa"]
    assert last == pytest.approx(7200, abs=10)


def test_jobs_are_due_when_their_time_has_come_and_no_worker_holds_them(read):
    make_letter(due_at=now() - timedelta(minutes=1))
    make_letter(due_at=now() + timedelta(hours=1))
    make_letter(due_at=now() - timedelta(hours=1), leased_until=now() + LEASE)
    make_letter(due_at=now() - timedelta(hours=1), status=OutgoingMail.Status.SENT)

    found = read()

    assert found["reeve_jobs_due", "core.send_mail"] == 1
    assert found["reeve_jobs_oldest_due_seconds", "core.send_mail"] == pytest.approx(60, abs=10)
    assert found["reeve_jobs_due", "connectors.run_sync"] == 0


def test_people_sessions_pulses_and_the_trail_are_told(read, client):
    client.force_login(make_user())
    make_user("Peter Kovacs", status=User.Status.DEACTIVATED)
    pulses.beat()
    Pulse.objects.update(at=now() - timedelta(seconds=30))
    TrailPending.objects.create(event_id=1)
    TrailSeal.objects.create(number=1, at=now() - timedelta(minutes=2), events=[], hash="0" * 64)

    found = read()

    assert (found["reeve_people", "active"], found["reeve_people", "deactivated"]) == (1, 1)
    assert found["reeve_sessions",] == 1
    assert found["reeve_pulse_age_seconds", "sweepers"] == pytest.approx(30, abs=10)
    assert found["reeve_trail_pending",] == 1
    assert found["reeve_trail_last_seal_age_seconds",] == pytest.approx(120, abs=10)


def test_what_never_happened_has_no_age(read):
    found = read()

    assert ("reeve_trail_last_seal_age_seconds",) not in found
    assert not [key for key in found if key[0] == "reeve_connector_last_sync_age_seconds"]


def test_however_much_there_is_the_number_of_queries_stays(read, django_assert_max_num_queries):
    for _ in range(30):
        make_letter()
    connector = make_connected()
    for _ in range(10):
        make_run(connector)

    with django_assert_max_num_queries(30):
        read()


def test_every_kind_of_row_that_workers_work_on_is_watched():
    watched = {rows().model for rows in metrics._waiting.values()}

    assert watched == set(leased_tables())
