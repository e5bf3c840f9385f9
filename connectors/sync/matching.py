"""Pure: which account belongs to which person.

A strategy is a list of rules; the first that finds somebody wins. Two candidates are nobody, and a hint.
Something empty never matches. A login fits the person whose whole e-mail it is: the part before the @ alone
may be somebody else's at another domain, so it counts only where a pair of one's own says so.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

type Pairs = Sequence[Sequence[str]]
"""Each an account field and a person field."""

PROFILE = "profile."
"""How account fields begin that are attributes of the profile as the app sent it."""
ACCOUNT_FIELDS = {"employee_id": "Employee number", "email": "E-mail", "login": "Login", "name": "Name"}
PERSON_FIELDS = {
    "employee_id": "Employee ID",
    "email": "E-mail",
    "email_name": "E-mail, the part before the @",
    "name": "First and last name",
}
MOST_PAIRS = 6


@dataclass(frozen=True, slots=True)
class Person:
    """What accounts are matched by."""

    id: str
    email: str
    employee_id: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Match:
    """`person` is empty where nobody fits; `hint` then says why if somebody nearly did."""

    person: str = ""
    by: str = ""
    hint: str = ""


NOBODY = Match()


@dataclass(frozen=True, slots=True)
class Rule:
    """An account's field against a person's. `by` is how a match is called; `word` names it in hints."""

    by: str
    word: str
    account: str
    person: str


NUMBER = Rule("employee_id", "employee number", "employee_id", "employee_id")
EMAIL = Rule("email", "e-mail address", "email", "email")
LOGIN = Rule("login", "login", "login", "email")
NAME = Rule("name", "name", "name", "name")
KEY = Rule("key", "key", "key", "key")
"""Of this console's own accounts: each is the person of that key, whoever bears their e-mail."""
STRATEGIES: Mapping[str, Sequence[Rule]] = {
    "default": (NUMBER, EMAIL, LOGIN),
    "narrow": (EMAIL, LOGIN),
    "broad": (EMAIL, LOGIN, NAME),
    "key": (KEY,),
}


@dataclass(frozen=True, slots=True)
class Strategy:
    """How the accounts of one app are matched."""

    name: str = "default"
    pairs: Pairs = field(default_factory=tuple)
    drops_plus: bool = False
    """Whether `name+word@example.com` is read as `name@example.com`, of accounts and of people."""

    @property
    def rules(self) -> Sequence[Rule]:
        if self.name != "custom":
            return STRATEGIES[self.name]
        return [Rule("pair", _word(account), account, person) for account, person in self.pairs]


class Directory:
    """Everybody known here, by what accounts are matched by. Case and outer blanks do not count."""

    def __init__(self, people: Iterable[Person], strategy: Strategy | None = None) -> None:
        strategy = strategy or Strategy()
        self._rules, self._drops_plus = strategy.rules, strategy.drops_plus
        self._index: dict[str, defaultdict[str, set[str]]] = {
            rule.person: defaultdict(set) for rule in self._rules
        }
        for person in people:
            for kind, index in self._index.items():
                index[self._of_person(person, kind)].add(person.id)

    def match(
        self,
        *,
        employee_id: str = "",
        email: str = "",
        login: str = "",
        name: str = "",
        profile: Mapping[str, object] | None = None,
        key: str = "",
    ) -> Match:
        """The one person this account belongs to. `key`: the account's own, as its source has it."""
        values = {"employee_id": employee_id, "email": email, "login": login, "name": name, "key": key}
        for rule in self._rules:
            if rule.account.startswith(PROFILE):
                text = _plain((profile or {}).get(rule.account.removeprefix(PROFILE)))
            else:
                text = values[rule.account]
            value = self._read(text, rule.person)
            found = self._index[rule.person].get(value, ()) if value else ()
            if len(found) == 1:
                return Match(next(iter(found)), rule.by)
            if found:
                return Match(hint=f"{len(found)} people have the {rule.word[:60]} {value[:90]}.")
        return NOBODY

    def _of_person(self, person: Person, kind: str) -> str:
        if kind == "email_name":
            return self._bare(person.email).partition("@")[0]
        facts = {"employee_id": person.employee_id, "email": person.email, "name": person.name}
        return self._read({**facts, "key": person.id}[kind], kind)

    def _read(self, text: str, kind: str) -> str:
        """A value as it is compared with that field of people; empty: it cannot be. Keys know case."""
        if kind == "key":
            return text
        return _first_and_last(text) if kind == "name" else self._bare(text)

    def _bare(self, text: str) -> str:
        bare = text.strip().casefold()
        local, at, domain = bare.rpartition("@")
        return f"{local.partition('+')[0] or local}@{domain}" if self._drops_plus and at else bare


def _first_and_last(text: str) -> str:
    """The first and the last of several names; one alone is too little to go by."""
    words = text.casefold().split()
    return f"{words[0]} {words[-1]}" if len(words) > 1 else ""


def _plain(value: object) -> str:
    """An attribute as text; what is neither text nor number cannot be compared."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return str(value)


def _word(account: str) -> str:
    return ACCOUNT_FIELDS.get(account, account.removeprefix(PROFILE)).lower()
