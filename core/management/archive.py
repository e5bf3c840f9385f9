"""The archive of a backup: a tar.gz whose last member, the manifest, knows the digest of every other."""

import hashlib
import io
import json
import os
import re
import shutil
import tarfile
import time
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from django.core.management.base import CommandError

from core.management.figures import Figures

LAYOUT = 1
MANIFEST = "manifest.json"
NAMES = re.compile(r"manifest\.json|env|database\.(?:sqlite3|dump)|files(?!.*/\.\.?(?:/|$))/[^\0\n]+")
_BLOCK = 1 << 20  # bytes


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an archive says of itself."""

    layout: int
    version: str
    """Of Reeve, when it was made."""
    made_at: str
    database: str
    """`sqlite` or `postgresql`."""
    keys: list[str]
    """Ids of the sealing keys its secrets may be sealed with."""
    figures: Figures
    members: dict[str, str]
    """SHA-256 by name."""


class Damaged(CommandError):
    """No archive of ours, or not as it was made."""


def write(to: Path, members: Iterable[tuple[str, Path]], facts: Mapping[str, Any]) -> None:
    """Write an archive of these files, each with the name it has in there. One that is gone is left out."""
    digests: dict[str, str] = {}
    with tarfile.open(to, "w:gz", compresslevel=6) as tar:
        for name, path in members:
            try:
                file = path.open("rb")
            except FileNotFoundError:
                continue  # a download whose time was over meanwhile
            with file:
                hashed, there = _Hashed(file), os.fstat(file.fileno())
                tar.addfile(_entry(name, there.st_size, there.st_mtime), hashed)
                digests[name] = hashed.digest.hexdigest()
        manifest = json.dumps({"layout": LAYOUT, **facts, "members": digests}, indent=1).encode()
        tar.addfile(_entry(MANIFEST, len(manifest), time.time()), io.BytesIO(manifest))


def unpack(archive: Path, folder: Path) -> Manifest:
    """Unpack into this folder and check every digest; raises Damaged, and then nothing of it may be used."""
    folder.mkdir(mode=0o700, parents=True)
    try:
        with tarfile.open(archive, "r:gz") as tar:
            for member in tar:
                if not (member.isfile() and NAMES.fullmatch(member.name)) or (folder / member.name).exists():
                    raise Damaged(f"{archive} holds {member.name}, which no backup of Reeve would.")
                tar.extract(member, folder, filter="data")
                (folder / member.name).chmod(0o600)
    except tarfile.FilterError as problem:
        raise Damaged(f"{archive} would write outside its folder ({problem}).") from problem
    except (tarfile.TarError, zlib.error, EOFError, OSError) as problem:
        raise Damaged(f"{archive} cannot be read as a backup: {problem}") from problem
    manifest = _manifest(archive, folder / MANIFEST)
    _compare(archive, folder, manifest)
    return manifest


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def facts(*, version: str, made_at: str, database: str, keys: list[str], figures: Figures) -> dict[str, Any]:
    """What a manifest holds beside the digests."""
    return {
        "version": version, "made_at": made_at, "database": database, "keys": keys, "figures": asdict(figures)
    }  # fmt: skip


class _Hashed(io.RawIOBase):
    """A file that is read once, and its digest."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def read(self, size: int = -1, /) -> bytes:
        block = self._file.read(size)
        self.digest.update(block)
        return block


def _entry(name: str, size: int, changed: float) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode, entry.mtime = size, 0o600, int(changed)
    return entry


def _manifest(archive: Path, path: Path) -> Manifest:
    try:
        found = json.loads(path.read_bytes())
        manifest = Manifest(**{**found, "figures": Figures(**found["figures"])})
    except (OSError, ValueError, TypeError, KeyError) as problem:
        raise Damaged(f"{archive} is no backup of Reeve: it has no manifest that can be read.") from problem
    if manifest.layout != LAYOUT:
        raise Damaged(f"{archive} was made by another version of Reeve ({manifest.version}).")
    return manifest


def _compare(archive: Path, folder: Path, manifest: Manifest) -> None:
    there = {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and path != folder / MANIFEST
    }
    if odd := sorted(there ^ manifest.members.keys()):
        raise Damaged(f"{archive} and its manifest do not agree on {', '.join(odd[:3])}.")
    altered = [name for name in sorted(there) if sha256(folder / name) != manifest.members[name]]
    if altered:
        raise Damaged(f"{archive} was altered: {', '.join(altered[:3])}.")


def clear(folder: Path) -> None:
    """Take the folder and all in it away, if it is there."""
    if folder.exists():
        shutil.rmtree(folder)
