"""A small app that a test arranges by hand, and the driver that reads it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import batched

from connectors.contract import (
    Account,
    Batch,
    Call,
    Check,
    Entitlement,
    Grant,
    Kind,
    NotCounted,
    Note,
    Record,
    Resource,
    ResourceType,
)

type Line = dict[str, str | bool]

TYPES = (ResourceType("user", "User"), ResourceType("role", "Role"), ResourceType("group", "Group"))


def account(number: int, **fields: object) -> Account:
    plain = Account(
        id=str(number),
        login=f"login{number}",
        email=f"person{number}@meridian.example",
        name=f"Person {number}",
        status="enabled",
        status_word="active",
    )
    return replace(plain, **fields)  # type: ignore[arg-type]  # a test names the fields it means


def call(asked: str = "GET /api/users") -> Call:
    return Call("user", asked, 200, 1, 100, "0" * 64, 0.01, datetime(2026, 5, 3, tzinfo=UTC))


def _counted(identity: str) -> Account:
    return Account(identity, login="", email="", name="", status="unknown", status_word="")


@dataclass
class World:
    """What the app holds now. Entitlements are named by their vendor's id, such as `role:1:member`."""

    things: dict[str, str] = field(default_factory=dict)
    """`role:1` to its name."""
    accounts: dict[str, Account] = field(default_factory=dict)
    grants: set[tuple[str, str]] = field(default_factory=set)
    silent: set[tuple[str, str]] = field(default_factory=set)
    """Pairs the app tells nothing about when it is walked, held or not."""
    gaps: dict[Kind, str] = field(default_factory=dict)
    second_opinion: dict[str, frozenset[str]] = field(default_factory=dict)
    """Other holders than those of `grants`, when an entitlement is asked for itself or counted again."""
    not_counted: str = ""
    """Why the app cannot be read a second way."""

    def add(self, *people: Account) -> None:
        self.accounts |= {each.id: each for each in people}

    def give(self, entitlement: str, *numbers: int) -> None:
        self.grants |= {(str(number), entitlement) for number in numbers}

    def take(self, entitlement: str, *numbers: int) -> None:
        self.grants -= {(str(number), entitlement) for number in numbers}

    def told(self, accounts: Collection[str]) -> list[Grant]:
        """What it says that these accounts hold."""
        pairs = sorted(self.grants - self.silent)
        return [
            Grant(*pair)
            for pair in pairs
            if pair[0] in accounts and pair[1].partition(":")[0] not in self.gaps
        ]

    def told_second(self, accounts: Collection[str], kinds: Collection[Kind]) -> list[Grant]:
        """What a second count says that these accounts hold of these kinds."""
        named = self.second_opinion.items()
        first = {pair for pair in self.grants - self.silent if pair[1] not in self.second_opinion}
        pairs = first | {(account_id, entitlement) for entitlement, held in named for account_id in held}
        return [
            Grant(*pair)
            for pair in sorted(pairs)
            if pair[0] in accounts
            and pair[1].partition(":")[0] in kinds
            and pair[1].partition(":")[0] not in self.gaps
        ]

    def untold(self, accounts: Collection[str]) -> list[Grant]:
        return [Grant(*pair) for pair in sorted(self.silent) if pair[0] in accounts]

    def remove(self, *numbers: int) -> None:
        for number in map(str, numbers):
            del self.accounts[number]
            self.grants = {pair for pair in self.grants if pair[0] != number}

    def remove_thing(self, thing: str) -> None:
        del self.things[thing]
        self.grants = {pair for pair in self.grants if pair[1] != f"{thing}:member"}

    def truth(self) -> list[Line]:
        """As `export_access` prints it."""
        accounts = sorted(self.accounts.values(), key=lambda each: each.id)
        return [
            *map(_account_line, accounts),
            *(_entitlement_line(thing, name) for thing, name in sorted(self.things.items())),
            *(_grant_line(*pair) for pair in sorted(self.grants)),
        ]


