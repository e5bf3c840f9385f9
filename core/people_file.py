"""A file of people: bytes in, lines and mistakes by line out. Knows neither database nor screen."""

import codecs
import csv
import io
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

LARGEST = 10 * 1024 * 1024  # bytes
MOST_LINES = 50_000  # beside the header
LONGEST: Mapping[str, int] = {"email": 254, "name": 200, "title": 200, "department": 200, "employee_id": 100}
"""Letters, as wide as the columns they go to."""
LABELS: Mapping[str, str] = {
    "email": "E-mail",
    "name": "Name",
    "title": "Title",
    "department": "Department",
    "employee_id": "Employee ID",
    "managers": "Managers",
    "status": "Status",
}
ACTIVE, DEACTIVATED = "active", "deactivated"

_COLUMNS = {
    "email": "email",
    "name": "name",
    "title": "title",
    "department": "department",
    "employeeid": "employee_id",
    "manager": "managers",
    "managers": "managers",
    "status": "status",
}
_REQUIRED = ("email", "name")
_STATUS = {"": None, "active": True, "deactivated": False, "inactive": False}
_DELIMITERS = ",;\t"


class BadFile(Exception):
    """The file as a whole cannot be read; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong with one line of the file."""

    line: int
    sentence: str


@dataclass(frozen=True, slots=True)
class Line:
    """One person as the file tells of them. What it has no column for is None, or not in `facts`."""

    number: int
    """In the file; the header is line 1."""
    email: str
    facts: Mapping[str, str]
    """Name, title, department, employee_id; an empty cell empties what was known."""
    managers: tuple[str, ...] | None
    """E-mails, sorted."""
    is_active: bool | None
    """None too where the cell is empty: the status stays."""


@dataclass(frozen=True, slots=True)
class PeopleFile:
    """A file that could be read. A line with a mistake is not among `lines`."""

    lines: Sequence[Line]
    mistakes: Sequence[Mistake]
    columns: Sequence[str]
    ignored: Sequence[str]
    """Headers that mean nothing here."""
    rows: int
    emails: frozenset[str]
    """Of every line, those with mistakes included."""
    nameless: Sequence[int]
    """Lines that do not say whom they are about."""


@dataclass(slots=True)
class _Reading:
    """What was gathered so far."""

    lines: list[Line] = field(default_factory=list)
    mistakes: list[Mistake] = field(default_factory=list)
    seen: defaultdict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    nameless: list[int] = field(default_factory=list)
    rows: int = 0


def read(content: bytes) -> PeopleFile:
    """Read CSV: UTF-8, or UTF-16 with a mark of its order; comma, semicolon or tab; columns in any order.

    Of a header, case, blanks, hyphens and underscores do not count. Several managers stand in one field,
    between blanks, commas or semicolons. Raises BadFile.
    """
    if len(content) > LARGEST:
        raise BadFile(f"A file has at most {LARGEST // 1024 // 1024} MB.")
    text = _decoded(content)
    rows = _rows(text, _delimiter(text))
    header = next(rows, (1, []))[1]
    names = _columns(header)
    reading = _Reading()
    for number, cells in rows:
        reading.rows += 1
        if reading.rows > MOST_LINES:
            raise BadFile(f"A file has at most {MOST_LINES:,} lines beside the header.")
        _read_line(reading, number, cells, names)
    if not reading.rows:
        raise BadFile("There is no line below the header.")
    _find_duplicates(reading)
    wrong = {mistake.line for mistake in reading.mistakes}
    return PeopleFile(
        lines=[line for line in reading.lines if line.number not in wrong],
        mistakes=sorted(reading.mistakes, key=lambda each: each.line),
        columns=[name for name in LABELS if name in names],
        ignored=[
            _shown(cell.strip())
            for cell, name in zip(header, names, strict=True)
            if not name and cell.strip()
        ],
        rows=reading.rows,
        emails=frozenset(reading.seen),
        nameless=reading.nameless,
    )


def rings(managers: Mapping[str, Collection[str]]) -> list[list[str]]:
    """Rings of people who are, over any number of steps, their own managers.

    Each ring there is shares somebody with one of those found: without those people there is none.
    """
    found: list[list[str]] = []
    done: set[str] = set()
    for start in managers:
        path: list[str] = []
        on_path: set[str] = set()
        ways: list[Iterator[str]] = [iter((start,))]
        while ways:
            person = next(ways[-1], None)
            if person is None:
                ways.pop()
                if path:
                    on_path.discard(path[-1])
                    done.add(path.pop())
            elif person in on_path:
                found.append(path[path.index(person) :])
            elif person not in done:
                path.append(person)
                on_path.add(person)
                ways.append(iter(managers.get(person, ())))
    return found


