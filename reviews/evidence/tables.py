"""Tables as CSV and as workbooks: streamed, formulas neutralised, the same bytes for the same rows."""

import csv
import hashlib
import json
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import chain, count
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from core.cells import neutral, printable

type Row = Sequence[object]

SHEET_ROWS = 1_000_000
"""A sheet of a workbook holds 1,048,576."""
BEGAN = datetime(1980, 1, 1)  # noqa: DTZ001  # a workbook knows no zones
"""When zip began to count: every entry is as old, so that the bytes do not tell when they were written."""
LONGEST = 32_000
"""A cell of a workbook holds 32,767 letters."""
CUT = " [cut here: the CSV has all of it]"
BOM = "\ufeff"
"""By it Excel knows UTF-8."""


@dataclass(frozen=True, slots=True)
class Written:
    """How many rows there are, and the SHA-256 over them: each a JSON array of its cells, a line feed."""

    rows: int
    sha256: str


def write_csv(path: Path, heads: Sequence[str], rows: Iterable[Row]) -> Written:
    counted = _Counted(rows)
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(BOM)
        writer = csv.writer(file)
        writer.writerow(heads)
        writer.writerows(counted)
    return counted.written


def write_book(
    path: Path, front: Sequence[Row], heads: Sequence[str], rows: Iterable[Row], *, name: str = "Lines"
) -> Written:
    """A first sheet with what is to be known, and the rows, a million a sheet. Memory does not grow.

    The first sheet ends with the number of the rows and their SHA-256, which is that of the CSV's rows.
    """
    from openpyxl import Workbook  # here: a web worker that writes none need not know it
    from openpyxl.writer.excel import ExcelWriter

    book = Workbook(write_only=True)
    first, counted = book.create_sheet("About"), _Counted(rows)
    sheets = (name if number == 1 else f"{name} {number}" for number in count(1))
    for number, row in enumerate(chain([None], counted)):
        if number % SHEET_ROWS == 0:
            sheet = book.create_sheet(next(sheets))
            sheet.append(list(heads))
        if row is not None:
            sheet.append([_short(cell) for cell in row])
    told = [("Rows", counted.written.rows), ("SHA-256 of the rows", counted.written.sha256)]
    for line in (*front, *told):
        first.append([_short(cell_of(cell)) for cell in line])
    book.properties.created = book.properties.modified = BEGAN
    ExcelWriter(book, _Undated(path, "w", ZIP_DEFLATED)).save()
    return counted.written


def cell_of(value: object) -> str | float | None:
    """As a spreadsheet shows it, and never runs it. Times are UTC, numbers stay numbers."""
    match value:
        case None | "":
            return None
        case bool():
            return "yes" if value else "no"
        case int() | float():
            return value
        case datetime():
            return time_of(value)
        case date():
            return value.isoformat()
    return neutral(str(printable(str(value))))


def time_of(at: datetime) -> str:
    """UTC, to the second."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z"


class _Counted:
    """Rows as cells, counted and hashed while they pass."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._rows, self._digest, self._number = rows, hashlib.sha256(), 0

    def __iter__(self) -> Iterator[Sequence[str | float | None]]:
        for row in self._rows:
            cells = [cell_of(value) for value in row]
            text = json.dumps(["" if cell is None else str(cell) for cell in cells], ensure_ascii=False)
            self._digest.update(text.encode() + b"\n")
            self._number += 1
            yield cells

    @property
    def written(self) -> Written:
        return Written(self._number, self._digest.hexdigest())


def _short(cell: str | float | None) -> str | float | None:
    return cell[:LONGEST] + CUT if isinstance(cell, str) and len(cell) > LONGEST else cell


class _Undated(ZipFile):
    """A zip that does not tell when its entries were written."""

    def writestr(self, zinfo_or_arcname: Any, data: Any, *_: Any, **__: Any) -> None:
        super().writestr(self._entry(str(zinfo_or_arcname)), data)

    def write(self, filename: Any, arcname: Any = None, *_: Any, **__: Any) -> None:
        entry = self._entry(str(arcname))
        with Path(filename).open("rb") as source, self.open(entry, "w", force_zip64=True) as target:
            shutil.copyfileobj(source, target, 1 << 20)

    @staticmethod
    def _entry(name: str) -> ZipInfo:
        entry = ZipInfo(name, BEGAN.timetuple()[:6])
        entry.compress_type, entry.external_attr = ZIP_DEFLATED, 0o600 << 16
        return entry
