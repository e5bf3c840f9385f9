"""Backup and restore: whole, or not at all."""

import fcntl
import io
import json
import os
import re
import signal
import subprocess
import sys
import tarfile

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from connectors.models import Connector
from core.actions.people import add_person
from core.actions.seals import seal_next
from core.management import archive
from core.management.folder import LOCK, UNFINISHED
from core.models import TrailEvent, TrailSeal, User
from core.sealing import key_ids, seal
from tests.browser.instance import ROOT, Instance
from tests.databases import allow_further, empty_database
from tests.make import make_connected

ENV = "SECRET_KEY=kept\nSEALING_KEYS=kept\n"
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
    else ["_put_in_place", "load", "_compare", "call_command"]
)


@pytest.fixture
def console(transactional_db, settings, tmp_path, monkeypatch):
    """A folder with keys and files, and a database with people, a secret and a trail."""
    allow_further(monkeypatch)
    settings.DATA = tmp_path / "data"
    settings.MEDIA_ROOT = settings.DATA / "files"
    (settings.MEDIA_ROOT / "exports").mkdir(parents=True)
    (settings.MEDIA_ROOT / "exports" / "people.csv").write_text("Ada;Lindgren\n")
    (settings.DATA / "env").write_text(ENV)
    add_person("nora@meridian.example", name="Nora Lindqvist")
    seal_next()
    connector = make_connected()
    Connector.objects.update(sealed=seal('{"client_secret": "s3cret"}', place=connector.place))
    return settings


@pytest.fixture
def made(console, tmp_path):
    """The archive of that console."""
    call_command("backup", str(tmp_path / "backup.tar.gz"), stdout=io.StringIO())
    return tmp_path / "backup.tar.gz"


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


def members(file):
    with tarfile.open(file) as tar:
        return {each.name: content.read() for each in tar if (content := tar.extractfile(each))}


def rebuilt(file, to, change):
    """The archive again, with its members as `change` leaves them."""
    found = members(file)
    change(found)
    with tarfile.open(to, "w:gz") as tar:
        for name, content in found.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return to


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


def test_an_archive_is_for_its_owner_alone_and_leaves_nothing_beside(made, tmp_path):
    assert made.stat().st_mode & 0o777 == 0o600
    assert sorted(each.name for each in tmp_path.iterdir()) == ["backup.tar.gz", "data"]


def test_the_trail_tells_of_a_backup_with_its_digest(made):
    event = TrailEvent.objects.get(action="core.backup_made")

    assert event.change == {"file": "backup.tar.gz", "sha256": archive.sha256(made)}


def test_a_manifest_knows_version_counts_and_digests(made):
    found = members(made)

    manifest = json.loads(found["manifest.json"])
    assert manifest["version"]
    assert manifest["database"] == connection.vendor
    assert manifest["figures"]["rows"]["core_user"] == 1
    assert manifest["figures"]["head"] == f"1:{TrailSeal.objects.get().hash}"
    assert "core.0003_trail_is_append_only" in manifest["figures"]["migrations"]
    assert set(manifest["members"]) == found.keys() - {"manifest.json"}


def test_without_keys_the_archive_has_none_and_their_ids_are_named(console, empty, tmp_path):
    said = io.StringIO()
    file = tmp_path / "backup.tar.gz"

    call_command("backup", str(file), without_keys=True, stdout=said)
    done = restore(empty, file)

    assert "env" not in members(file)
    assert f"({key_ids()[0]}) are not in it" in said.getvalue()
    assert key_ids()[0] in done.stdout
    assert done.returncode == 0


def test_secrets_in_an_archive_are_sealed(made):
    found = members(made)

    assert [name for name, content in found.items() if b"s3cret" in content] == []


def test_an_archive_that_is_there_is_not_written_over(made):
    before = made.read_bytes()

    with pytest.raises(CommandError, match="is there already"):
        call_command("backup", str(made))

    assert made.read_bytes() == before


def test_a_database_of_an_older_version_is_backed_up_and_its_trail_left_alone(console, tmp_path, monkeypatch):
    monkeypatch.setattr("core.management.commands.backup.unmigrated", lambda: True)
    said = io.StringIO()

    call_command("backup", str(tmp_path / "backup.tar.gz"), stdout=said)

    assert "older version" in said.getvalue()
    assert not TrailEvent.objects.filter(action="core.backup_made").exists()


def test_where_nothing_is_nothing_is_backed_up(console, tmp_path):
    User.objects.all().delete()

    with pytest.raises(CommandError, match="nothing to back up"):
        call_command("backup", str(tmp_path / "backup.tar.gz"))

    assert [each.name for each in tmp_path.iterdir()] == ["data"]


