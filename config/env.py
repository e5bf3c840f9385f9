"""Reads the process environment, once and loudly: a missing or odd value stops the start with a sentence."""

import os
import re
from collections.abc import Collection, Mapping
from email.utils import parseaddr
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

from connectors.http import is_loopback
from core.databases import from_address

SEALING_KEY = re.compile(r"[A-Za-z0-9_-]{43}=")  # 32 bytes in URL-safe base64
TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]{20,}")  # as RFC 6750, 2.1, wants a bearer token to read
SHORTEST_SIGNING_KEY = 50
HOST_AND_PORT = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:\d+)?", re.ASCII)


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

    def signing_key(self, name: str) -> str:
        """What signs sessions and links; Django's own measure of its length (security.W009)."""
        value = self.secret(name)
        if len(value) < SHORTEST_SIGNING_KEY:
            raise ImproperlyConfigured(f"{name} must have {SHORTEST_SIGNING_KEY} random characters at least.")
        return value

    def token(self, name: str) -> str:
        """What a machine shows to be let in; empty without one."""
        value = self.secret(name, "")
        if value and not TOKEN.fullmatch(value):
            raise ImproperlyConfigured(
                f"{name} must have 20 characters at least: letters, digits and . _ ~ + / = -."
            )
        return value

    def flag(self, name: str, *, default: bool) -> bool:
        value = self.text(name, str(default)).lower()
        if value not in ("true", "false"):
            raise ImproperlyConfigured(f"{name} must be true or false, not {value!r}.")
        return value == "true"

    def number(self, name: str, *, default: int, least: int, most: int) -> int:
        value = self.text(name, str(default))
        if not (value.isascii() and value.isdigit() and len(value) < 10 and least <= int(value) <= most):
            raise ImproperlyConfigured(
                f"{name} must be a whole number from {least} to {most}, not {value!r}."
            )
        return int(value)

    def word(self, name: str, default: str, *, known: Collection[str]) -> str:
        value = self.text(name, default)
        if value not in known:
            raise ImproperlyConfigured(f"{name} must be one of {', '.join(known)}, not {value!r}.")
        return value

    def items(self, name: str) -> list[str]:
        """Comma-separated; blanks and empty ones dropped."""
        return [item.strip() for item in self.text(name, "").split(",") if item.strip()]

    def networks(self, name: str) -> list[IPv4Network | IPv6Network]:
        """Comma-separated addresses and networks, such as `10.0.0.0/8`."""
        try:
            return [ip_network(each) for each in self.items(name)]
        except ValueError as problem:
            raise ImproperlyConfigured(
                f"{name} lists addresses and networks such as 10.0.0.0/8, comma-separated: {problem}."
            ) from problem

    def url(self, name: str) -> str:
        """An http or https address without a path."""
        value = self.text(name).rstrip("/")
        parts = _address(value, ("http", "https"))
        if parts is None or not parts.hostname or parts.path or parts.query:
            raise ImproperlyConfigured(f"{name} must read https://host or https://host:port, not {value!r}.")
        return value

    def keys(self, name: str) -> list[str]:
        """Keys that seal, comma-separated, at least one."""
        keys = [key.strip() for key in self.secret(name).split(",") if key.strip()]
        if not keys or not all(SEALING_KEY.fullmatch(key) for key in keys):
            raise ImproperlyConfigured(
                f"{name} must hold at least one key, each of 32 bytes in URL-safe base64, comma-separated."
            )
        return keys

    def mail_server(self, name: str) -> str:
        """Its address, with user and password if it wants them; empty without one."""
        value = self.secret(name, "")
        parts = _address(value, ("smtp", "smtps", "smtp+tls"))
        is_whole = parts is not None and parts.hostname and parts.path in ("", "/") and not parts.query
        if value and not (is_whole and unquote(value).isascii()):
            raise ImproperlyConfigured(
                f"{name} must read smtp+tls://USER:PASSWORD@HOST:PORT, smtps:// or smtp:// likewise; ASCII."
            )
        return value

    def sender(self, name: str, default: str) -> str:
        """A name and an e-mail address, or the address alone; the default where it is empty."""
        value = self.text(name, default) or default
        before, _, host = parseaddr(value)[1].partition("@")
        if not (before and host and value.isprintable()):
            raise ImproperlyConfigured(f"{name} must read Name <name@host>, not {value!r}.")
        return value

    def broker(self, name: str, default: str) -> str:
        """The address of a Redis or Valkey, by network or socket."""
        value = self.secret(name, default)
        parts = _address(value, ("redis", "rediss", "unix"))
        is_whole = parts is not None and (
            len(parts.path) > 1
            if parts.scheme == "unix"
            else parts.hostname and re.fullmatch(r"(/\d*)?", parts.path, re.ASCII)
        )
        if not is_whole:
            raise ImproperlyConfigured(
                f"{name} must read redis://:PASSWORD@HOST:PORT/NUMBER, rediss:// likewise, or unix:///PATH."
            )
        return value

    def hosts(self, name: str) -> list[str]:
        """Comma-separated: `host`, `host:port`, or `http://host:port` where the host is this machine."""
        found = self.items(name)
        for each in found:
            bare = each.removeprefix("http://")
            parts = _address(f"http://{bare}", ("http",)) if HOST_AND_PORT.fullmatch(bare) else None
            if parts is None or (bare != each and not is_loopback(parts.hostname or "")):
                raise ImproperlyConfigured(
                    f"{name} lists host, host:port or, for this machine alone, http://127.0.0.1:port;"
                    f" {each!r} is none of them."
                )
        return found

    def file(self, name: str) -> str:
        """The path of a file that is there; empty without one."""
        value = self.text(name, "")
        if value and not Path(value).is_file():
            raise ImproperlyConfigured(f"{name} must name a file, and {value!r} is none.")
        return value

    def database(self, name: str, data: Path) -> dict[str, object]:
        """SQLite in the data folder unless NAME says otherwise, set up to be shared by processes."""
        try:
            return from_address(self.secret(name, f"sqlite:///{data / 'db.sqlite3'}"))
        except ValueError as problem:
            raise ImproperlyConfigured(f"{name} {problem}.") from problem


def _address(text: str, schemes: Collection[str]) -> SplitResult | None:
    """In its parts; None if it is of another scheme, or if no address reads like that."""
    try:
        parts = urlsplit(text)
        is_odd = parts.scheme not in schemes or parts.port == 0 or parts.fragment or len(text.split()) > 1
    except ValueError:  # a port that is no number, a bracket that does not close
        return None
    return None if is_odd else parts
