"""Backup: everything at one moment in one archive, or a sentence."""

import errno
import fcntl
import io
import json
import re
import sqlite3
import tarfile

import pytest
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.db import connection

from connectors.sync import uploads
from core.management import archive, dumps
from core.management.commands.backup import MARK, UNDER_WAY
from core.models import TrailEvent, TrailSeal, User
from tests.archives import altered, members, rebuilt


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


def test_files_that_were_handed_in_for_connectors_are_in_an_archive(console, tmp_path, settings):
    value = uploads.value_of("people.csv", b"User ID")
    uploads.keep("some-connector", value, b"User ID")

    call_command("backup", str(tmp_path / "backup.tar.gz"), stdout=io.StringIO())

    digest = value.partition("/")[0]
    found = members(tmp_path / "backup.tar.gz")
    assert found[f"files/uploads/some-connector/{digest}"] == b"User ID"


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
    left = tmp_path / f"{UNDER_WAY}left"
    left.mkdir()
    (left / MARK).touch()
    (left / "archive").write_text("half")

    call_command("backup", str(tmp_path / "backup.tar.gz"), stdout=io.StringIO())

    assert sorted(each.name for each in tmp_path.iterdir()) == ["backup.tar.gz", "data"]


def test_what_another_backup_is_making_is_left_to_it(console, tmp_path):
    other = tmp_path / f"{UNDER_WAY}other"
    other.mkdir()
    with (other / MARK).open("w") as mark:
        fcntl.flock(mark, fcntl.LOCK_EX)

        call_command("backup", str(tmp_path / "backup.tar.gz"), stdout=io.StringIO())

    assert (other / MARK).exists()


def test_what_only_has_a_name_like_that_is_left_alone(console, tmp_path):
    theirs = (tmp_path / "backup.tar.gz.part", tmp_path / f"{UNDER_WAY}notes")
    for folder in theirs:
        folder.mkdir()
        (folder / "thesis").write_text("years")

    call_command("backup", str(tmp_path / "backup.tar.gz"), stdout=io.StringIO())

    assert [(folder / "thesis").read_text() for folder in theirs] == ["years", "years"]


def test_what_another_backup_made_meanwhile_is_not_written_over(console, tmp_path, monkeypatch):
    file, write = tmp_path / "backup.tar.gz", archive.write

    def meanwhile(*given):
        write(*given)
        file.write_text("theirs")

    monkeypatch.setattr(archive, "write", meanwhile)

    with pytest.raises(CommandError, match="by somebody else meanwhile"):
        call_command("backup", str(file))

    assert file.read_text() == "theirs"


@pytest.mark.parametrize(
    ("place", "name", "problem"),
    [
        (archive, "write", OSError(errno.ENOSPC, "No space left on device")),
        (dumps, "_forget_sessions", sqlite3.OperationalError("database or disk is full")),
    ],
)
def test_a_full_disk_is_told_in_a_sentence_and_leaves_nothing(
    console, tmp_path, monkeypatch, place, name, problem
):
    if (connection.vendor, place) == ("postgresql", dumps):
        pytest.skip("pg_dump writes that file")

    def full(*_):
        raise problem

    monkeypatch.setattr(place, name, full)

    with pytest.raises(CommandError, match=str(problem.args[-1])):
        call_command("backup", str(tmp_path / "backup.tar.gz"))

    assert [each.name for each in tmp_path.iterdir()] == ["data"]


def test_who_is_signed_in_is_not_in_an_archive(console, tmp_path, sign_in):
    browser = sign_in(User.objects.get())
    browser.get("/")  # the row is written again, and its first text stays in the file
    key = browser.session.session_key

    call_command("backup", str(tmp_path / "backup.tar.gz"), stdout=io.StringIO())

    found = members(tmp_path / "backup.tar.gz")
    assert [name for name, content in found.items() if key.encode() in content] == []
    assert json.loads(found["manifest.json"])["figures"]["rows"]["django_session"] == 0
    assert Session.objects.filter(pk=key).exists()


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
