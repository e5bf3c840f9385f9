"""Moving to another database: every row as it is, or nothing."""

import fcntl
import io
import os
import shutil
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection, connections, transaction

from core.actions.people import add_person
from core.actions.seals import seal_next
from core.databases import from_address
from core.management import folder, moving
from core.management.figures import Figures, beside
from core.models import Organisation, PeopleImport, Role, TrailEvent, User
from tests.browser.instance import ROOT
from tests.databases import address, allow_further, new_postgresql
from tests.flush import past_the_triggers
from tests.make import (
    make_account,
    make_app,
    make_connected,
    make_entitlement,
    make_grant,
    make_letter,
    make_user,
)
from tests.migrated import migrated
from tests.postgres import Postgres
from tests.waiting import wait_until

AT = datetime(2026, 5, 3, 14, 32, 7, 123456, tzinfo=UTC)
DIE = """
import os, signal, sys, django
django.setup()
from core.management import moving
from django.core.management import call_command
moving._reset_sequences = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
call_command("move_to", sys.argv[1])
"""


@pytest.fixture
def source(transactional_db, settings, tmp_path, monkeypatch):
    """One of everything that could be changed on the way."""
    allow_further(monkeypatch)
    settings.DATA = tmp_path / "data"
    monkeypatch.setattr(folder, "broker_answers", lambda: False)
    organisation = Organisation.current()
    organisation.holidays = [{"on": "2027-01-01", "name": "Neujahr – ünïcode \u2028 and 🦉"}]
    organisation.changed_at = AT
    organisation.save()
    add_person("nora@meridian.example", name="Nora Lindqvist")
    seal_next()
    owner = make_user("Grace Kim", Role.BASIC)
    connector = make_connected(
        owner, every=timedelta(minutes=90), settings={"a": [1, 2.5, None, 10**15, "ü"]}
    )
    account = make_account(connector.app, "Zoë Brännström")
    make_grant(account, make_entitlement(connector.app), since=AT)
    make_app("Ariba", owner)
    make_letter(lease=UUID(int=7), leased_until=AT)
    PeopleImport.objects.create(name="hr.csv", sha256="0" * 64, size=3, content=bytes(range(256)), by=owner)
    return connection


@pytest.fixture
def target(tmp_path):
    """The address of an empty SQLite database."""
    return f"sqlite:///{shutil.copy(migrated(), tmp_path / 'target.sqlite3')}"


@pytest.fixture
def postgresql():
    with Postgres() as server, new_postgresql(server.url) as made:
        yield made


def move(to):
    said = io.StringIO()
    call_command("move_to", to, stdout=said)
    return said.getvalue()


def everything(alias):
    """Every row of every table."""
    return {
        each._meta.label: [
            {name: bytes(value) if isinstance(value, memoryview) else value for name, value in row.items()}
            for row in each._base_manager.using(alias).order_by("pk").values()
        ]
        for each in apps.get_models(include_auto_created=True)
    }


def assert_moved(said, to):
    with beside("moved", from_address(to)):
        assert everything("moved") == everything("default")
        assert Figures.of("default").differences(Figures.of("moved")) == []
    assert f"Moved {Figures.of('default').total:,} rows" in said


def test_every_row_arrives_as_it_is(source, tmp_path):
    target = f"sqlite:///{tmp_path / 'not-there-yet.sqlite3'}"

    said = move(target)

    assert_moved(said, target)
    assert "connectors_grant: 1" in said


@pytest.mark.instance
def test_every_row_arrives_in_postgresql_as_it_is(source, postgresql):
    said = move(postgresql)

    assert_moved(said, postgresql)


@pytest.mark.instance
def test_new_rows_get_new_numbers_after_a_move(source, postgresql):
    move(postgresql)

    with beside("moved", from_address(postgresql)):
        last = TrailEvent.objects.using("moved").latest("pk").pk
        event = TrailEvent.objects.using("moved").create(
            action="core.signed_in", channel="web", actor_name="A"
        )

    assert event.pk == last + 1


