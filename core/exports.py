"""What can be downloaded: each room offers its lists, a job writes the files."""

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import IO
from zoneinfo import ZoneInfo

from core.models import User

type Parameters = Mapping[str, str]
"""What was filtered on screen: the page's own query, as strings. A name that came several times has its
values joined by commas."""

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a spreadsheet may take for the start of a formula (OWASP, CSV Injection)."""


@dataclass(frozen=True, slots=True)
class Offer:
    """One kind of file. `rows` reads as the person who asked: what their screen showed, every page of it."""

    kind: str
    title: str
    columns: Sequence[str] | Callable[[User, Parameters], Sequence[str]]
    """Their heads; where people choose columns, as this one asked for them."""
    rows: Callable[[User, Parameters], Iterable[Sequence[object]]]
    """May raise Denied; the sentence is shown."""

    def heads(self, user: User, asked: Parameters) -> Sequence[str]:
        return self.columns(user, asked) if callable(self.columns) else self.columns


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
    text = str(value)
    return f"'{text}" if text.startswith(FORMULA) else text
