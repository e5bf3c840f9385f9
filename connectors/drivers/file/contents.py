"""What the two files of a connector hold, read once and whole: nothing is told of a file with a mistake."""

import hashlib
import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Self

from connectors.contract import (
    EVERY_OTHER_KIND,
    Account,
    BadSettings,
    Call,
    DriverError,
    Entitlement,
    Grant,
    Note,
    Resource,
    ResourceType,
)
from connectors.drivers.file import records
from connectors.drivers.file.columns import ACCESS_LAYOUT, ACCOUNTS_LAYOUT, Layout, Table
from connectors.drivers.file.tables import Bounds, is_workbook, lines, must_unpack

ACCOUNTS, ACCESS = "accounts", "access"
BOUNDS = {ACCOUNTS: Bounds(10, 50_000), ACCESS: Bounds(50, 500_000)}
LAYOUTS = {ACCOUNTS: ACCOUNTS_LAYOUT, ACCESS: ACCESS_LAYOUT}
QUICK = 1024 * 1024  # bytes of a workbook; a larger one is not opened while somebody waits
MOST_NAMED = 5  # lines, columns: a sentence names no more of them


@dataclass(frozen=True, slots=True)
class Handed:
    """One file as it was handed in."""

    setting: str
    name: str
    content: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    def table(self) -> Table:
        """With its header understood, the lines still to be read. Raises DriverError."""
        layout: Layout = LAYOUTS[self.setting]
        return Table(self.name, lines(self.name, self.content, BOUNDS[self.setting], layout.knows), layout)


@dataclass(frozen=True, slots=True)
class Contents:
    """Both files, every line of them."""

    accounts: dict[str, Account]
    types: Sequence[ResourceType]
    things: Sequence[tuple[Resource, Entitlement]]
    grants: Sequence[Grant]
    """Whose account is known, each once, in the order of the file."""
    notes: Sequence[Note]
    calls: Sequence[Call]
    has_access: bool
    """Whether there is an access file."""


def look_at(file: Handed) -> None:
    """The header and the first line alone, while somebody waits; of a large workbook only what it is.

    Raises BadSettings at the file.
    """
    try:
        if is_workbook(file.name) and len(file.content) > QUICK:
            must_unpack(file.name, file.content)
            return
        next(iter(file.table().rows()))
    except DriverError as problem:
        raise BadSettings(file.setting, str(problem)) from problem


def read(accounts: Handed, access: Handed | None, *, keeps_bodies: bool) -> Contents:
    """Raises BadSettings at the file that has a mistake."""
    notes: list[Note] = []
    calls: list[Call] = []
    known = _accounts(accounts, notes, calls, keeps_bodies=keeps_bodies)
    if access is None:
        notes.append(Note("info", "No access file was given: only accounts are read."))
        return Contents(known, (), (), (), notes, calls, has_access=False)
    held = _Access()
    with _Reading(access, calls, keeps_bodies=keeps_bodies) as reading:
        held.take(reading.table, known)
        reading.records = held.lines
    notes += _dropped(access, reading.table)
    things = held.things.values()
    what = f"{len(held.grants):,} grants on {len(things):,} entitlements"
    notes.append(Note("info", f"{access.name}: {what}."))
    if held.unknown:
        notes.append(_unknown(access, accounts, held.unknown))
    types = {kind.kind: kind for kind, _, _ in things}
    pairs = [(resource, entitlement) for _, resource, entitlement in things]
    grants = [Grant(*pair) for pair in held.grants]
    return Contents(known, list(types.values()), pairs, grants, notes, calls, has_access=True)


def _accounts(
    file: Handed, notes: list[Note], calls: list[Call], *, keeps_bodies: bool
) -> dict[str, Account]:
    with _Reading(file, calls, keeps_bodies=keeps_bodies) as reading:
        known, are_dated = records.accounts(file.name, reading.table.rows())
        reading.records = len(known)
    notes += _dropped(file, reading.table)
    if not are_dated:
        sentence = (
            f"{file.name}: Last Login does not tell which number is the day and which the month; "
            "it is kept as it is written. Dates such as 2026-03-31 are certain."
        )
        notes.append(Note("warn", sentence))
    notes.append(Note("info", f"{file.name}: {len(known):,} accounts."))
    return known


class _Access:
    """Gathers the access file: things by their stable id, who holds them, lines about nobody."""

    def __init__(self) -> None:
        self.things: dict[records.Triple, tuple[ResourceType, Resource, Entitlement]] = {}
        self.grants: dict[tuple[str, str], None] = {}
        self.unknown: list[int] = []
        self.lines = 0

    def take(self, table: Table, known: Collection[str]) -> None:
        for row in table.rows():
            self.lines += 1
            thing = self.things.get(records.triple(row))
            if thing is None:
                thing = self.things[records.triple(row)] = records.things(row)
            if row["id"] in known:
                self.grants[(row["id"], thing[2].id)] = None
            else:
                self.unknown.append(row.line)


class _Reading:
    """Reads a file as a call: what was read, how large it was, its digest, how long it took."""

    def __init__(self, file: Handed, calls: list[Call], *, keeps_bodies: bool) -> None:
        self._file = file
        self._calls = calls
        self._keeps_bodies = keeps_bodies
        self.records = 0

    def __enter__(self) -> Self:
        self._at, self._began = datetime.now(UTC), time.monotonic()
        try:
            self.table = self._file.table()
        except DriverError as problem:
            raise BadSettings(self._file.setting, str(problem)) from problem
        return self

    def __exit__(self, kind: object, problem: BaseException | None, trace: object) -> None:
        if isinstance(problem, DriverError):
            raise BadSettings(self._file.setting, str(problem)) from problem
        if problem is not None:
            return
        file = self._file
        self._calls.append(
            Call(
                kind="user" if file.setting == ACCOUNTS else EVERY_OTHER_KIND,
                asked=f"FILE {file.name}",
                status=200,
                records=self.records,
                bytes=len(file.content),
                sha256=file.sha256,
                seconds=time.monotonic() - self._began,
                at=self._at,
                body=file.content if self._keeps_bodies else b"",
            )
        )


def _dropped(file: Handed, table: Table) -> list[Note]:
    if not table.dropped:
        return []
    return [Note("warn", f"{file.name} has columns that are not read: {_listed(table.dropped)}.")]


def _unknown(access: Handed, accounts: Handed, numbers: Sequence[int]) -> Note:
    """One note for all of them, or a wrong file would fill the log."""
    one = len(numbers) == 1
    where = f"line{'' if one else 's'} {_listed([f'{number:,}' for number in numbers])}"
    says = "1 grant is" if one else f"{len(numbers):,} grants are"
    return Note("warn", f"{access.name}: {says} left out, of User IDs that {accounts.name} lacks: {where}.")


def _listed(words: Iterable[str]) -> str:
    every = list(words)
    more = len(every) - MOST_NAMED
    return ", ".join(islice(every, MOST_NAMED)) + (f" and {more:,} more" if more > 0 else "")
