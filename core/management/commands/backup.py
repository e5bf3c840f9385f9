"""Writes everything that must be kept into one archive, while the console runs."""

import fcntl
import os
import tempfile
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils.timezone import now

from core.management import archive, dumps
from core.management.figures import PEOPLE, Figures, unmigrated
from core.models import Organisation
from core.sealing import key_ids
from core.trail import by_command, record

UNDER_WAY, MARK = ".reeve-backup-", "reeve-backup.lock"
"""How the folder in which an archive is made begins, and the file in it that its maker holds."""


class Command(BaseCommand):
    help = "Write database, files and keys into one archive (tar.gz). May run while the console runs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--without-keys", action="store_true", help="leave out the file env, which holds the keys"
        )

    def handle(self, *_args: Any, file: Path, without_keys: bool, **_options: Any) -> None:
        os.umask(0o077)
        by_command()
        if file.exists():
            raise CommandError(f"{file} is there already; choose another name.")
        if not file.parent.is_dir():
            raise CommandError(f"There is no folder {file.parent}.")
        env = settings.DATA / "env"
        with_env = env.exists() and not without_keys
        try:
            with _workshop(file.parent) as part:
                figures = self._make(part, [("env", env)] if with_env else [])
                if file.exists():
                    raise CommandError(f"{file} was made by somebody else meanwhile; choose another name.")
                (part / "archive").replace(file)
            digest = archive.sha256(file)
        except OSError as problem:
            raise CommandError(f"The backup could not be written: {problem}") from problem
        self._note(file, digest)
        self.stdout.write(f"{file}: {file.stat().st_size:,} bytes, SHA-256 {digest}")
        self.stdout.write(f"{figures.total:,} rows; head of the trail {figures.head or 'none yet'}")
        self._say_about_keys(included=with_env)

    def _make(self, part: Path, env: list[tuple[str, Path]]) -> Figures:
        # The database first: each file that it names is there by then, or its time is over.
        database = part / dumps.member()
        figures = dumps.dump(database)
        if not figures.rows.get(PEOPLE):
            raise CommandError(dumps.NOTHING)
        facts = archive.facts(
            version=settings.VERSION,
            made_at=now().isoformat(timespec="seconds"),
            database=next(kind for kind, name in dumps.MEMBERS.items() if name == database.name),
            keys=key_ids(),
            figures=figures,
        )
        archive.write(part / "archive", [(database.name, database), *env, *_files()], facts)
        with (part / "archive").open("rb") as written:
            os.fsync(written.fileno())
        return figures

    def _note(self, file: Path, digest: str) -> None:
        if unmigrated():  # backed up by a newer version, before it changes the tables
            self.stdout.write("The trail does not tell of this backup: the database is of an older version.")
            return
        with transaction.atomic():
            record("core.backup_made", Organisation.current(), by=None, file=file.name, sha256=digest)

    def _say_about_keys(self, *, included: bool) -> None:
        ids = ", ".join(key_ids())
        if included:
            self.stdout.write(f"The sealing keys ({ids}) are in it: keep it as you keep them.")
        else:
            self.stdout.write(f"The sealing keys ({ids}) are not in it: keep them in another place.")


@contextmanager
def _workshop(beside: Path) -> Iterator[Path]:
    """A folder for one backup; one that a killed backup left there is taken away."""
    for left in beside.glob(f"{UNDER_WAY}*/{MARK}"):
        with left.open("a") as mark:
            if _taken(mark):
                archive.clear(left.parent)
    part = Path(tempfile.mkdtemp(prefix=UNDER_WAY, dir=beside))
    try:
        with (part / "new").open("w") as mark:
            fcntl.flock(mark, fcntl.LOCK_EX)
            (part / "new").rename(part / MARK)  # with this name it is held from the first
            yield part
    finally:
        archive.clear(part)


def _taken(mark: IO[str]) -> bool:
    """Whether this was free, and is ours now."""
    try:
        fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _files() -> Iterator[tuple[str, Path]]:
    """What people asked for and handed in."""
    root = Path(settings.MEDIA_ROOT)
    for path in sorted(root.rglob("*")):
        if path.is_file():
            yield f"files/{path.relative_to(root).as_posix()}", path
