"""How the trail is sealed: what the digest of an event and the hash of a seal are made of. Pure."""

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any

from core.models import TrailEvent

COLUMNS = tuple(field.attname for field in TrailEvent._meta.concrete_fields)
"""Every column of an event. One more would change the digest of every event before it: `digest` must then
leave it out where it holds what a migration put there (ADR 9)."""

type Sealed = Sequence[tuple[int, str]]
"""Events of a seal: id, and digest in hex."""


def digest(event: TrailEvent) -> str:
    """SHA-256 in hex over every column, the same on every database."""
    content = {name: getattr(event, name) for name in COLUMNS}
    return _hash({**content, "change": _numbers(event.change), "address": _address(event.address)})


def chained(number: int, at: datetime, events: Sealed, previous: str) -> str:
    """The hash of a seal: over its number, its time, its events and the hash of the seal before."""
    pairs = [[pk, found] for pk, found in events]
    return _hash({"number": number, "at": at, "events": pairs, "previous": previous})


def _hash(content: dict[str, Any]) -> str:
    """Over ASCII alone: half a surrogate pair, which SQLite takes, has no UTF-8."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), default=_plain)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _plain(value: object) -> str:
    """Times in UTC with microseconds, always. Bytes are never ours, but SQLite keeps them in any column."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, bytes):
        return f"bytes {value.hex()}"
    raise TypeError(f"{value!r} has no place in a digest.")


def _numbers(value: object) -> object:
    """Whole numbers without a point: PostgreSQL gives 1e22 back as an integer, SQLite as it came."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {name: _numbers(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_numbers(each) for each in value]
    return value


def _address(text: Any) -> Any:
    """Bytes in hex: databases and versions of Python spell the same IPv6 address differently."""
    if not isinstance(text, str):
        return text
    try:
        return ip_address(text).packed.hex()
    except ValueError:
        return text  # no address; SQLite takes any text
