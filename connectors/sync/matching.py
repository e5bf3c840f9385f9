"""Pure: which account belongs to which person.

Employee number first, then e-mail, then login; two candidates are nobody, and a hint.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Person:
    """What accounts are matched by."""

    id: str
    email: str
    employee_id: str = ""


@dataclass(frozen=True, slots=True)
class Match:
    """`person` is empty where nobody fits; `hint` then says why if somebody nearly did."""

    person: str = ""
    by: str = ""
    hint: str = ""


NOBODY = Match()


class Directory:
    """Everybody known here, by what accounts are matched by. Case and outer blanks do not count."""

    def __init__(self, people: Iterable[Person]) -> None:
        by_number: defaultdict[str, set[str]] = defaultdict(set)
        by_email: defaultdict[str, set[str]] = defaultdict(set)
        for person in people:
            by_number[_bare(person.employee_id)].add(person.id)
            by_email[_bare(person.email)].add(person.id)
        self._rules: tuple[tuple[str, str, Mapping[str, set[str]]], ...] = (
            ("employee_id", "employee number", by_number),
            ("email", "e-mail address", by_email),
            ("login", "login", by_email),
        )

    def match(self, *, employee_id: str, email: str, login: str) -> Match:
        """The one person this account belongs to. A login fits the person whose e-mail it is."""
        values = {"employee_id": employee_id, "email": email, "login": login}
        for by, word, index in self._rules:
            value = _bare(values[by])
            found = index.get(value, ()) if value else ()
            if len(found) == 1:
                return Match(next(iter(found)), by)
            if found:
                return Match(hint=f"{len(found)} people have the {word} {value[:100]}.")
        return NOBODY


def _bare(text: str) -> str:
    return text.strip().casefold()
