"""A whole database as one file: SQLite's own backup, or pg_dump and pg_restore."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from django.contrib.sessions.models import Session
from django.core.management.base import CommandError
from django.db import connection, transaction

from core.management.figures import Figures, beside

NOTHING = "There is nothing to back up yet: nobody is known to this console."
SESSIONS = Session._meta.db_table
MEMBERS = {"sqlite": "database.sqlite3", "postgresql": "database.dump"}
_PARAMETERS = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
}


def member() -> str:
    """The name that the file of the present kind of database has in an archive."""
    return MEMBERS[connection.vendor]


def dump(to: Path) -> Figures:
    """Write the database into this file while others use it, and count what is in there.

    All but who is signed in: a session's key lets whoever reads it in. Raises CommandError.
    """
    if connection.vendor == "sqlite" and not sqlite_file().exists():
        raise CommandError(NOTHING)
    to.touch(mode=0o600)
    return _dump_sqlite(to) if connection.vendor == "sqlite" else _dump_postgresql(to)


def load(file: Path) -> None:
    """Fill the database, which is empty. PostgreSQL: all or nothing."""
    if connection.vendor == "sqlite":
        shutil.move(file, sqlite_file())
    else:
        restore = ["pg_restore", "--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction"]
        _run([*restore, "--dbname", str(connection.settings_dict["NAME"]), str(file)])


def what_is_there() -> str:
    """What stands where an empty database should be; "" for nothing. Makes no SQLite file."""
    if connection.vendor == "sqlite":
        found = [sqlite_file().with_name(sqlite_file().name + end) for end in ("", "-wal", "-shm")]
        return next((str(path) for path in found if path.exists()), "")
    tables = connection.introspection.table_names()
    return f"{len(tables)} tables in the database" if tables else ""


def sqlite_file() -> Path:
    return Path(str(connection.settings_dict["NAME"]))


def _dump_sqlite(to: Path) -> Figures:
    address, whole = f"{sqlite_file().absolute().as_uri()}?mode=ro", to.with_name(f"{to.name}.whole")
    whole.touch(mode=0o600)
    try:
        with closing(sqlite3.connect(address, uri=True)) as source, closing(sqlite3.connect(whole)) as copy:
            source.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")  # one file, without a log beside it
            (verdict,) = copy.execute("PRAGMA quick_check").fetchone()
            if verdict != "ok":
                raise CommandError(f"The database is damaged, SQLite says: {verdict}")
            _forget_sessions(copy)
            copy.execute("VACUUM INTO ?", (str(to),))  # what was deleted stays readable in the first copy
    except sqlite3.Error as problem:
        raise CommandError(f"The database could not be copied, SQLite says: {problem}") from problem
    whole.unlink()
    with beside("copy", {"ENGINE": "django.db.backends.sqlite3", "NAME": str(to)}):
        return Figures.of("copy")


def _forget_sessions(copy: sqlite3.Connection) -> None:
    if copy.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (SESSIONS,)).fetchone():
        copy.execute(f"DELETE FROM {SESSIONS}")  # noqa: S608  # a table's name
        copy.commit()


def _dump_postgresql(to: Path) -> Figures:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        cursor.execute("SELECT pg_export_snapshot()")
        (snapshot,) = cursor.fetchone()
        # pg_dump sees what this transaction sees, so the counts are those of the file.
        only = ["--no-owner", f"--exclude-table-data={SESSIONS}", f"--snapshot={snapshot}"]
        _run(["pg_dump", "--format=custom", *only, f"--file={to}"])
        figures = Figures.of()
    return replace(figures, rows={**figures.rows, **({SESSIONS: 0} if SESSIONS in figures.rows else {})})


def _run(command: Sequence[str]) -> None:
    """With the address of the database in the environment: arguments can be seen by others."""
    name = command[0]
    if shutil.which(name) is None:
        raise CommandError(
            f"{name} is not on PATH: install the client of PostgreSQL, of the server's version or newer."
        )
    known = connection.get_connection_params()
    given = {_PARAMETERS[key]: str(value) for key, value in known.items() if key in _PARAMETERS and value}
    done = subprocess.run(
        command,
        env={**os.environ, **given},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise CommandError(f"{name} did not succeed: {done.stderr.strip()}")
