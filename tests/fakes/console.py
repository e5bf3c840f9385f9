"""A pretend console: people with roles and groups in memory, for the driver that reads one."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from connectors.console import Member, Thing

ROLES = ("super", "campaign", "basic")


class PretendConsole:
    """Keeps what it is told; `refuses` is why it takes and gives nothing more, as verbs of core would say."""

    def __init__(self, people: int = 8, groups: int = 2) -> None:
        self.groups = [f"g{number}" for number in range(1, groups + 1)]
        self.members = {each.key: each for each in map(self._member, range(1, people + 1))}
        self.refuses = ""
        self.told: list[str] = []
        """Why each change was made."""

    def things(self, kind: str) -> Sequence[Thing]:
        if kind == "role":
            return [Thing(each, each.capitalize()) for each in ROLES]
        return [Thing(each, f"Group {each}") for each in self.groups]

    def people(self, after: str, most: int) -> Sequence[Member]:
        return [self.members[key] for key in self.keys(after, most)]

    def keys(self, after: str, most: int) -> Sequence[str]:
        return [key for key in sorted(self.members) if key > after][:most]

    def holders(self, kind: str, key: str) -> Sequence[str]:
        return [each.key for each in self.members.values() if key in (*each.roles, *each.groups)]

    def person(self, key: str) -> Member | None:
        return self.members.get(key)

    def give(self, kind: str, key: str, person: str, why: str) -> str:
        return self._change(person, why, **{f"{kind}s": (*getattr(self.members[person], f"{kind}s"), key)})

    def take(self, kind: str, key: str, person: str, why: str) -> str:
        held = getattr(self.members[person], f"{kind}s")
        return self._change(person, why, **{f"{kind}s": tuple(each for each in held if each != key)})

    def let_in(self, person: str, why: str) -> str:
        return self._change(person, why, is_active=True)

    def shut_out(self, person: str, why: str) -> str:
        return self._change(person, why, is_active=False)

    def _change(self, person: str, why: str, **facts: Any) -> str:
        if not self.refuses:
            self.members[person] = replace(self.members[person], **facts)
            self.told.append(why)
        return self.refuses

    def _member(self, number: int) -> Member:
        return Member(
            key=f"p{number:05}",
            email=f"p{number}@meridian.example",
            name=f"Person {number}",
            is_active=number % 7 != 0,
            roles=("basic", "super") if number % 9 == 1 else ("basic",),
            groups=(self.groups[number % len(self.groups)],) if number % 2 else (),
        )
