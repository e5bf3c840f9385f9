"""Roles and places in groups given and taken, people shut out and let in: by the console's own verbs.

Each verb is one transaction, so there is nothing half done to be given back. What a verb refuses is left to
people, with its sentence.
"""

import re
from collections.abc import Callable, Mapping

from connectors.console import Console, Member
from connectors.contract import DriverError, Kind
from connectors.contract_writing import Receipt
from connectors.drivers.reeve.asking import DONE, REFUSED, Asking
from connectors.drivers.reeve.records import MEMBER

THING = re.compile(rf"(role|group):([^:]+):{MEMBER}")
READ_BACK = "Reeve, read back, says that"
MOST_SAID = 300  # letters

type Fact = Callable[[Member], bool]
"""Whether what is wished about is so."""


def meant(entitlement_id: str) -> tuple[Kind, str]:
    """Kind and key of what an entitlement is about."""
    found = THING.fullmatch(entitlement_id)
    if found is None:
        raise DriverError(f"“{entitlement_id}” is not an entitlement of Reeve itself.")
    return found[1], found[2]


class Provisioning:
    """The four verbs of a `Provisioner`. `why` goes into the trail with each change."""

    def __init__(self, console: Console, asking: Asking, why: str) -> None:
        self._console = console
        self._asking = asking
        self._why = why

    def grant(self, person: str, entitlement_id: str) -> Receipt:
        kind, key = meant(entitlement_id)
        return self._made(
            person,
            f"give {entitlement_id} to {person}",
            lambda: self._console.give(kind, key, person, self._why),
            _holds(kind, key),
            wished=True,
            words=self._words(kind, key),
        )

    def revoke(self, person: str, entitlement_id: str) -> Receipt:
        kind, key = meant(entitlement_id)
        return self._made(
            person,
            f"take {entitlement_id} from {person}",
            lambda: self._console.take(kind, key, person, self._why),
            _holds(kind, key),
            wished=False,
            words=self._words(kind, key),
        )

    def enable(self, person: str) -> Receipt:
        words = {True: "is active", False: "is deactivated"}
        return self._made(
            person,
            f"let {person} in",
            lambda: self._console.let_in(person, self._why),
            _is_active,
            wished=True,
            words=words,
        )

    def disable(self, person: str) -> Receipt:
        words = {True: "is active", False: "is deactivated"}
        return self._made(
            person,
            f"shut {person} out",
            lambda: self._console.shut_out(person, self._why),
            _is_active,
            wished=False,
            words=words,
        )

    def _made(
        self,
        key: str,
        asked: str,
        change: Callable[[], str],
        fact: Fact,
        *,
        wished: bool,
        words: Mapping[bool, str],
    ) -> Receipt:
        person = self._read(key)
        if person is None:
            return self._gone(wished=wished)
        if fact(person) is wished:
            return self._receipt(
                f"{READ_BACK} {person.name} {words[wished]} already.", changed=False, agrees=True
            )
        refused = change()
        self._asking.note("user", asked, [refused] if refused else [], status=REFUSED if refused else DONE)
        after = self._read(key)
        if after is None:
            return self._gone(wished=wished)
        agrees = fact(after) is wished
        said = f"{READ_BACK} {after.name} {words[fact(after)]}."
        return self._receipt(refused or said, changed=agrees, agrees=agrees)

    def _gone(self, *, wished: bool) -> Receipt:
        """Who is not there holds nothing."""
        if wished:
            problem = DriverError("This person is not known here any more, so nothing can be given to them.")
            problem.calls = self._asking.take()
            raise problem
        return self._receipt("This person is not known here any more.", changed=False, agrees=True)

    def _receipt(self, said: str, *, changed: bool, agrees: bool) -> Receipt:
        return Receipt(self._asking.take(), changed=changed, agrees=agrees, said=said[:MOST_SAID])

    def _read(self, key: str) -> Member | None:
        found = self._console.person(key)
        answer = (
            [{"roles": found.roles, "groups": found.groups, "is_active": found.is_active}] if found else []
        )
        self._asking.note("user", f"person {key}", answer)
        return found

    def _words(self, kind: Kind, key: str) -> Mapping[bool, str]:
        name = next((each.name for each in self._console.things(kind) if each.key == key), key)
        if kind == "role":
            return {True: f"holds the role {name}", False: f"does not hold the role {name}"}
        return {True: f"is in the group {name}", False: f"is not in the group {name}"}


def _holds(kind: Kind, key: str) -> Fact:
    return lambda person: key in (person.roles if kind == "role" else person.groups)


def _is_active(person: Member) -> bool:
    return person.is_active
