"""What every bench stands on: a database, Valkey, the environment of a process, and a migrated schema."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from core.sealing import new_key
from tests.postgres import Postgres
from tests.valkey import Valkey

type Figures = dict[str, Any]

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def stage(database: str) -> Iterator[dict[str, str]]:
    """The environment for processes on a fresh database: `sqlite`, `postgres`, or the address of an empty
    one."""
    with ExitStack() as held:
        folder = held.enter_context(tempfile.TemporaryDirectory(prefix="reeve-bench-"))
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "SECRET_KEY": "only-for-the-bench-" * 3,
            "SEALING_KEYS": new_key(),
            "PUBLIC_URL": "http://127.0.0.1",
            "DATA_DIR": folder,
            "REDIS_URL": held.enter_context(Valkey()).url,
            "LOG_LEVEL": "WARNING",
        }
        environment.pop("DATABASE_URL", None)
        if database == "postgres":
            environment["DATABASE_URL"] = held.enter_context(Postgres(durable=True)).url
        elif database != "sqlite":
            environment["DATABASE_URL"] = database
        migrate = [sys.executable, "manage.py", "migrate", "--verbosity=0"]
        subprocess.run(migrate, cwd=ROOT, env=environment, check=True)
        yield environment


def figures_of(module: str, *words: str, environment: Mapping[str, str]) -> Figures:
    """What a process of its own measured, so that no other one's memory is in it."""
    command = [sys.executable, "-m", module, *words]
    told = subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    figures: Figures = json.loads(told.stdout.splitlines()[-1])
    return figures


def busy() -> str:
    """The load of the machine, without which seconds say little."""
    return f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
