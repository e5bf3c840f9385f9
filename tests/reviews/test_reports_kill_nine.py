"""Files whose writer is killed, again and again, without a last word."""

import hashlib
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from core.management.supervision import die_with_parent
from tests.migrated import begin_with_tables

ROOT = Path(__file__).resolve().parents[2]
ROWS = (1, 31)
"""After so many rows each process is killed."""
pytestmark = pytest.mark.instance


def begun(environment, *words):
    return subprocess.Popen(
        [sys.executable, "-m", "tests.reviews.dying_reporter", *words],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=die_with_parent(os.getpid()),
    )


def killed_after(rows, environment, kind):
    """Whether it was still at work when it was killed."""
    with begun(environment, "write", kind) as process:
        heard = [process.stdout.readline() for _ in range(rows)]
        was_at_work = bool(heard[-1]) and process.poll() is None
        process.kill()
    return was_at_work


def ended(environment, *words):
    with begun(environment, *words) as process:
        process.communicate()
    assert process.returncode == 0


def test_a_file_whose_writer_is_killed_ends_as_one_that_nobody_disturbed(tmp_path):
    database = tmp_path / "db.sqlite3"
    begin_with_tables(database)
    environment = {**os.environ, "DATA_DIR": str(tmp_path), "DATABASE_URL": f"sqlite:///{database}"}
    ended(environment, "make")

    assert [killed_after(rows, environment, "lines_xlsx") for rows in ROWS] == [True, True]
    for _ in range(2):  # the one that was killed, then one anew
        ended(environment, "write", "lines_xlsx")

    with closing(sqlite3.connect(database)) as known:
        told = list(
            known.execute(
                "SELECT status, attempts, sha256, rows, file FROM reviews_report ORDER BY created_at"
            )
        )
    files = next(path for path in tmp_path.rglob("reports") if path.is_dir())
    assert [(status, attempts) for status, attempts, *_ in told] == [("done", 3), ("done", 1)]
    assert len({(sha256, rows) for _, _, sha256, rows, _ in told}) == 1
    assert {path.name for path in files.iterdir()} == {Path(file).name for *_, file in told}
    for *_, sha256, _, file in told:
        assert hashlib.sha256((files / Path(file).name).read_bytes()).hexdigest() == sha256
