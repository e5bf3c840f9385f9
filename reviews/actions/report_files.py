"""Writes the files of reports: read in one snapshot, written beside, moved into place whole."""

import hashlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import default_storage

from core.databases import one_snapshot
from core.errors import DomainError
from core.leases import LeaseLost
from reviews.actions import reports
from reviews.evidence import lines, papers, tables
from reviews.models import Campaign, Report
from reviews.queries.console_paper import console_paper
from reviews.queries.evidence import evidence_lines, steps_of
from reviews.queries.evidence_front import front
from reviews.queries.memo import memo

FOLDER = "reports"


def make(report: Report) -> None:
    """Write one file and say so. What an earlier worker left half done is taken away first."""
    folder = Path(settings.MEDIA_ROOT) / FOLDER
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    name = f"{FOLDER}/{report.pk}.{report.suffix}"
    for left in folder.glob(f"{report.pk}.*"):
        left.unlink(missing_ok=True)
    path = folder / f"{report.pk}.{report.lease}.part"
    try:
        rows, is_interim = _written(report, path)
        sha256, size = _digest(path), path.stat().st_size
        report.renew()  # who was too slow moves nothing into place
        with Whole(path.open("rb"), name=str(path)) as whole:
            name = default_storage.save(name, whole)
    finally:
        path.unlink(missing_ok=True)
    try:
        reports.finish(report, file=name, sha256=sha256, rows=rows, size=size, is_interim=is_interim)
    except (LeaseLost, DomainError):
        default_storage.delete(name)
        raise


class Whole(File[bytes]):
    """A whole file on disk: storage moves it into place, so that a kill leaves nothing that looks done."""

    def temporary_file_path(self) -> str:
        return str(self.name)


def _written(report: Report, path: Path) -> tuple[int, bool]:
    """The file at `path`: how many rows it has, and whether it is interim."""
    path.touch(mode=0o600)
    with one_snapshot():
        campaign = Campaign.objects.select_related("policy_version__policy", "control_owner", "scope").get(
            pk=report.campaign_id
        )
        rows = WRITERS[Report.Kind(report.kind)](campaign, path)
    with path.open("rb") as file:
        os.fsync(file.fileno())
    return rows, campaign.status != Campaign.Status.SIGNED_OFF


def _lines_csv(campaign: Campaign, path: Path) -> int:
    steps = steps_of(campaign)
    rows = (lines.cells(line, steps) for line in evidence_lines(campaign))
    return tables.write_csv(path, lines.heads(steps), rows).rows


def _lines_book(campaign: Campaign, path: Path) -> int:
    steps = steps_of(campaign)
    rows = (lines.cells(line, steps) for line in evidence_lines(campaign))
    return tables.write_book(path, front(campaign), lines.heads(steps), rows).rows


def _memo(campaign: Campaign, path: Path) -> int:
    papers.write(path, memo(campaign))
    return 0


def _console(campaign: Campaign, path: Path) -> int:
    papers.write(path, console_paper(campaign))
    return 0


WRITERS: Mapping[Report.Kind, Callable[[Campaign, Path], int]] = {
    Report.Kind.MEMO: _memo,
    Report.Kind.CONSOLE: _console,
    Report.Kind.LINES_CSV: _lines_csv,
    Report.Kind.LINES_XLSX: _lines_book,
}


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
