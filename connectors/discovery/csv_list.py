"""A list of apps in a CSV file, as identity providers export it."""

import codecs
import csv
import io
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from connectors.discovery.source import BadList, FoundApp, Listing, Mistake

MOST_LINES = 20_000  # beside the header
MOST_USERS = 2_147_483_647  # as wide as the column
LONGEST: Mapping[str, int] = {"provider": 200, "external_id": 300, "name": 200}
LABELS: Mapping[str, str] = {
    "provider": "Provider",
    "name": "Name",
    "external_id": "External ID",
    "users": "Users",
}
_COLUMNS = {
    "provider": "provider",
    "name": "name",
    "app": "name",
    "appname": "name",
    "externalid": "external_id",
    "id": "external_id",
    "users": "users",
    "people": "users",
}
_REQUIRED = ("provider", "name", "external_id")


@dataclass(frozen=True, slots=True)
class CsvList:
    """UTF-8, or UTF-16 with a mark of its order; comma, semicolon or tab; columns in any order."""

    content: bytes

    def listing(self) -> Listing:
        """Every line is an app or a mistake: of two lines about one app, both are mistakes."""
        text = _decoded(self.content)
        rows = _rows(text, _delimiter(text))
        names = _names(next(rows, (1, []))[1])
        found: dict[int, FoundApp] = {}
        mistakes: list[Mistake] = []
        for count, (line, cells) in enumerate(rows, 1):
            if count > MOST_LINES:
                raise BadList(f"A list has at most {MOST_LINES:,} lines beside the header.")
            app, wrong = _read(cells, names)
            mistakes += [Mistake(line, sentence) for sentence in wrong]
            if app is not None:
                found[line] = app
        if not found and not mistakes:
            raise BadList("There is no line below the header.")
        twice = list(_twice(found))
        wrong_lines = {mistake.line for mistake in twice}
        return Listing(
            apps=[app for line, app in found.items() if line not in wrong_lines],
            mistakes=sorted([*mistakes, *twice], key=lambda each: each.line),
        )


def _decoded(content: bytes) -> str:
    is_wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return content.decode("utf-16" if is_wide else "utf-8-sig")
    except UnicodeDecodeError as problem:
        raise BadList("This is not text in UTF-8 or UTF-16. Save it as CSV UTF-8.") from problem


def _delimiter(text: str) -> str:
    """The one that finds most columns we know in the header."""

    def known(delimiter: str) -> int:
        header = next(_rows(text, delimiter), (1, []))[1]
        return sum(_plain(cell) in _COLUMNS for cell in header)

    return max(",;\t", key=known)


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
        raise BadList(f"Line {begins:,} cannot be read: look at its quotation marks.") from problem


def _plain(header: str) -> str:
    return "".join(letter for letter in header.casefold() if letter.isalnum())


def _names(header: Sequence[str]) -> list[str]:
    """For each column the fact it holds, or nothing."""
    names = [_COLUMNS.get(_plain(cell), "") for cell in header]
    for name, label in LABELS.items():
        if names.count(name) > 1:
            raise BadList(f"The column {label} stands in the header twice.")
    missing = [LABELS[name] for name in _REQUIRED if name not in names]
    if missing:
        raise BadList(
            f"The first line, which names the columns, lacks {' and '.join(missing)}. "
            "It wants provider, name and external ID; users is welcome."
        )
    return names


def _read(cells: Sequence[str], names: Sequence[str]) -> tuple[FoundApp | None, list[str]]:
    """The app of a line, or what is wrong with it."""
    if len(cells) != len(names):
        return None, [f"It has {len(cells)} fields, the header has {len(names)}."]
    typed = {name: " ".join(cell.split()) for name, cell in zip(names, cells, strict=True) if name}
    wrong = [f"It has no {LABELS[name].lower()}." for name in _REQUIRED if not typed[name]]
    for name, limit in LONGEST.items():
        if len(typed[name]) > limit:
            wrong.append(f"{LABELS[name]} has at most {limit} letters.")
        if not typed[name].isprintable():
            wrong.append(f"{LABELS[name]} holds a character that no text holds.")
    users = typed.get("users", "")
    is_number = users.isascii() and users.isdigit() and len(users) < 11 and int(users) <= MOST_USERS
    if users and not is_number:
        wrong.append("Users is a whole number.")
    if wrong:
        return None, wrong
    return FoundApp(typed["provider"], typed["external_id"], typed["name"], int(users) if users else None), []


def _twice(found: Mapping[int, FoundApp]) -> Iterator[Mistake]:
    """Nobody but the sender knows which line is right, so all of them are wrong."""
    lines: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for line, app in found.items():
        lines[app.provider, app.external_id].append(line)
    for (provider, key), numbers in lines.items():
        for number in numbers if len(numbers) > 1 else ():
            others = ", ".join(f"{other:,}" for other in numbers if other != number)
            yield Mistake(number, f"{key} of {provider} stands in line {others} too.")
