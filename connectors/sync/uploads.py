"""Files that were handed in for a connector: kept by their digest, never written over, never deleted.

A run rests on the file it read, so a file stays after it was replaced. Backups hold them all.
"""

import hashlib
import re
from collections.abc import Callable
from datetime import datetime

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from connectors.contract import DriverError
from core.models.keys import one_line

FOLDER = "uploads"
MOST_NAME = 100  # letters
_VALUE = re.compile(r"([0-9a-f]{64})/([^/]+)")


def value_of(name: str, content: bytes) -> str:
    """What a setting keeps of a file: `{sha256}/{name}`, the name shortened before its ending."""
    plain = one_line(name.replace("\\", "/").rpartition("/")[2]) or "file"
    stem, dot, ending = plain.rpartition(".")
    if len(plain) > MOST_NAME and dot and len(ending) < 8:
        plain = f"{stem[: MOST_NAME - len(ending) - 1]}.{ending}"
    return f"{hashlib.sha256(content).hexdigest()}/{plain[:MOST_NAME]}"


def name_in(value: str) -> str:
    """The name of the file that a setting keeps, for people."""
    return value.partition("/")[2]


def keep(connector_id: str, value: str, content: bytes) -> None:
    """Put a file where its value says. What is there is the same file, unless a crash cut it short."""
    path = _path(connector_id, value)
    if default_storage.exists(path):
        with default_storage.open(path) as file:
            if file.read() == content:
                return
        default_storage.delete(path)
    default_storage.save(path, ContentFile(content))


def forget(connector_id: str, value: str, *, since: datetime) -> None:
    """Let a file go that came at or after this moment: nothing but a test has rested on it."""
    path = _path(connector_id, value)
    if default_storage.exists(path) and default_storage.get_modified_time(path) >= since:
        default_storage.delete(path)


def opener(connector_id: str) -> Callable[[str], bytes]:
    """Reads files of one connector by their values; raises DriverError if one is gone or was altered."""

    def read(value: str) -> bytes:
        try:
            with default_storage.open(_path(connector_id, value)) as file:
                content: bytes = file.read()
        except FileNotFoundError as problem:
            raise DriverError(f"The file {name_in(value)} is no longer here: hand it in again.") from problem
        if hashlib.sha256(content).hexdigest() != value.partition("/")[0]:
            raise DriverError(f"The file {name_in(value)} was altered where it is kept: hand it in again.")
        return content

    return read


def _path(connector_id: str, value: str) -> str:
    found = _VALUE.fullmatch(value)
    if found is None:
        raise DriverError("This is not a file that was handed in.")
    return f"{FOLDER}/{connector_id}/{found[1]}"