def test_what_a_killed_backup_left_behind_is_taken_away_by_the_next(console, tmp_path):
    (tmp_path / "backup.tar.gz.part").mkdir()
    (tmp_path / "backup.tar.gz.part" / "archive").write_text("half")

    call_command("backup", str(tmp_path / "backup.tar.gz"), stdout=io.StringIO())

    assert sorted(each.name for each in tmp_path.iterdir()) == ["backup.tar.gz", "data"]


def test_a_folder_that_holds_something_is_not_restored_into(made, empty, tmp_path):
    assert restore(empty, made).returncode == 0

    again = restore(empty, made)

    assert again.returncode == 1
    assert "Only what is empty can be filled" in again.stderr


def test_a_folder_with_a_supervisor_is_not_restored_into(made, empty, tmp_path):
    (tmp_path / "restored").mkdir()
    with (tmp_path / "restored" / LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        done = restore(empty, made)

    assert done.returncode == 1
    assert "running already" in done.stderr


def test_keys_that_are_there_already_are_not_written_over(made, empty, tmp_path):
    (tmp_path / "restored").mkdir()
    (tmp_path / "restored" / "env").write_text("SECRET_KEY=another\n")

    done = restore(empty, made)

    assert done.returncode == 1
    assert "another than the one in the backup" in done.stderr
    assert (tmp_path / "restored" / "env").read_text() == "SECRET_KEY=another\n"


def altered(found):
    found["files/exports/people.csv"] += b"Eve\n"


def added(found):
    found["files/more.csv"] = b"Eve\n"


def lacking(found):
    del found["env"]


def outside(found):
    found["../outside"] = b"x"


def hidden(found):
    found["files/../../outside"] = b"x"


def absolute(found):
    found["/tmp/outside"] = b"x"


def foreign(found):
    found["manifest.json"] = b'{"name": "something else"}'


def newer(found):
    manifest = json.loads(found["manifest.json"])
    manifest["figures"]["migrations"].append("core.9999_from_the_future")
    found["manifest.json"] = json.dumps(manifest).encode()


def miscounted(found):
    manifest = json.loads(found["manifest.json"])
    manifest["figures"]["rows"]["core_user"] += 1
    found["manifest.json"] = json.dumps(manifest).encode()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (altered, "was altered: files/exports/people.csv"),
        (added, "do not agree on files/more.csv"),
        (lacking, "do not agree on env"),
        (outside, "which no backup of Reeve would"),
        (hidden, "which no backup of Reeve would"),
        (absolute, "which no backup of Reeve would"),
        (foreign, "no backup of Reeve"),
    ],
)
def test_an_archive_that_is_not_as_it_was_made_is_refused(made, tmp_path, change, sentence):
    file = rebuilt(made, tmp_path / "other.tar.gz", change)

    with pytest.raises(archive.Damaged, match=re.escape(sentence)):
        archive.unpack(file, tmp_path / "unpacked" / "here")

    assert not (tmp_path / "outside").exists()


def test_a_link_in_an_archive_is_refused(tmp_path):
    link = tarfile.TarInfo("files/link")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    with tarfile.open(tmp_path / "other.tar.gz", "w:gz") as tar:
        tar.addfile(link)

    with pytest.raises(archive.Damaged, match="which no backup of Reeve would"):
        archive.unpack(tmp_path / "other.tar.gz", tmp_path / "unpacked")


@pytest.mark.parametrize(
    "damage", [lambda whole: whole[:-100], lambda whole: b"no archive", lambda whole: b""]
)
def test_an_archive_that_is_cut_off_or_none_is_refused_with_a_sentence(made, tmp_path, damage):
    (tmp_path / "other.tar.gz").write_bytes(damage(made.read_bytes()))

    with pytest.raises(archive.Damaged, match="cannot be read as a backup"):
        archive.unpack(tmp_path / "other.tar.gz", tmp_path / "unpacked")


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
    first, second = Instance(tmp_path / "first"), Instance(tmp_path / "second")
    with first:
        first.manage("add_person", "nora@meridian.example", "--name", "Nora Lindqvist", "--role", "super")
        made = first.manage("backup", str(tmp_path / "backup.tar.gz"))
    second.environment["SEALING_KEYS"] = first.environment["SEALING_KEYS"]

    done = second.manage("restore", str(tmp_path / "backup.tar.gz"))

    assert made.returncode == 0, made.stderr
    assert done.returncode == 0, done.stderr
    with second:
        assert second.setup_link == ""  # its administrator is there
