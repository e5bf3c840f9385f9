"""The sheets of workbooks as they stand in the file: rows streamed into the archive, without dates in it."""

import shutil
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

BEGAN = datetime(1980, 1, 1)  # noqa: DTZ001  # a workbook knows no zones
"""When zip began to count: every entry is as old, so that the bytes do not tell when they were written."""
AT_ONCE = 500
HEAD = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetViews>'
    '<sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>'
    "</sheetView></sheetViews><sheetData>"
)
TEXT = '<t xml:space="preserve">'
FOOT = "</sheetData></worksheet>"
SAFE = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;", "\ufffe": None, "\uffff": None})
"""The last two are letters that no XML may hold."""


class Archive(ZipFile):
    """A zip that does not tell when its entries were written, and takes none twice."""

    def __init__(self, *words: Any) -> None:
        self.written: set[str] = set()
        """Entries that are there already: whatever is written under their names later is left out."""
        super().__init__(*words)

    def writestr(self, zinfo_or_arcname: Any, data: Any, *_: Any, **__: Any) -> None:
        super().writestr(entry(str(zinfo_or_arcname)), data)

    def write(self, filename: Any, arcname: Any = None, *_: Any, **__: Any) -> None:
        if (name := str(arcname).lstrip("/")) in self.written:
            return
        with Path(filename).open("rb") as source, self.open(entry(name), "w", force_zip64=True) as target:
            shutil.copyfileobj(source, target, 1 << 20)


class SheetFile:
    """One sheet: rows are added, and stand in the archive at its end. The first row stays in sight."""

    def __init__(self, archive: Archive, name: str) -> None:
        self._file = archive.open(entry(name), "w", force_zip64=True)
        self._rows: list[str] = [HEAD]
        self._number = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._rows.append(FOOT)
        self._flush()
        self._file.close()

    def add(self, cells: Sequence[str | float | None]) -> None:
        self._number += 1
        at = self._number
        told = [
            f'<c r="{_letters(place)}{at}" t="inlineStr"><is>{TEXT}{cell.translate(SAFE)}</t></is></c>'
            if isinstance(cell, str)
            else f'<c r="{_letters(place)}{at}"><v>{cell}</v></c>'
            for place, cell in enumerate(cells)
            if cell is not None
        ]
        self._rows.append(f'<row r="{at}">{"".join(told)}</row>')
        if len(self._rows) >= AT_ONCE:
            self._flush()

    def _flush(self) -> None:
        self._file.write("".join(self._rows).encode())
        self._rows.clear()


def entry(name: str) -> ZipInfo:
    info = ZipInfo(name.lstrip("/"), BEGAN.timetuple()[:6])
    info.compress_type, info.external_attr = ZIP_DEFLATED, 0o600 << 16
    return info


def _column(place: int) -> str:
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


_COLUMNS = [_column(place) for place in range(16_384)]
"""Of all columns that a sheet may have."""
_letters = _COLUMNS.__getitem__
