"""Archives of a backup, opened and built again."""

import io
import tarfile
from collections.abc import Callable
from pathlib import Path

type Members = dict[str, bytes]

ENV = "SECRET_KEY=kept\nSEALING_KEYS=kept\n"
"""What stands in the file `env` of the console that is backed up."""


def members(file: Path) -> Members:
    """The contents by name."""
    with tarfile.open(file) as tar:
        return {each.name: content.read() for each in tar if (content := tar.extractfile(each))}


def rebuilt(file: Path, to: Path, change: Callable[[Members], object]) -> Path:
    """The archive again, with its members as `change` leaves them."""
    found = members(file)
    change(found)
    with tarfile.open(to, "w:gz") as tar:
        for name, content in found.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return to


def altered(found: Members) -> None:
    found["files/exports/people.csv"] += b"Eve\n"
