"""Health: open, and without details."""

import pytest
from django.db import DatabaseError
from django.db.migrations.executor import MigrationExecutor

from core.views import health


@pytest.fixture
def broker(monkeypatch):
    def set_to(answers):
        monkeypatch.setattr(health, "broker_answers", lambda: answers)

    set_to(True)
    return set_to


def test_a_living_process_says_so(client):
    reply = client.get("/health/live")

    assert (reply.status_code, reply.content) == (200, b"ok")


def test_ready_when_everything_stands(db, client, broker):
    reply = client.get("/health/ready")

    assert (reply.status_code, reply.content) == (200, b"ok")


def test_a_broker_that_is_away_is_named(db, client, broker):
    broker(False)

    reply = client.get("/health/ready")

    assert (reply.status_code, reply.content) == (503, b"not ready: broker")


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
