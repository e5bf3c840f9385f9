"""Tables as CSV, JSON and workbooks: streamed, formulas neutralised, the same bytes for the same rows."""

import csv
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path
from zipfile import ZIP_DEFLATED

from core.cells import neutral, printable
from reviews.evidence.sheets import BEGAN, Archive, SheetFile

type Row = Sequence[object]
type Cell = str | float | None
type Seen = Callable[[int], None]
"""Told now and then how many rows have passed."""

SHEET_ROWS = 1_000_000
"""A sheet of a workbook holds 1,048,576."""
LONGEST = 32_000
"""A cell of a workbook holds 32,767 letters."""
CUT = " [cut here: the CSV has all of it]"
BOM = "\ufeff"
"""By it Excel knows UTF-8."""
TELL_EVERY = 200


@dataclass(frozen=True, slots=True)
class Written:
    """How many rows there are, and the SHA-256 over them: each a JSON array of its cells, a line feed."""

    rows: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Table:
    """One table of a workbook, on a sheet of its own, or on several where it is very long."""

    name: str
    heads: Sequence[str]
    rows: Iterable[Row]


def _untold(_: int) -> None: ...


def write_csv(path: Path, heads: Sequence[str], rows: Iterable[Row], seen: Seen = _untold) -> Written:
    counted = _Counted(rows, seen)
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(BOM)
        writer = csv.writer(file)
        writer.writerow(heads)
        writer.writerows(counted)
    return counted.written


def write_json(
    path: Path, about: Sequence[Row], heads: Sequence[str], rows: Iterable[Row], seen: Seen = _untold
) -> int:
    """One object: what it is of, and the rows by the names of their columns. For programs: text stands as it
    is, and what is empty is null. Answers how many rows there are."""
    told = {str(name): _plain(value) for name, value, *_ in filter(None, about)}
    number = 0
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write('{"about": ' + json.dumps(told, ensure_ascii=False) + ',\n"rows": [')
        for number, row in enumerate(rows, 1):
            cells = dict(zip(heads, map(_plain, row), strict=True))
            file.write(("\n" if number == 1 else ",\n") + json.dumps(cells, ensure_ascii=False))
            if number % TELL_EVERY == 0:
                seen(number)
        file.write("\n]}\n")
    return number


def write_book(path: Path, front: Sequence[Row], tables: Sequence[Table], seen: Seen = _untold) -> Written:
    """A first sheet with what is to be known, and the tables, a million rows a sheet. Memory does not grow.

    The first sheet ends, for each table, with the number of its rows and their SHA-256, which is that of the
    rows of the CSV. Answers those of the first table. Rows are written by `SheetFile`, the rest by openpyxl,
    which takes ten times as long for a row.
    """
    from openpyxl import Workbook  # here: a web worker that writes none need not know it
    from openpyxl.writer.excel import ExcelWriter

    book = Workbook(write_only=True)
    first = book.create_sheet("About")
    counted = [_Counted(table.rows, seen) for table in tables]
    with Archive(path, "w", ZIP_DEFLATED) as archive:
        for table, rows in zip(tables, counted, strict=True):
            for number, sheet in enumerate(_sheets(archive, table, rows, len(book.worksheets)), 1):
                book.create_sheet(table.name if number == 1 else f"{table.name} {number}")
                archive.written.add(sheet)
        for line in front:
            first.append([_short(cell_of(cell)) for cell in line])
        for table, rows in zip(tables, counted, strict=True):
            first.append([f"Rows: {table.name}", rows.written.rows])
            first.append([f"SHA-256 of the rows: {table.name}", rows.written.sha256])
        book.properties.created = book.properties.modified = BEGAN
        ExcelWriter(book, archive).write_data()
    return counted[0].written


def _sheets(archive: Archive, table: Table, rows: "_Counted", before: int) -> Iterator[str]:
    """Write the sheets of one table into the archive, and answer the names of the entries. At least one."""
    cells, number = iter(rows), before
    row = next(cells, None)
    while row is not None or number == before:
        number += 1
        name = f"xl/worksheets/sheet{number}.xml"
        with SheetFile(archive, name) as sheet:
            sheet.add(table.heads)
            left = SHEET_ROWS
            while row is not None and left:
                sheet.add([_short(cell) for cell in row])
                row, left = next(cells, None), left - 1
        yield name


def cell_of(value: object) -> Cell:
    """As a spreadsheet shows it, and never runs it. Times are UTC, numbers stay numbers."""
    if value.__class__ is str:
        return _text(value) if value else None
    plain = _plain(value)
    return _text(plain) if isinstance(plain, str) else plain


@lru_cache(maxsize=8_192)
def _text(text: str) -> str:
    return neutral(str(printable(text)))


def _plain(value: object) -> Cell:
    """As a program reads it."""
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
    return str(value)


@lru_cache(maxsize=8_192)
def time_of(at: datetime) -> str:
    """UTC, to the second."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z"


class _Counted:
    """Rows as cells, counted and hashed while they pass."""

    def __init__(self, rows: Iterable[Row], seen: Seen) -> None:
        self._rows, self._seen, self._digest, self._number = rows, seen, hashlib.sha256(), 0

    def __iter__(self) -> Iterator[Sequence[Cell]]:
        for row in self._rows:
            cells = [cell_of(value) for value in row]
            text = json.dumps(["" if cell is None else str(cell) for cell in cells], ensure_ascii=False)
            self._digest.update(text.encode() + b"\n")
            self._number += 1
            if self._number % TELL_EVERY == 0:
                self._seen(self._number)
            yield cells

    @property
    def written(self) -> Written:
        return Written(self._number, self._digest.hexdigest())


def _short(cell: Cell) -> Cell:
    return cell[:LONGEST] + CUT if isinstance(cell, str) and len(cell) > LONGEST else cell
