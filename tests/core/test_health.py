"""Health: open, and without details."""

from datetime import timedelta

import pytest
from django.db import DatabaseError
from django.db.migrations.executor import MigrationExecutor
from django.utils.timezone import now

from core.jobs.pulse import pulse
from core.models import Pulse
from core.views import health


@pytest.fixture
def broker(monkeypatch):
    def set_to(answers):
        monkeypatch.setattr(health, "broker_answers", lambda: answers)

    set_to(True)
    return set_to


@pytest.fixture
def sweepers(db):
    """They were at work a moment ago."""
    pulse()


def test_a_living_process_says_so(client):
    reply = client.get("/health/live")

    assert (reply.status_code, reply.content) == (200, b"ok")


def test_ready_when_everything_stands(sweepers, client, broker):
    reply = client.get("/health/ready")

    assert (reply.status_code, reply.content) == (200, b"ok")


def test_a_broker_that_is_away_is_named(sweepers, client, broker):
    broker(False)

    reply = client.get("/health/ready")

    assert (reply.status_code, reply.content) == (503, b"not ready: broker")


def test_a_console_whose_sweepers_were_never_at_work_is_not_ready(db, client, broker):
    reply = client.get("/health/ready")

    assert (reply.status_code, reply.content) == (503, b"not ready: sweepers")


def test_sweepers_not_heard_for_a_minute_are_named_until_they_are_at_work_again(sweepers, client, broker):
    Pulse.objects.update(at=now() - timedelta(minutes=1))
    silent = client.get("/health/ready")

    pulse()

    assert (silent.status_code, silent.content) == (503, b"not ready: sweepers")
    assert client.get("/health/ready").status_code == 200


def test_migrations_not_applied_are_named(db, client, broker, monkeypatch):
    monkeypatch.setattr(MigrationExecutor, "migration_plan", lambda self, targets: ["one"])

    reply = client.get("/health/ready")

    assert (reply.status_code, reply.content) == (503, b"not ready: migrations")


def test_a_database_that_is_away_is_named_without_details(client, broker, monkeypatch):
    def away(connection):
        raise DatabaseError("password of the database: geese")

    monkeypatch.setattr(health, "MigrationExecutor", away)

    reply = client.get("/health/ready")

    assert (reply.status_code, reply.content) == (503, b"not ready: database")
