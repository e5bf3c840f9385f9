"""What the driver that reads this console itself is handed: who is here, and the verbs that change it.

Below the waterline, as the contract: no Django, no database.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Thing:
    """A role, or a group of people."""

    key: str
    name: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class Member:
    """A person with all they hold. Roles and groups are keys."""

    key: str
    email: str
    name: str
    title: str = ""
    department: str = ""
    employee_id: str = ""
    is_active: bool = True
    last_in: str = ""
    """The day they last signed in, as 2026-11-29; empty: never."""
    roles: tuple[str, ...] = ()
    provided: tuple[str, ...] = ()
    """Those of the roles that came from the identity provider."""
    groups: tuple[str, ...] = ()


class Console(Protocol):
    """This console. `kind` is `role` or `group`; a verb answers why it was not done, or nothing."""

    def things(self, kind: str) -> Sequence[Thing]:
        """All of a kind, by key."""

    def people(self, after: str, most: int) -> Sequence[Member]:
        """The next people by key, each with what they hold."""

    def keys(self, after: str, most: int) -> Sequence[str]:
        """The next people by key, their keys alone."""

    def holders(self, kind: str, key: str) -> Sequence[str]:
        """The keys of the people who hold one thing, asked from its side."""

    def person(self, key: str) -> Member | None: ...

    def give(self, kind: str, key: str, person: str, why: str) -> str: ...

    def take(self, kind: str, key: str, person: str, why: str) -> str: ...

    def let_in(self, person: str, why: str) -> str: ...

    def shut_out(self, person: str, why: str) -> str: ...
