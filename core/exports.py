"""What can be downloaded: each room offers its lists, a job writes the files."""

import csv
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO
from zoneinfo import ZoneInfo

from core.cells import neutral, printable
from core.models import User

type Parameters = Mapping[str, str]
"""What was filtered on screen: the page's own query, as strings. A name that came several times has its
values joined by commas."""

SHEET_ROWS = 1_000_000
"""A sheet of a workbook holds 1,048,576."""


@dataclass(frozen=True, slots=True)
class Offer:
    """One kind of file. `rows` reads as the person who asked: what their screen showed, every page of it."""

    kind: str
    title: str
    columns: Sequence[str]
    rows: Callable[[User, Parameters], Iterable[Sequence[object]]]
    """May raise Denied; the sentence is shown."""
    columns_of: Callable[[User, Parameters], Sequence[str]] | None = None
    """The heads, where people choose columns; else `columns`."""
    front: Callable[[User, Parameters], Iterable[Sequence[object]]] | None = None
    """For a workbook (XLSX): what stands on its first sheet, before the number and the SHA-256 of the rows.
    Without it the file is a CSV."""

    @property
    def suffix(self) -> str:
        return "xlsx" if self.front else "csv"

    def heads(self, user: User, asked: Parameters) -> Sequence[str]:
        return self.columns_of(user, asked) if self.columns_of else self.columns


_offers: dict[str, Offer] = {}


def offer(new: Offer) -> None:
    """Put a kind of file on offer. Called from apps.py, once."""
    _offers[new.kind] = new


def on_offer(kind: str) -> Offer | None:
    return _offers.get(kind)


def write_csv(
    file: IO[str], columns: Sequence[str], rows: Iterable[Sequence[object]], *, zone: ZoneInfo
) -> int:
    """Write for people: formulas neutralised, times of `zone`. Answers how many rows there are."""
    writer = csv.writer(file)
    writer.writerow(columns)
    written = 0
    for row in rows:
        writer.writerow([_cell(value, zone) for value in row])
        written += 1
    return written


def write_xlsx(
    path: Path,
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    front: Callable[[], Iterable[Sequence[object]]],
    *,
    zone: ZoneInfo,
) -> int:
    """A workbook for people: `front` first, then the rows, a million a sheet. Streamed: memory does not grow.

    The first sheet ends with the SHA-256 of the rows: each a JSON array of its cells as text, a line feed.
    """
    from openpyxl import Workbook  # here: a web worker that writes none need not know it

    book = Workbook(write_only=True)
    first = book.create_sheet("Totals")
    sheet, digest, written = book.create_sheet("Rows"), hashlib.sha256(), 0
    sheet.append(list(columns))
    for row in rows:
        if written and written % SHEET_ROWS == 0:
            sheet = book.create_sheet(f"Rows {written // SHEET_ROWS + 1}")
            sheet.append(list(columns))
        cells = [printable(_cell(value, zone)) for value in row]
        digest.update(json.dumps([str(cell) for cell in cells], ensure_ascii=False).encode() + b"\n")
        sheet.append(cells)
        written += 1
    for line in front():
        first.append([printable(_cell(value, zone)) for value in line])
    first.append(["Rows", written])
    first.append(["SHA-256 of the rows", digest.hexdigest()])
    book.save(path)
    return written


def _cell(value: object, zone: ZoneInfo) -> object:
    """As a spreadsheet shows it, and never runs it. Numbers stay numbers."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return value
    if isinstance(value, datetime):
        return value.astimezone(zone).isoformat(sep=" ", timespec="seconds")
    if isinstance(value, list | tuple | set | frozenset):
        return _cell("; ".join(str(each) for each in value), zone)
    return neutral(str(value))
