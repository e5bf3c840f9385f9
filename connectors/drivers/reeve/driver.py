"""Reads this console by what it is handed, and has its own verbs take away what is denied."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict

from connectors.console import Console, Member
from connectors.contract import (
    Account,
    Batch,
    Call,
    Check,
    CursorExpired,
    DriverError,
    Grant,
    Kind,
    Note,
    Outside,
    Record,
)
from connectors.contract_writing import Journal, Receipt
from connectors.drivers.reeve import records
from connectors.drivers.reeve.asking import Asking
from connectors.drivers.reeve.provisioning import Provisioning, meant

VERSION = 1
PAGE = 500
THINGS, PEOPLE, END = "things", "people", "end"
ALL = tuple(records.TYPES)


def open_reeve(settings: Mapping[str, str], outside: Outside) -> "ReeveDriver":
    if outside.console is None:
        raise DriverError("This console can only be read by itself.")
    asking = Asking(keeps_bodies=outside.keeps_bodies, heard=outside.heard)
    return ReeveDriver(outside.console, asking, outside.why)


class ReeveDriver:
    """Reads people with what they hold; counts by asking each role and group for its holders."""

    def __init__(self, console: Console, asking: Asking, why: str) -> None:
        self._console = console
        self._asking = asking
        self._provisioning = Provisioning(console, asking, why)

    def check(self) -> Check:
        found = {kind: len(self._console.things(kind)) for kind in ALL}
        self._asking.note("role", "all roles and groups", [found], records=sum(found.values()))
        said = f"{found['role']} roles and {found['group']} groups of people."
        return Check((), None, (Note("info", said),), self._asking.take())

    def walk(self, kinds: Collection[Kind], cursor: str = "") -> Iterator[Batch]:
        """People come with any kind, since grants name them."""
        stage, after = _place(cursor)
        if stage == THINGS:
            yield self._things(kinds)
            stage = PEOPLE
        while stage == PEOPLE:
            page = self._console.people(after, PAGE)
            if not page:
                break
            yield self._people(page, kinds, after)
            after = page[-1].key
        if stage != END:
            yield Batch(cursor=_cursor(END), complete=list(kinds))

    def recount(self, kinds: Collection[Kind], cursor: str = "") -> Iterator[Batch]:
        """The other way round: whom each role and each group has."""
        stage, after = _place(cursor)
        while stage in (THINGS, PEOPLE):
            keys = self._console.keys(after, PAGE)
            if not keys:
                break
            self._asking.note("user", f"keys of people after {after or 'none'}, {PAGE} at most", list(keys))
            after = keys[-1]
            accounts = [_bare(key) for key in keys]
            yield Batch(accounts, _cursor(PEOPLE, after), calls=self._asking.take())
        if stage != END:
            grants = list(self._all_holders(kinds))
            yield Batch(grants, _cursor(END), calls=self._asking.take(), complete=list(kinds))

    def granted(self) -> tuple[str, ...] | None:
        """Nobody has to allow it anything."""
        return None

    def holders(self, entitlement_id: str) -> tuple[frozenset[str], Sequence[Call]]:
        """Asked of the role or group itself."""
        kind, key = meant(entitlement_id)
        return frozenset(self._holders(kind, key)), self._asking.take()

    def read(self, account_id: str) -> Batch:
        """The person with all they hold; no records if there is none."""
        member = self._console.person(account_id)
        self._asking.note("user", f"person {account_id}", [asdict(member)] if member else [])
        found: list[Record] = []
        if member is not None:
            found = [records.account(member, self._role_names()), *records.held(member, ALL)]
        return Batch(found, calls=self._asking.take())

    def grant(self, account_id: str, entitlement_id: str, journal: Journal) -> Receipt:
        return self._provisioning.grant(account_id, entitlement_id)

    def revoke(self, account_id: str, entitlement_id: str, journal: Journal) -> Receipt:
        return self._provisioning.revoke(account_id, entitlement_id)

    def enable(self, account_id: str, journal: Journal) -> Receipt:
        return self._provisioning.enable(account_id)

    def disable(self, account_id: str, journal: Journal) -> Receipt:
        return self._provisioning.disable(account_id)

    def close(self) -> None:
        return

    def _things(self, kinds: Collection[Kind]) -> Batch:
        found = list(records.types(kinds))
        for kind in ALL:
            if kind in kinds:
                things = self._console.things(kind)
                self._asking.note(kind, f"all of kind {kind}", [asdict(each) for each in things])
                found += records.things(kind, things)
        return Batch(found, _cursor(PEOPLE), calls=self._asking.take())

    def _people(self, page: Sequence[Member], kinds: Collection[Kind], after: str) -> Batch:
        """With the groups they are in: one that was made since the walk began has not been named yet."""
        asked = f"people after {after or 'none'}, {PAGE} at most"
        self._asking.note("user", asked, [asdict(each) for each in page])
        found: list[Record] = []
        if "group" in kinds and (of := {key for each in page for key in each.groups}):
            found += records.things(
                "group", [each for each in self._console.things("group") if each.key in of]
            )
        names = self._role_names()
        for member in page:
            found += [records.account(member, names), *records.held(member, kinds)]
        return Batch(found, _cursor(PEOPLE, page[-1].key), calls=self._asking.take())

    def _role_names(self) -> Mapping[str, str]:
        return {each.key: each.name for each in self._console.things("role")}

    def _all_holders(self, kinds: Collection[Kind]) -> Iterator[Grant]:
        for kind in ALL:
            for thing in self._console.things(kind) if kind in kinds else ():
                for person in self._holders(kind, thing.key):
                    yield Grant(person, records.entitlement_id(kind, thing.key))

    def _holders(self, kind: Kind, key: str) -> Sequence[str]:
        found = self._console.holders(kind, key)
        self._asking.note(kind, f"holders of {kind} {key}", list(found))
        return found


def _bare(key: str) -> Account:
    """Of an account only the id counts there."""
    return Account(id=key, login="", email="", name="", status="unknown", status_word="")


def _cursor(stage: str, after: str = "") -> str:
    return json.dumps({"v": VERSION, "stage": stage, "after": after}, separators=(",", ":"))


def _place(cursor: str) -> tuple[str, str]:
    if not cursor:
        return THINGS, ""
    try:
        told = json.loads(cursor)
        stage, after = str(told["stage"]), str(told["after"])
        if told["v"] != VERSION or stage not in (PEOPLE, END):
            raise CursorExpired("This run was begun by another version of the driver; it starts over.")
    except (KeyError, TypeError, ValueError) as problem:
        raise CursorExpired("The place where this run stopped cannot be read; it starts over.") from problem
    return stage, after
