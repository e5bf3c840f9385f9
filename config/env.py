"""Reads the process environment, once and loudly: a missing or odd value stops the start with a sentence."""

import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured


class Env:
    """Values by name. `NAME_FILE` may point to a file that holds a secret."""

    def __init__(self, source: Mapping[str, str] = os.environ) -> None:
        self._source = source

    def text(self, name: str, default: str | None = None) -> str:
        value = self._source.get(name, default)
        if value is None:
            raise ImproperlyConfigured(f"Set {name}; see docs/configuration.md.")
        return value

    def secret(self, name: str, default: str | None = None) -> str:
        """NAME itself, or the contents of the file that NAME_FILE points to."""
        path = self._source.get(f"{name}_FILE")
        if not path:
            return self.text(name, default)
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except OSError as problem:
            raise ImproperlyConfigured(f"{name}_FILE cannot be read: {problem}") from problem

    def flag(self, name: str, *, default: bool) -> bool:
        value = self.text(name, str(default)).lower()
        if value not in ("true", "false"):
            raise ImproperlyConfigured(f"{name} must be true or false, not {value!r}.")
        return value == "true"

    def number(self, name: str, *, default: int) -> int:
        value = self.text(name, str(default))
        if not value.isascii() or not value.isdigit():
            raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}.")
        return int(value)

    def items(self, name: str) -> list[str]:
        """Comma-separated; blanks and empty ones dropped."""
        return [item.strip() for item in self.text(name, "").split(",") if item.strip()]

    def url(self, name: str) -> str:
        """An http or https address without a path."""
        value = self.text(name).rstrip("/")
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path or parts.query:
            raise ImproperlyConfigured(f"{name} must read https://host or https://host:port, not {value!r}.")
        return value

    def database(self, name: str, data: Path) -> dict[str, object]:
        """SQLite in the data folder unless NAME says otherwise, set up to be shared by processes."""
        value = self.secret(name, f"sqlite:///{data / 'db.sqlite3'}")
        try:
            found: dict[str, object] = dict(environ.Env.db_url_config(value))
        except environ.ImproperlyConfigured as problem:
            raise ImproperlyConfigured(f"{name} is not a database address.") from problem
        if found["ENGINE"] == "django.db.backends.sqlite3":
            found["OPTIONS"] = SQLITE
        elif found["ENGINE"] == "django.db.backends.postgresql":
            found["OPTIONS"] = {"pool": False}
            found["CONN_MAX_AGE"] = 60
        else:
            raise ImproperlyConfigured(f"{name} must be a postgres:// or sqlite:// address.")
        return found


SQLITE = {
    # A deferred transaction that turns to writing fails at once while another writes.
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA cache_size=-32000;",
}