@pytest.mark.instance
def test_a_row_that_the_target_refuses_is_named_and_nothing_is_moved(source, postgresql):
    if source.vendor == "postgresql":
        pytest.skip("PostgreSQL holds no row that it would refuse")
    User.objects.filter(email="nora@meridian.example").update(title="x" * 300)  # SQLite does not mind

    with pytest.raises(CommandError, match="core_user was refused, so nothing was moved"):
        move(postgresql)

    with beside("moved", from_address(postgresql)):
        assert User.objects.using("moved").count() == 0


def test_the_trail_tells_of_the_move_on_both_sides(source, target):
    move(target)

    with beside("moved", from_address(target)):
        for alias in ("default", "moved"):
            event = TrailEvent.objects.using(alias).latest("pk")
            assert (event.action, event.change) == ("core.database_moved", {"to": "SQLite"})


def test_a_trail_that_was_broken_is_moved_as_it_was_and_said_to_be_broken(source, target):
    event = TrailEvent.objects.earliest("pk")
    with transaction.atomic(), past_the_triggers():
        TrailEvent.objects.filter(pk=event.pk).update(actor_name="Somebody else")
    said = io.StringIO()

    with pytest.raises(CommandError, match="Moved as it was, trouble included"):
        call_command("move_to", target, stdout=said)

    assert f"Event {event.pk} was altered (seal 1)." in said.getvalue()
    assert_moved(said.getvalue(), target)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite lets nobody else write meanwhile")
def test_where_somebody_writes_meanwhile_nothing_is_moved(source, target, monkeypatch):
    statement = "INSERT INTO core_trailevent SELECT * FROM core_trailevent WHERE false"
    other = psycopg.connect(address(), autocommit=True)
    writer = threading.Thread(target=other.execute, args=(statement,))
    reset = moving._reset_sequences

    def while_somebody_writes(alias):
        writer.start()
        wait_until(lambda: moving._somebody_waits("default"), seconds=30, what="somebody waits")
        reset(alias)

    monkeypatch.setattr(moving, "_reset_sequences", while_somebody_writes)

    with pytest.raises(CommandError, match="Somebody wrote meanwhile, so nothing was moved"):
        move(target)

    writer.join()
    other.close()
    with beside("moved", from_address(target)):
        assert User.objects.using("moved").count() == 0


def test_a_target_that_is_not_empty_is_refused(source, target):
    move(target)
    before = everything("default")

    with pytest.raises(CommandError, match="not empty"):
        move(target)

    assert everything("default") == before


def test_the_present_database_is_no_target(source):
    with pytest.raises(CommandError, match="not empty"):
        move(address())


@pytest.mark.parametrize(
    ("to", "sentence"),
    [
        ("mysql://a/b", "must be a postgres"),
        ("nonsense", "is not a database address"),
        ("postgres://a:b@127.0.0.1:1/c", "cannot be used"),
    ],
)
def test_what_is_no_database_is_refused_with_a_sentence(source, to, sentence):
    with pytest.raises(CommandError, match=sentence):
        move(to)


def test_nothing_is_moved_while_workers_run(source, target, monkeypatch):
    monkeypatch.setattr(folder, "broker_answers", lambda: True)
    monkeypatch.setattr(folder, "workers", lambda: 2)

    with pytest.raises(CommandError, match="2 workers are running"):
        move(target)


def test_nothing_is_moved_while_a_supervisor_runs(source, target, settings):
    settings.DATA.mkdir()
    with (settings.DATA / folder.LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        with pytest.raises(CommandError, match="running already"):
            move(target)


def test_a_move_that_was_killed_leaves_the_target_empty_and_is_run_again(source, target, tmp_path):
    environment = {**os.environ, "DATABASE_URL": address(), "DATA_DIR": str(tmp_path / "other")}
    killed = subprocess.run(
        [sys.executable, "-c", DIE, target], cwd=ROOT, env=environment, capture_output=True, check=False
    )

    said = move(target)

    assert killed.returncode == -signal.SIGKILL
    assert_moved(said, target)


def test_an_address_may_come_from_standard_input(source, target, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{target}\n"))

    said = move("-")

    assert_moved(said, target)


def test_the_second_database_is_known_for_a_while_only(source, target):
    with beside("moved", from_address(target)):
        assert "moved" in connections.settings

    assert "moved" not in connections.settings
