"""A database file with all tables and no rows, made once a process: instances begin with a copy of it."""

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ANY_VALUES = {
    "SECRET_KEY": "only-to-migrate-" * 4,
    "SEALING_KEYS": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    "PUBLIC_URL": "http://127.0.0.1:8000",
}
"""Where nobody has set them, as for pictures: nothing is kept with them."""


@cache
def migrated() -> Path:
    folder = tempfile.mkdtemp(prefix="reeve-migrated-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    file = Path(folder) / "empty.sqlite3"
    environment = {**ANY_VALUES, **os.environ, "DATABASE_URL": f"sqlite:///{file}"}
    command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
    subprocess.run(command, cwd=ROOT, env=environment, check=True)
    return file


def begin_with_tables(database: Path) -> None:
    """Put a copy where a console expects its database, unless it has one."""
    if not database.exists():
        shutil.copy(migrated(), database)
