"""Puts a backup into an empty data folder, and proves that it is whole."""

import os
import shutil
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction
from django.db.migrations.loader import MigrationLoader

from core.management import archive, dumps
from core.management.archive import Manifest
from core.management.commands.verify_trail import tell
from core.management.figures import Figures
from core.management.folder import UNFINISHED, alone, refuse_workers
from core.models import Organisation
from core.queries.seals import Verdict, verify
from core.trail import by_command, record


class Command(BaseCommand):
    help = "Restore a backup into an empty data folder (and an empty database, where that is PostgreSQL)."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *_args: Any, file: Path, **_options: Any) -> None:
        os.umask(0o077)
        by_command()
        data: Path = settings.DATA
        with alone(data):
            refuse_workers()
            _take_back(data)
            _refuse_unless_empty()
            manifest = _unpack(file, data)
            _put_in_place(data)
            _compare(manifest)
            call_command("migrate", verbosity=0, interactive=False)
            found = self._look(manifest)
            archive.clear(data / UNFINISHED)
        self._say(manifest, data)
        if found.problems:  # the counts and digests prove that it is the backup's trouble, not the restore's
            raise CommandError("Restored as it was backed up; its trail was not as it was written even then.")

    def _look(self, manifest: Manifest) -> Verdict:
        """At the whole trail, once it tells of the restore."""
        with transaction.atomic():
            about = Organisation.current()
            record("core.restored", about, by=None, made_at=manifest.made_at, version=manifest.version)
        found = verify()
        tell(found, self.stdout.write)
        return found

    def _say(self, manifest: Manifest, data: Path) -> None:
        rows = manifest.figures.total
        self.stdout.write(f"Restored into {data}: {rows:,} rows, as they were at {manifest.made_at}.")
        self.stdout.write(f"Head of the trail in the backup: {manifest.figures.head or 'none'}")
        env = data / "env"
        if "env" not in manifest.members:
            self.stdout.write(
                f"The backup holds no keys. Give SEALING_KEYS those with the ids {', '.join(manifest.keys)}"
                f" before the first start (in {env}, or where you keep them); without them each secret"
                " must be typed again."
            )
        elif "DATABASE_URL=" in env.read_text(encoding="utf-8"):
            self.stdout.write(f"{env} names a database (DATABASE_URL): make sure that it is this one.")


def _unpack(file: Path, data: Path) -> Manifest:
    """Beside its place. Whatever is wrong with the archive, the folder is left as it was."""
    stage = data / UNFINISHED
    try:
        manifest = archive.unpack(file, stage / "archive")
        _refuse_unless_ours(manifest, data)
    except CommandError:
        archive.clear(stage)
        raise
    return manifest


def _refuse_unless_empty() -> None:
    there = dumps.what_is_there() or next(map(str, Path(settings.MEDIA_ROOT).glob("*")), "")
    if there:
        raise CommandError(f"Only what is empty can be filled, and there is {there}.")


def _refuse_unless_ours(manifest: Manifest, data: Path) -> None:
    if manifest.database != connection.vendor:
        raise CommandError(
            "The backup holds a PostgreSQL database: set DATABASE_URL to an empty one."
            if manifest.database == "postgresql"
            else "The backup holds an SQLite database: restore it without DATABASE_URL, then use move_to."
        )
    known = MigrationLoader(None).disk_migrations
    ours = {config.label for config in apps.get_app_configs()}
    unknown = [
        each
        for each in manifest.figures.migrations
        if each.partition(".")[0] in ours and tuple(each.split(".", 1)) not in known
    ]
    if unknown:
        raise CommandError(
            f"The backup was made by a newer Reeve ({manifest.version}): this one does not know {unknown[0]}."
        )
    env, theirs = data / "env", data / UNFINISHED / "archive" / "env"
    if env.exists() and theirs.exists() and env.read_bytes() != theirs.read_bytes():
        raise CommandError(f"{env} is another than the one in the backup: take it away first.")


def _put_in_place(data: Path) -> None:
    """What is put anywhere is noted before, so that a restore that was killed can be taken back."""
    unpacked = data / UNFINISHED / "archive"
    files = Path(settings.MEDIA_ROOT)
    if (unpacked / "env").exists():
        (unpacked / "env").replace(data / "env")
    if (unpacked / "files").exists():
        _note(data, files)
        shutil.copytree(unpacked / "files", files, dirs_exist_ok=True)
    if connection.vendor == "sqlite":
        _note(data, dumps.sqlite_file())
    dumps.load(unpacked / dumps.member())


def _note(data: Path, path: Path) -> None:
    with (data / UNFINISHED / "placed").open("a", encoding="utf-8") as notes:
        notes.write(f"{path.absolute()}\n")
        notes.flush()
        os.fsync(notes.fileno())


def _take_back(data: Path) -> None:
    """What an earlier restore put into place before it was killed."""
    notes = data / UNFINISHED / "placed"
    for line in notes.read_text(encoding="utf-8").splitlines() if notes.exists() else ():
        path = Path(line)
        if path.is_dir():
            archive.clear(path)
        for end in ("", "-wal", "-shm"):
            path.with_name(path.name + end).unlink(missing_ok=True)
    archive.clear(data / UNFINISHED)


def _compare(manifest: Manifest) -> None:
    found = manifest.figures.differences(Figures.of())
    if found:
        raise CommandError("What was restored is not what was backed up:\n" + "\n".join(found))
