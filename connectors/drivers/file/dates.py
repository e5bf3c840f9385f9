"""Dates as exports write them, as ISO 8601."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

NEVER = frozenset({"", "-", "never", "n/a", "na", "none", "null"})
_TIMES = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")
_PLAIN = (
    "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%d.%m.%Y", "%d %b %Y", "%d %B %Y", "%d-%b-%Y", "%d-%b-%y",
    "%b %d %Y", "%B %d %Y", "%a %b %d %Y",
)  # fmt: skip
_SLASHED = re.compile(r"(\d{1,2})[/-](\d{1,2})[/-](\d{4})(.*)")
_EPOCH = re.compile(r"\d{10}|\d{13}")


class Dates:
    """Reads the dates of one column, of which all are needed to tell days from months."""

    def __init__(self, column: Iterable[str]) -> None:
        pairs = [(int(found[1]), int(found[2])) for text in column if (found := _SLASHED.fullmatch(text))]
        self._day_first = any(first > 12 for first, _ in pairs)
        self._month_first = any(second > 12 for _, second in pairs)
        self.is_unclear = bool(pairs) and self._day_first == self._month_first
        """Whether no date of the column tells which number is the day, or two contradict each other."""

    def iso(self, text: str) -> str | None:
        """Nothing if there was no such day, the text itself where it cannot be told what it means."""
        if text.casefold() in NEVER:
            return None
        if _EPOCH.fullmatch(text):
            return datetime.fromtimestamp(int(text[:10]), UTC).isoformat()
        if found := _SLASHED.fullmatch(text):
            if self.is_unclear:
                return text
            first, second, year, rest = found.groups()
            day, month = (first, second) if self._day_first else (second, first)
            return _parsed(f"{day}.{month}.{year}{rest}") or text
        return _parsed(text) or text


def _parsed(text: str) -> str | None:
    plain = " ".join(text.replace(",", " ").split())
    for read in (_iso, _by_form, _mail):
        try:
            found = read(plain)
        except ValueError:
            continue
        return found.date().isoformat() if _is_day(plain, found) else found.isoformat()
    return None


def _iso(text: str) -> datetime:
    return datetime.fromisoformat(text.removesuffix(" UTC") + ("+00:00" if text.endswith(" UTC") else ""))


def _by_form(text: str) -> datetime:
    for day in _PLAIN:
        for clock in _TIMES:
            try:
                return datetime.strptime(text, day + clock)  # noqa: DTZ007  # the export names no zone
            except ValueError:
                continue
    raise ValueError(text)


def _mail(text: str) -> datetime:
    return parsedate_to_datetime(text)


def _is_day(text: str, found: datetime) -> bool:
    return ":" not in text and found.time() == found.time().min