def _account_line(each: Account) -> Line:
    told: Line = {"login": each.login, "email": each.email, "name": each.name}
    return {"type": "account", "id": each.id, **told, "active": each.status == "enabled"}


def _entitlement_line(thing: str, name: str) -> Line:
    kind, _, number = thing.partition(":")
    own: Line = {"type": "entitlement", "id": f"{thing}:member"}
    return {**own, "resource_type": kind, "resource_id": number, "name": name, "slug": "member"}


def _grant_line(account_id: str, entitlement_id: str) -> Line:
    return {"type": "grant", "account_id": account_id, "entitlement_id": entitlement_id}


class WorldDriver:
    """Reads a world in batches of three accounts. `trouble` is raised where the walk comes to that step."""

    def __init__(self, world: World, trouble: Mapping[int, Exception] | None = None) -> None:
        self.world = world
        self.trouble = trouble or {}
        self.begun_at: list[str] = []
        self.closed = False

    def check(self) -> Check:
        if 0 in self.trouble:
            raise self.trouble[0]
        return Check(needed=(), granted=None)

    def walk(self, kinds: Collection[Kind], cursor: str = "") -> Iterator[Batch]:
        self.begun_at.append(cursor)
        steps = list(self._steps(kinds))
        for step in range(int(cursor or 0), len(steps)):
            if step in self.trouble:
                raise self.trouble[step]
            is_last = step == len(steps) - 1
            complete = (
                [each.kind for each in TYPES if each.kind in kinds and each.kind not in self.world.gaps]
                if is_last
                else []
            )
            yield Batch(
                records=steps[step],
                cursor=str(step + 1),
                calls=[call(f"GET /step/{step}")],
                notes=[Note("info", f"Step {step}")],
                complete=complete,
                gaps=self.world.gaps if is_last else {},
                silent=self.world.untold([each.id for each in steps[step] if isinstance(each, Account)]),
            )

    def recount(self, kinds: Collection[Kind], cursor: str = "") -> Iterator[Batch]:
        """In batches of five; `second_opinion` has its say here, too."""
        if self.world.not_counted:
            raise NotCounted(self.world.not_counted)
        steps = [*batched(self.world.accounts.values(), 5)] or [()]
        for step in range(int(cursor or 0), len(steps)):
            people = [each.id for each in steps[step]]
            is_last = step == len(steps) - 1
            gaps = self.world.gaps
            yield Batch(
                records=[*(_counted(each) for each in people), *self.world.told_second(people, kinds)],
                cursor=str(step + 1),
                calls=[call(f"POST /recount/{step}")],
                complete=[kind for kind in kinds if kind not in gaps] if is_last else [],
                gaps=gaps if is_last else {},
                silent=self.world.untold(people),
            )

    def granted(self) -> tuple[str, ...] | None:
        return None

    def holders(self, entitlement_id: str) -> tuple[frozenset[str], Sequence[Call]]:
        held = {account_id for account_id, each in self.world.grants if each == entitlement_id}
        return self.world.second_opinion.get(entitlement_id, frozenset(held)), [call("POST /holders")]

    def read(self, account_id: str) -> Batch:
        if account_id not in self.world.accounts:
            return Batch(calls=[call()])
        records: list[Record] = [self.world.accounts[account_id], *self.world.told([account_id])]
        return Batch(records=records, silent=self.world.untold([account_id]), calls=[call()])

    def close(self) -> None:
        self.closed = True

    def _steps(self, kinds: Collection[Kind]) -> Iterator[list[Record]]:
        first: list[Record] = [each for each in TYPES if each.kind in kinds]
        for thing, name in self.world.things.items():
            kind, _, number = thing.partition(":")
            if kind in self.world.gaps or kind not in kinds:
                continue
            first.append(Resource(kind, number, name))
            first.append(Entitlement(f"{thing}:member", kind, number, "member", name))
        yield first
        for people in batched(self.world.accounts.values(), 3):
            told = self.world.told([each.id for each in people])
            yield [*people, *(each for each in told if each.entitlement_id.partition(":")[0] in kinds)]
