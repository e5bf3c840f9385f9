"""Where the database of the tests is, and further ones beside it, for commands in processes of their own."""

import inspect
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper


def allow_further(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this test use databases that were not there when it began: the runner refuses them."""
    guard = BaseDatabaseWrapper.ensure_connection
    real = inspect.getclosurevars(guard).nonlocals["real_ensure_connection"]
    monkeypatch.setattr(BaseDatabaseWrapper, "ensure_connection", real)


def address() -> str:
    """Of the database that this test uses."""
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()


@contextmanager
def empty_database(folder: Path) -> Iterator[str]:
    """The address of an empty database of the same kind; for SQLite of a file that is not there yet."""
    if connection.vendor == "sqlite":
        yield f"sqlite:///{folder / 'db.sqlite3'}"
        return
    with new_postgresql(os.environ["DATABASE_URL"]) as made:
        yield made


@contextmanager
def new_postgresql(server: str) -> Iterator[str]:
    """A database of its own on this server, for a while."""
    name = f"beside_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
        try:
            yield urlsplit(server)._replace(path=f"/{name}").geturl()
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
