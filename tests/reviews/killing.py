"""Processes of their own that act on a database in a file, and may be killed without a last word."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from core.management.supervision import die_with_parent
from tests.migrated import begin_with_tables

ROOT = Path(__file__).resolve().parents[2]


def own_database(folder: Path) -> tuple[Path, Mapping[str, str]]:
    """A file with empty tables, and the environment of processes that use it."""
    database = folder / "db.sqlite3"
    begin_with_tables(database)
    return database, {**os.environ, "DATA_DIR": str(folder), "DATABASE_URL": f"sqlite:///{database}"}


def begun(environment: Mapping[str, str], module: str, *words: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", module, *words],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=die_with_parent(os.getpid()),
    )


def heard(process: "subprocess.Popen[str]") -> str:
    """What it says next; empty: it is over."""
    assert process.stdout is not None
    return process.stdout.readline()


def answer(process: "subprocess.Popen[str]") -> None:
    """Let it go on."""
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def ended(environment: Mapping[str, str], module: str, *words: str) -> None:
    """Let it do all it has to do."""
    with begun(environment, module, *words) as process:
        process.communicate()
    assert process.returncode == 0
