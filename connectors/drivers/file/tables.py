"""CSV and XLSX as lines of text cells. Every bound is checked before the work it bounds."""

import codecs
import csv
import io
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from connectors.contract import DriverError
from connectors.http import UNSTORABLE

ENDINGS = (".csv", ".xlsx")
MOST_UNPACKED = 200 * 1024 * 1024  # bytes of a workbook, its parts unpacked
MOST_COLUMNS = 200
MOST_ROWS = 1_048_576  # as many as a sheet of Excel's has
_DELIMITERS = ",;\t"
_BROKEN = (
    InvalidFileException, zipfile.BadZipFile, zlib.error, SyntaxError, KeyError, ValueError, TypeError,
    AttributeError, IndexError, EOFError, OSError, OverflowError, NotImplementedError,
)  # fmt: skip
"""What a workbook that is not one makes its reader raise; SyntaxError is that of XML."""

type Lines = Iterator[tuple[int, list[str]]]
"""Cells that are not all empty, each with its line in the file; the header comes first."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How large a file may be."""

    megabytes: int
    lines: int
    """Beside the header."""


WORKBOOK = Bounds(10, 100_000)
"""Of any workbook: to read one takes twenty times as long as to read the same lines as CSV."""


def is_workbook(name: str) -> bool:
    return name.lower().endswith(".xlsx")


def lines(name: str, content: bytes, bounds: Bounds, is_known: Callable[[str], bool]) -> Lines:
    """Of a CSV file or of the first sheet of a workbook. `is_known` tells a column, to find the separator.

    Raises DriverError naming the file, and the line where one is to blame.
    """
    if not content:
        raise DriverError(f"{name} is empty.")
    most, instead = bounds, ""
    if is_workbook(name):
        most = Bounds(min(bounds.megabytes, WORKBOOK.megabytes), min(bounds.lines, WORKBOOK.lines))
        instead = "" if most == bounds else " CSV may have more."
    if len(content) > most.megabytes * 1024 * 1024:
        raise DriverError(f"{name} is too large: such a file has at most {most.megabytes} MB.{instead}")
    found = _sheet(name, content) if is_workbook(name) else _csv(name, content, is_known)
    number = -1
    for line, cells in found:
        number += 1
        if number > most.lines:
            raise DriverError(f"{name} has more than {most.lines:,} lines beside the header.{instead}")
        yield line, cells
    if number < 0:
        raise DriverError(f"{name} is empty.")


def _csv(name: str, content: bytes, is_known: Callable[[str], bool]) -> Lines:
    text = _decoded(name, content)

    def known(delimiter: str) -> int:
        return sum(is_known(cell) for cell in next(_records(name, text, delimiter), (1, []))[1])

    return _records(name, text, max(_DELIMITERS, key=known))


def _decoded(name: str, content: bytes) -> str:
    is_wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return content.decode("utf-16" if is_wide else "utf-8-sig")
    except UnicodeDecodeError as problem:
        raise DriverError(f"{name} is not text in UTF-8 or UTF-16: save it as CSV UTF-8.") from problem


def _records(name: str, text: str, delimiter: str) -> Lines:
    """A field may hold line breaks: the number is that of the line where its record begins."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    begins = 1
    try:
        for cells in reader:
            told = [_clean(cell) for cell in cells]
            if any(told):
                yield begins, told
            begins = reader.line_num + 1
    except csv.Error as problem:
        raise DriverError(
            f"Line {begins:,} of {name} cannot be read: a quotation mark is missing or too many ({problem})."
        ) from problem


def must_unpack(name: str, content: bytes) -> None:
    """Raises DriverError if this is no workbook, or one that would unpack to too much."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            unpacked = sum(part.file_size for part in parts.infolist())
    except _BROKEN as problem:
        raise DriverError(f"{name} is not an Excel workbook (.xlsx).") from problem
    if unpacked > MOST_UNPACKED:
        raise DriverError(
            f"{name} would unpack to more than {MOST_UNPACKED // 1024 // 1024} MB: save it as CSV instead."
        )


def _sheet(name: str, content: bytes) -> Lines:
    must_unpack(name, content)
    try:
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
        try:
            yield from _rows(name, book.worksheets[0])
        finally:
            book.close()
    except _BROKEN as problem:
        raise DriverError(
            f"{name} cannot be read as an Excel workbook: save it again, or as CSV."
        ) from problem


def _rows(name: str, sheet: object) -> Lines:
    # The sheet's own word on its size is not believed: it may be missing, or be that of an empty sheet.
    sheet.reset_dimensions()  # type: ignore[attr-defined]  # a read-only sheet, which the stubs do not tell apart
    rows = sheet.iter_rows(max_row=MOST_ROWS, values_only=True)  # type: ignore[attr-defined]
    for number, values in enumerate(rows, 1):
        if len(values) > MOST_COLUMNS:
            raise DriverError(f"Line {number:,} of {name} has more than {MOST_COLUMNS} columns.")
        cells = ["" if value is None else _clean(_text(value)) for value in values]
        if any(cells):
            yield number, _without_empty_end(cells)


def _without_empty_end(cells: Sequence[str]) -> list[str]:
    last = max(place for place, cell in enumerate(cells) if cell)
    return list(cells[: last + 1])


def _text(value: object) -> str:
    """A cell as people read it: a whole number without its .0, a day without its midnight."""
    match value:
        case bool():
            return str(value).lower()
        case float() if value.is_integer():
            return str(int(value))
        case datetime() if value.time() == time():
            return value.date().isoformat()
        case datetime() | date() | time():
            return value.isoformat()
    return str(value)


def _clean(cell: str) -> str:
    return " ".join(UNSTORABLE.sub("", cell).split())
