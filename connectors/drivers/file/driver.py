"""The file driver: two files, told in batches."""

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import batched, islice

from connectors.contract import (
    EVERY_OTHER_KIND,
    Batch,
    Call,
    Check,
    CursorExpired,
    DriverError,
    Grant,
    Kind,
    NotCounted,
    Outside,
    Record,
    ResourceType,
)
from connectors.drivers.file.contents import ACCESS, ACCOUNTS, Contents, Handed, read
from connectors.drivers.file.settings import handed

VERSION = 1
ACCOUNT_TYPE = ResourceType("user", "Account")
SIZES = {"things": 1_000, "accounts": 500, "grants": 5_000}
"""Records a batch, by stage; the stages in their order."""
STAGES = tuple(SIZES)


def open_files(settings: Mapping[str, str], outside: Outside) -> "FileDriver":
    """Raises `BadSettings` if a file is not here any more."""
    accounts = handed(settings, ACCOUNTS, outside)
    if accounts is None:
        raise DriverError("There is no file with accounts.")
    return FileDriver(accounts, handed(settings, ACCESS, outside), keeps_bodies=outside.keeps_bodies)


class FileDriver:
    """Reads two files, whole and once: a mistake in the last line is known before the first is told."""

    def __init__(self, accounts: Handed, access: Handed | None, *, keeps_bodies: bool = False) -> None:
        self._accounts = accounts
        self._access = access
        self._keeps_bodies = keeps_bodies
        self._contents: Contents | None = None

    def check(self) -> Check:
        """Both files are read to their ends; says how much is in them. Raises `BadSettings` at the file."""
        contents = self._read()
        return Check((), None, tuple(contents.notes), tuple(contents.calls))

    def walk(self, kinds: Collection[Kind], cursor: str = "") -> Iterator[Batch]:
        """Everything of these kinds; nothing more after the cursor of the last batch.

        Without an access file no kind but the accounts is complete: what was read before stays.
        """
        stage, done = self._place(cursor)
        contents = self._read()
        is_first = not cursor
        for each in STAGES[STAGES.index(stage) :] if stage in STAGES else ():
            told = islice(self._told(contents, kinds, each), done, None)
            for some in batched(told, SIZES[each]):
                done += len(some)
                batch = Batch(tuple(record for one in some for record in one), self._cursor(each, done))
                yield _with_calls(batch, contents) if is_first else batch
                is_first = False
            done = 0
        if stage != "end":
            complete = [kind for kind in kinds if kind == "user" or contents.has_access]
            yield Batch(cursor=self._cursor("end", 0), notes=contents.notes, complete=complete)

    def recount(self, kinds: Collection[Kind], cursor: str = "") -> Iterator[Batch]:
        """Never: to read the same bytes again proves nothing."""
        raise NotCounted(
            "A file can be read in one way only: a second reading of the same bytes proves nothing."
        )

    def granted(self) -> tuple[str, ...] | None:
        """A file knows no scopes."""
        return None

    def holders(self, entitlement_id: str) -> tuple[frozenset[str], Sequence[Call]]:
        """Who holds it by the access file; no proof beyond the file."""
        grants = self._read().grants
        return frozenset(grant.account_id for grant in grants if grant.entitlement_id == entitlement_id), ()

    def read(self, account_id: str) -> Batch:
        """The account with its grants as the files have it, no records if they do not name it."""
        contents = self._read()
        account = contents.accounts.get(account_id)
        if account is None:
            return Batch()
        return Batch(records=(account, *(each for each in contents.grants if each.account_id == account_id)))

    def close(self) -> None:
        self._contents = None

    def _read(self) -> Contents:
        if self._contents is None:
            self._contents = read(self._accounts, self._access, keeps_bodies=self._keeps_bodies)
        return self._contents

    def _told(self, contents: Contents, kinds: Collection[Kind], stage: str) -> Iterator[tuple[Record, ...]]:
        """What one stage tells, in an order that only the files decide."""

        def is_wanted(kind: Kind) -> bool:
            return EVERY_OTHER_KIND in kinds or kind in kinds

        if stage == "things":
            yield from (
                (kind,) for kind in (ACCOUNT_TYPE, *filter(lambda each: is_wanted(each.kind), contents.types))
            )
            yield from (pair for pair in contents.things if is_wanted(pair[0].kind))
        elif stage == "accounts":
            yield from ((account,) for account in contents.accounts.values())
        else:
            yield from ((grant,) for grant in contents.grants if is_wanted(_kind(grant)))

    def _cursor(self, stage: str, done: int) -> str:
        told = {"v": VERSION, "files": self._digest, "stage": stage, "done": done}
        return json.dumps(told, separators=(",", ":"))

    @property
    def _digest(self) -> str:
        """Of both files: a cursor counts in these and no others."""
        access = self._access.sha256 if self._access else ""
        return hashlib.sha256(f"{self._accounts.sha256}/{access}".encode()).hexdigest()

    def _place(self, cursor: str) -> tuple[str, int]:
        if not cursor:
            return STAGES[0], 0
        try:
            told = json.loads(cursor)
            stage, done = str(told["stage"]), int(told["done"])
            if told["v"] != VERSION or stage not in (*STAGES, "end") or done < 0:
                raise CursorExpired("This run was begun by another version of the driver; it starts over.")
            if told["files"] != self._digest:
                raise CursorExpired("The files were replaced while this run went on; it starts over.")
        except (KeyError, TypeError, ValueError) as problem:
            raise CursorExpired(
                "The place where this run stopped cannot be read; it starts over."
            ) from problem
        return stage, done


def _kind(grant: Grant) -> Kind:
    return grant.entitlement_id.partition(":")[0]


def _with_calls(batch: Batch, contents: Contents) -> Batch:
    return Batch(batch.records, batch.cursor, calls=contents.calls)
