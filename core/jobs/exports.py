"""Makes the files that people asked for."""

import hashlib
import os
from contextlib import suppress
from functools import partial
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO

from celery import shared_task
from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import default_storage

from core.actions import exports
from core.databases import one_snapshot
from core.errors import DomainError
from core.exports import Offer, write_csv, write_xlsx
from core.leases import LeaseLost
from core.models import Export, Organisation
from core.queue import nudge

FOLDER = "exports"
HALF = "export-"
"""How names of files begin that are being written."""


class Finished(File[bytes]):
    """A whole file on disk: storage moves it into place, so that a kill leaves nothing that looks done."""

    def temporary_file_path(self) -> str:
        return str(self.name)


@shared_task(name="core.make_export", acks_late=True)
def make_export(export_id: str) -> None:
    """Make one file. Harmless to deliver twice; begins anew after a crash."""
    with suppress(LeaseLost):  # we were slow; the worker that holds it now carries on
        export = exports.claim(export_id)
        if export is None:
            return  # over, or in another worker's hands
        try:
            _make(export)
        except DomainError as problem:
            exports.fail(export, str(problem))


@shared_task(name="core.sweep_exports")
def sweep_exports() -> None:
    """Nudge exports that are due and in nobody's hands."""
    waiting = Export.objects.filter(status=Export.Status.QUEUED).due().order_by("due_at")
    for export_id in waiting.values_list("pk", flat=True)[:500]:
        nudge("core.make_export", export_id)


def _make(export: Export) -> None:
    exports.must_be_here(export)
    offer = exports.must_be_offered(export.kind)
    path, rows = _written(export, offer)
    try:
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        size = path.stat().st_size
        with Finished(path.open("rb"), name=str(path)) as whole:
            name = default_storage.save(f"{FOLDER}/{export.pk}.{offer.suffix}", whole)
    finally:
        path.unlink(missing_ok=True)
    try:
        exports.finish(export, file=name, sha256=sha256, rows=rows, size=size)
    except (LeaseLost, DomainError):
        default_storage.delete(name)
        raise


def _written(export: Export, offer: Offer) -> tuple[Path, int]:
    """The rows in a file beside the storage, and how many they are. Excel wants the BOM to see UTF-8."""
    folder = Path(settings.MEDIA_ROOT)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with NamedTemporaryFile(  # 0600, as tempfile makes them
        "w", dir=folder, prefix=HALF, suffix=".part", delete=False, encoding="utf-8-sig", newline=""
    ) as file:
        path = Path(file.name)
        try:
            rows = _fill(file, path, export, offer)
            file.flush()
            os.fsync(file.fileno())
        except BaseException:
            path.unlink(missing_ok=True)
            raise
    return path, rows


def _fill(file: IO[str], path: Path, export: Export, offer: Offer) -> int:
    zone, asked = Organisation.current().zone, export.parameters
    with one_snapshot():
        found, heads = offer.rows(export.by, asked), offer.heads(export.by, asked)
        if offer.front is None:
            return write_csv(file, heads, found, zone=zone)
        front = partial(offer.front, export.by, asked)
        return write_xlsx(path, heads, found, front, zone=zone)
