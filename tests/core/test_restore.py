"""Restore: whole, or not at all."""

import fcntl
import io
import json
import os
import signal
import subprocess
import sys

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from core.management import folder
from core.management.folder import LOCK, UNFINISHED
from core.models import TrailEvent, TrailSeal, User
from core.sealing import key_ids
from tests.archives import ENV, altered, members, rebuilt
from tests.browser.instance import ROOT, Instance
from tests.databases import empty_database
from tests.flush import past_the_triggers

ASK = (
    "from core.models import User, TrailEvent as T; last = T.objects.latest('pk');"
    "print(User.objects.count(), T.objects.count(), last.action, last.actor_name)"
)
DIE = """
import os, signal, sys, django
django.setup()
from core.management.commands import restore
from django.core.management import call_command
place, name = (restore, sys.argv[1]) if hasattr(restore, sys.argv[1]) else (restore.dumps, sys.argv[1])
setattr(place, name, lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL))
call_command("restore", sys.argv[2])
"""
POINTS = (
    ["_put_in_place", "load"]
    if connection.vendor == "postgresql"
    else ["_put_in_place", "load", "call_command"]
)


@pytest.fixture
def empty(tmp_path):
    """What a process is told for which the folder `restored` and its database are all there is."""
    folder = tmp_path / "restored"
    with empty_database(folder) as address:
        yield {**os.environ, "DATA_DIR": str(folder), "DATABASE_URL": address}


def python(environment, *words):
    return subprocess.run(
        [sys.executable, *words], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


def restore(environment, file):
    return python(environment, "manage.py", "restore", str(file))


def test_what_was_backed_up_is_restored_whole_and_its_trail_verified(made, empty, tmp_path):
    # The backup noted itself after the copy was taken; the restore notes itself in what it restored.
    people, events = User.objects.count(), TrailEvent.objects.count()

    done = restore(empty, made)

    folder = tmp_path / "restored"
    found = python(empty, "manage.py", "shell", "-v", "0", "-c", ASK).stdout.split()
    assert done.returncode == 0, done.stderr
    assert found == [str(people), str(events), "core.restored", "Operator"]
    assert (folder / "files" / "exports" / "people.csv").read_text() == "Ada;Lindgren\n"
    assert (folder / "env").read_text() == ENV
    assert not (folder / UNFINISHED).exists()
    assert f"head 1:{TrailSeal.objects.get().hash}" in done.stdout
    assert "The chain is whole." in done.stdout


def test_without_keys_the_archive_has_none_and_their_ids_are_named(console, empty, tmp_path):
    said = io.StringIO()
    file = tmp_path / "backup.tar.gz"

    call_command("backup", str(file), without_keys=True, stdout=said)
    done = restore(empty, file)

    assert "env" not in members(file)
    assert f"({key_ids()[0]}) are not in it" in said.getvalue()
    assert key_ids()[0] in done.stdout
    assert done.returncode == 0


def test_where_something_is_nothing_is_restored(made, monkeypatch):
    monkeypatch.setattr(folder, "broker_answers", lambda: False)
    before = User.objects.count()

    with pytest.raises(CommandError, match="Only what is empty can be filled"):
        call_command("restore", str(made))

    assert User.objects.count() == before


def test_a_folder_with_a_supervisor_is_not_restored_into(made, settings):
    with (settings.DATA / LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        with pytest.raises(CommandError, match="running already"):
            call_command("restore", str(made))


def test_a_trail_that_was_broken_is_restored_as_it_was_and_said_to_be_broken(console, empty, tmp_path):
    event = TrailEvent.objects.earliest("pk")
    with transaction.atomic(), past_the_triggers():
        TrailEvent.objects.filter(pk=event.pk).update(actor_name="Somebody else")
    file = tmp_path / "backup.tar.gz"
    call_command("backup", str(file), stdout=io.StringIO())

    done = restore(empty, file)

    assert done.returncode == 1
    assert f"Event {event.pk} was altered (seal 1)." in done.stdout
    assert f"Restored into {tmp_path / 'restored'}" in done.stdout
    assert "its trail was not as it was written even then" in done.stderr
    assert not (tmp_path / "restored" / UNFINISHED).exists()


def test_keys_that_are_there_already_are_not_written_over(made, empty, tmp_path):
    (tmp_path / "restored").mkdir()
    (tmp_path / "restored" / "env").write_text("SECRET_KEY=another\n")

    done = restore(empty, made)

    assert done.returncode == 1
    assert "another than the one in the backup" in done.stderr
    assert (tmp_path / "restored" / "env").read_text() == "SECRET_KEY=another\n"


def newer(found):
    manifest = json.loads(found["manifest.json"])
    manifest["figures"]["migrations"].append("core.9999_from_the_future")
    found["manifest.json"] = json.dumps(manifest).encode()


def miscounted(found):
    manifest = json.loads(found["manifest.json"])
    manifest["figures"]["rows"]["core_user"] += 1
    found["manifest.json"] = json.dumps(manifest).encode()


@pytest.mark.parametrize(("change", "sentence"), [(altered, "was altered"), (newer, "newer Reeve")])
def test_a_restore_that_is_refused_leaves_the_folder_as_it_was(made, empty, tmp_path, change, sentence):
    file = rebuilt(made, tmp_path / "other.tar.gz", change)

    done = restore(empty, file)

    assert done.returncode == 1
    assert sentence in done.stderr
    assert [each.name for each in (tmp_path / "restored").iterdir()] == [LOCK]


def test_a_restore_that_counts_otherwise_does_not_count_as_done(made, empty, tmp_path):
    file = rebuilt(made, tmp_path / "other.tar.gz", miscounted)

    done = restore(empty, file)
    start = python(empty, "manage.py", "supervise")

    assert "core_user: 2 here, 1 there" in done.stderr
    assert start.returncode == 1
    assert "did not come to its end" in start.stderr


@pytest.mark.parametrize("point", POINTS)
def test_a_restore_that_was_killed_is_run_again(made, empty, tmp_path, point):
    killed = python(empty, "-c", DIE, point, str(made))

    again = restore(empty, made)

    assert killed.returncode == -signal.SIGKILL
    assert again.returncode == 0, again.stderr
    assert (tmp_path / "restored" / "files" / "exports" / "people.csv").exists()


@pytest.mark.instance
def test_a_running_console_is_backed_up_and_goes_on_from_another_folder(tmp_path):
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
    first, second = Instance(tmp_path / "first"), Instance(tmp_path / "second", has_tables=False)
    with first:
        first.manage("add_person", "nora@meridian.example", "--name", "Nora Lindqvist", "--role", "super")
        made = first.manage("backup", str(tmp_path / "backup.tar.gz"))
    second.environment["SEALING_KEYS"] = first.environment["SEALING_KEYS"]

    done = second.manage("restore", str(tmp_path / "backup.tar.gz"))

    assert made.returncode == 0, made.stderr
    assert done.returncode == 0, done.stderr
    with second:
        assert second.setup_link == ""  # its administrator is there
