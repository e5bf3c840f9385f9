"""Which databases Reeve runs on, and how an address becomes what Django wants to know of one."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import environ
from django.db import connection, transaction

SCHEMES = ("postgres", "postgresql", "sqlite")
SQLITE = {
    # A deferred transaction that turns to writing fails at once while another writes.
    "transaction_mode": "IMMEDIATE",
    "timeout": 60,  # seconds; the last step of a sync of 50,000 people writes for 20
    # 16 MB of pages: sorts may take as much again, and a worker is to stay below 200 MB.
    "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA cache_size=-16000;",
}


def from_address(address: str) -> dict[str, Any]:
    """Settings for a postgres:// or sqlite:// address, set up to be shared by processes.

    Raises ValueError, with words that can follow the name of a setting.
    """
    scheme, separator, _ = address.partition("://")
    if not separator:
        raise ValueError("is not a database address")
    if scheme not in SCHEMES:
        raise ValueError("must be a postgres:// or sqlite:// address")
    try:
        found: dict[str, Any] = dict(environ.Env.db_url_config(address))
    except (environ.ImproperlyConfigured, ValueError) as problem:
        raise ValueError("is not a database address") from problem
    if scheme == "sqlite":
        found["OPTIONS"] = SQLITE
    else:
        found["OPTIONS"] = {**found.get("OPTIONS", {}), "pool": False}
        found["CONN_MAX_AGE"] = 60
    return found


@contextmanager
def one_snapshot() -> Iterator[None]:
    """Everything read within is of one moment. Within a caller's transaction that one decides."""
    if connection.in_atomic_block:
        yield
    elif connection.vendor == "postgresql":
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield
    else:
        # Not `atomic`: on SQLite that takes the one lock for writing, for as long as somebody reads.
        with connection.cursor() as cursor:
            cursor.execute("BEGIN DEFERRED")
        try:
            yield
        finally:
            with connection.cursor() as cursor:
                cursor.execute("ROLLBACK")