def _decoded(content: bytes) -> str:
    is_wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return content.decode("utf-16" if is_wide else "utf-8-sig")
    except UnicodeDecodeError as problem:
        raise BadFile("This is not text in UTF-8 or UTF-16. Save it as CSV UTF-8.") from problem


def _delimiter(text: str) -> str:
    """The one that finds most columns we know in the header."""

    def known(delimiter: str) -> int:
        header = next(_rows(text, delimiter), (1, []))[1]
        return sum(_plain(cell) in _COLUMNS for cell in header)

    return max(_DELIMITERS, key=known)


def _rows(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Records that are not empty, each with the number of the line it begins in."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    begins = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield begins, cells
            begins = reader.line_num + 1
    except csv.Error as problem:
        raise BadFile(
            f"Line {begins:,} cannot be read: a quotation mark is missing or too many ({problem})."
        ) from problem


def _plain(header: str) -> str:
    return "".join(letter for letter in header.casefold() if letter.isalnum())


def _columns(header: Sequence[str]) -> list[str]:
    """For each column the fact it holds, or nothing."""
    names = [_COLUMNS.get(_plain(cell), "") for cell in header]
    for name in LABELS:
        if names.count(name) > 1:
            raise BadFile(f"The column {LABELS[name]} stands in the header twice.")
    missing = [LABELS[name] for name in _REQUIRED if name not in names]
    if missing:
        raise BadFile(
            f"The first line, which names the columns, lacks {' and '.join(missing)}. "
            "It wants email and name; title, department, employee_id, manager and status are welcome."
        )
    return names


def _read_line(reading: _Reading, number: int, cells: Sequence[str], names: Sequence[str]) -> None:
    if len(cells) != len(names):
        sentence = f"It has {len(cells)} fields, the header has {len(names)}."
        reading.mistakes.append(Mistake(number, sentence))
        reading.nameless.append(number)
        return
    typed = {name: " ".join(cell.split()) for name, cell in zip(names, cells, strict=True) if name}
    email = typed["email"].lower()
    wrong = _wrong_email(email)
    if wrong:
        reading.nameless.append(number)
    else:
        reading.seen[email].append(number)
    wrong += _wrong_texts(typed)
    managers = _managers(typed.get("managers"))
    if email in (managers or ()):
        wrong.append("It names the person as their own manager.")
    status = typed.get("status", "").casefold()
    if status not in _STATUS:
        wrong.append(f"The status is active or deactivated, not {_short(status)}.")
    reading.mistakes += [Mistake(number, sentence) for sentence in wrong]
    if not wrong:
        facts = {name: text for name, text in typed.items() if name in LONGEST and name != "email"}
        reading.lines.append(Line(number, email, facts, managers, _STATUS[status]))


def _wrong_email(email: str) -> list[str]:
    if not email:
        return ["It has no e-mail."]
    if len(email) > LONGEST["email"]:
        return [f"An e-mail has at most {LONGEST['email']} letters."]
    try:
        validate_email(email)
    except ValidationError:
        return [f"{_short(email)} is not an e-mail address."]
    return []


def _wrong_texts(typed: Mapping[str, str]) -> Iterator[str]:
    for name, text in typed.items():
        if name == "email":
            continue
        label = LABELS[name]
        if any(unicodedata.category(letter) == "Cc" for letter in text):
            yield f"{label} holds a character that no text holds."
        elif name in LONGEST and len(text) > LONGEST[name]:
            yield f"{label} has at most {LONGEST[name]} letters, this one has {len(text):,}."
    if not typed["name"]:
        yield "It has no name."


def _managers(typed: str | None) -> tuple[str, ...] | None:
    if typed is None:
        return None
    return tuple(sorted(set(typed.lower().replace(",", " ").replace(";", " ").split())))


def _find_duplicates(reading: _Reading) -> None:
    """Nobody but the sender knows which line is right, so all of them are wrong."""
    for email, numbers in reading.seen.items():
        for number in numbers if len(numbers) > 1 else ():
            others = _listed(f"{other:,}" for other in numbers if other != number)
            reading.mistakes.append(Mistake(number, f"{email} stands in line {others} too."))


def _listed(words: Iterable[str], *, most: int = 5) -> str:
    every = list(words)
    return ", ".join(every[:most]) + (" and others" if len(every) > most else "")


def _short(text: str) -> str:
    shown = _shown(text)
    return f'"{shown[:60]}..."' if len(shown) > 60 else f'"{shown}"'


def _shown(text: str) -> str:
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)
