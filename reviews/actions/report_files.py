"""Writes the files of reports: read in one snapshot, written beside, moved into place whole."""

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import default_storage

from core.databases import one_snapshot
from core.errors import DomainError
from core.leases import LeaseLost, RenewedBeside
from reviews.actions import reports
from reviews.evidence import lines, papers, tables
from reviews.models import Campaign, Report
from reviews.queries import evidence_roles, roll_forward
from reviews.queries.console_paper import console_paper
from reviews.queries.evidence import evidence_lines, steps_of
from reviews.queries.evidence_front import front
from reviews.queries.memo import memo

FOLDER = "reports"
CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Made:
    """A file that was written."""

    rows: int
    is_interim: bool
    sha256: str
    md5: str
    size: int


def make(report: Report) -> None:
    """Write one file and say so. What an earlier worker left half done is taken away first."""
    folder = Path(settings.MEDIA_ROOT) / FOLDER
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    name = f"{FOLDER}/{report.pk}.{report.suffix}"
    for left in folder.glob(f"{report.pk}.*"):
        left.unlink(missing_ok=True)
    path = folder / f"{report.pk}.{report.lease}.part"
    try:
        with RenewedBeside(report) as kept:
            made = _written(report, path, lambda rows: kept.tell(written=rows))
        report.renew()  # who was too slow moves nothing into place
        with Whole(path.open("rb"), name=str(path)) as whole:
            name = default_storage.save(name, whole)
    finally:
        path.unlink(missing_ok=True)
    told: dict[str, Any] = {"rows": made.rows, "is_interim": made.is_interim, "size": made.size}
    try:
        reports.finish(report, file=name, sha256=made.sha256, md5=made.md5, **told)
    except (LeaseLost, DomainError):
        default_storage.delete(name)
        raise


class Whole(File[bytes]):
    """A whole file on disk: storage moves it into place, so that a kill leaves nothing that looks done."""

    def temporary_file_path(self) -> str:
        return str(self.name)


def _written(report: Report, path: Path, seen: tables.Seen) -> Made:
    """The file at `path`."""
    path.touch(mode=0o600)
    with one_snapshot():
        campaign = Campaign.objects.select_related("policy_version__policy", "scope").get(
            pk=report.campaign_id
        )
        rows = WRITERS[Report.Kind(report.kind)](campaign, report, path, seen)
    with path.open("rb") as file:
        os.fsync(file.fileno())
    sha256, md5 = _digests(path)
    is_interim = campaign.status != Campaign.Status.SIGNED_OFF
    return Made(rows, is_interim, sha256, md5, path.stat().st_size)


def _table_of_lines(campaign: Campaign, report: Report) -> tables.Table:
    steps, more = steps_of(campaign), report.columns
    rows = (lines.cells(line, steps, more) for line in evidence_lines(campaign))
    return tables.Table("Lines", lines.heads(steps, more), rows)


def _table_of_roles(campaign: Campaign) -> tables.Table:
    return tables.Table("Roles", evidence_roles.HEADS, evidence_roles.cells(campaign))


def _table_of_moved(campaign: Campaign) -> tables.Table:
    return tables.Table("Came and went", roll_forward.HEADS, roll_forward.moved(campaign))


def _lines_csv(campaign: Campaign, report: Report, path: Path, seen: tables.Seen) -> int:
    table = _table_of_lines(campaign, report)
    return tables.write_csv(path, table.heads, table.rows, seen).rows


def _lines_json(campaign: Campaign, report: Report, path: Path, seen: tables.Seen) -> int:
    table = _table_of_lines(campaign, report)
    return tables.write_json(path, front(campaign), table.heads, table.rows, seen)


def _lines_book(campaign: Campaign, report: Report, path: Path, seen: tables.Seen) -> int:
    """With the roles, and what came and went, on sheets of their own."""
    sheets = [_table_of_lines(campaign, report), _table_of_roles(campaign), _table_of_moved(campaign)]
    return tables.write_book(path, front(campaign), sheets, seen).rows


def _roles(campaign: Campaign, _: Report, path: Path, seen: tables.Seen) -> int:
    table = _table_of_roles(campaign)
    return tables.write_csv(path, table.heads, table.rows, seen).rows


def _moved(campaign: Campaign, _: Report, path: Path, seen: tables.Seen) -> int:
    table = _table_of_moved(campaign)
    return tables.write_csv(path, table.heads, table.rows, seen).rows


def _memo(campaign: Campaign, _: Report, path: Path, _seen: tables.Seen) -> int:
    papers.write(path, memo(campaign))
    return 0


def _console(campaign: Campaign, _: Report, path: Path, _seen: tables.Seen) -> int:
    papers.write(path, console_paper(campaign))
    return 0


WRITERS: Mapping[Report.Kind, Callable[[Campaign, Report, Path, tables.Seen], int]] = {
    Report.Kind.MEMO: _memo,
    Report.Kind.CONSOLE: _console,
    Report.Kind.LINES_CSV: _lines_csv,
    Report.Kind.LINES_JSON: _lines_json,
    Report.Kind.LINES_XLSX: _lines_book,
    Report.Kind.ROLES: _roles,
    Report.Kind.MOVED: _moved,
}


def _digests(path: Path) -> tuple[str, str]:
    """SHA-256 and MD5, read once."""
    sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            sha256.update(chunk)
            md5.update(chunk)
    return sha256.hexdigest(), md5.hexdigest()
