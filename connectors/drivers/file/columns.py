"""Which column of a file means what."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from connectors.contract import DriverError

ACCOUNTS: Mapping[str, str] = {
    "userid": "id",
    "email": "email",
    "emailaddress": "email",
    "name": "name",
    "fullname": "name",
    "displayname": "name",
    "firstname": "first",
    "lastname": "last",
    "login": "login",
    "username": "login",
    "status": "status",
    "employeeid": "employee_id",
    "employeenumber": "employee_id",
    "lastlogin": "last_login",
}
"""By the letters and digits of a header; case, blanks, hyphens and underscores do not count."""
EXACT: Mapping[str, str] = {"User Type": "type", "Account Owner": "owner"}
"""Headers that count only as they are written here."""
ACCESS: Mapping[str, str] = {
    "userid": "id",
    "resourcetype": "type",
    "resourcename": "resource",
    "entitlement": "entitlement",
}
LABELS: Mapping[str, str] = {
    "id": "User ID",
    "type": "Resource Type",
    "resource": "Resource Name",
    "entitlement": "Entitlement",
}


@dataclass(frozen=True, slots=True)
class Layout:
    """What a table is expected to look like."""

    by_letters: Mapping[str, str]
    exact: Mapping[str, str]
    required: tuple[str, ...]

    def meaning(self, header: str) -> str:
        """The fact a column holds; empty for a column that is dropped."""
        letters = "".join(letter for letter in header.casefold() if letter.isalnum())
        return self.exact.get(header) or self.by_letters.get(letters, "")

    def knows(self, header: str) -> bool:
        return bool(self.meaning(header))


ACCOUNTS_LAYOUT = Layout(ACCOUNTS, EXACT, ("id",))
ACCESS_LAYOUT = Layout(ACCESS, {}, ("id", "type", "resource", "entitlement"))


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table, by what its columns mean; what has no column is empty."""

    line: int
    values: Mapping[str, str]

    def __getitem__(self, name: str) -> str:
        return self.values.get(name, "")


class Table:
    """A table whose header was understood; `rows` may be taken once."""

    def __init__(self, name: str, lines: Iterator[tuple[int, list[str]]], layout: Layout) -> None:
        self._name = name
        self._lines = lines
        self._layout = layout
        self._header = next(lines)[1]
        self._names = _names(name, self._header, layout)

    @property
    def dropped(self) -> Sequence[str]:
        """Headers that mean nothing here."""
        return [cell for cell, name in zip(self._header, self._names, strict=True) if cell and not name]

    def rows(self) -> Iterator[Row]:
        """Raises DriverError for a line that has other fields than the header, or lacks a required one."""
        is_empty = True
        for line, cells in self._lines:
            is_empty = False
            if any(cells[len(self._names) :]):
                fields = f"{len(cells)} fields, the header has {len(self._names)}"
                raise DriverError(f"Line {line:,} of {self._name} has {fields}.")
            told = {name: cell for name, cell in zip(self._names, cells, strict=False) if name}
            row = Row(line, told)
            lacking = [LABELS[name] for name in self._layout.required if not row[name]]
            if lacking:
                raise DriverError(f"Line {line:,} of {self._name} has no {' and no '.join(lacking)}.")
            yield row
        if is_empty:
            raise DriverError(f"{self._name} has no line below its header.")


def _names(file: str, header: Sequence[str], layout: Layout) -> list[str]:
    names = [layout.meaning(cell) for cell in header]
    for cell, name in zip(header, names, strict=True):
        if name and names.count(name) > 1:
            raise DriverError(f"{file} has more than one column that means “{cell}”.")
    lacking = [LABELS[name] for name in layout.required if name not in names]
    if lacking:
        raise DriverError(f"The first line of {file}, which names the columns, lacks {_listed(lacking)}.")
    return names


def _listed(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]
