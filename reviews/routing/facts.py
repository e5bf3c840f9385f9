"""What is known of a line and of the people around it when it is asked who decides."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, NamedTuple

NOTHING: frozenset[str] = frozenset()
MOST_MEMBERS = 128
"""A larger group is not asked: where everybody is responsible, nobody is (row C25)."""


class LineFacts(NamedTuple):
    """A line as routing sees it. Keys are empty where there is none.

    A tuple, as a million of them are made by a staging: a frozen dataclass takes four times as long.
    """

    app: str
    account: str
    entitlement: str
    resource: str = ""
    line: int = 0
    """Of its row; 0 where there is none yet."""
    person: str = ""
    """Whose account it was when the population was frozen."""
    owner_now: str = ""
    """Whose account it is by now."""
    account_keys: frozenset[str] = frozenset()
    """What an account that is or was nobody's might be known by (`account_keys`)."""
    is_grave: bool = False
    """Its risk level asks for more care: High and Critical, unless the organisation says otherwise."""
    came_back: bool = False
    """It was held before, and was gone in between."""
    app_name: str = ""
    kind: str = ""
    resource_name: str = ""
    entitlement_name: str = ""
    entitlement_slug: str = ""
    risk: str = ""
    frameworks: tuple[str, ...] = ()
    account_type: str = "user"
    account_status: str = "enabled"
    account_marks: tuple[str, ...] = ()
    account_name: str = ""
    account_login: str = ""
    account_email: str = ""
    person_name: str = ""
    person_title: str = ""
    person_department: str = ""

    @property
    def is_risky(self) -> bool:
        """Whether to keep it is worth a word: grave, disabled, nobody's, no person's, or back again."""
        return (
            self.is_grave
            or self.came_back
            or not self.person
            or self.account_status == "disabled"
            or self.account_type != "user"
            or "api" in self.account_marks
        )


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who might be asked."""

    id: str
    name: str
    keys: frozenset[str] = frozenset()
    """What they are known by: two people who share one are one human (`identity_keys`)."""
    is_active: bool = True
    may_act: bool = True
    """False for who only reads."""


@dataclass(frozen=True, slots=True)
class Group:
    """A group of people; `members` are keys."""

    name: str
    members: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Directory:
    """Who is who and who answers for what, as far as some lines need it. Everything by key."""

    people: Mapping[str, Person] = field(default_factory=dict)
    managers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    app_owners: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    entitlement_owners: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    resource_owners: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    groups: Mapping[str, Group] = field(default_factory=dict)
    delegates: Mapping[str, str] = field(default_factory=dict)
    """Who stands in for whom now: person to delegate."""
    campaign_owners: tuple[str, ...] = ()
    administrators: tuple[str, ...] = ()
    """Asked where a campaign that runs has nobody else left; empty while it is staged."""
    control_owner: str = ""
    """Signs off, and so decides no line."""
    holders: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Entitlement to those of these people who hold it."""
    granters: Mapping[tuple[str, str], frozenset[str]] = field(default_factory=dict)
    """Account and entitlement to those who granted or requested it."""
    asked_about: frozenset[tuple[str, str]] = frozenset()
    """Who is asked about whose access elsewhere in the campaign: reviewer, owner."""

    _above: dict[str, tuple[frozenset[str], frozenset[str]]] = field(
        default_factory=dict, repr=False, compare=False
    )

    def above(self, person: str) -> tuple[frozenset[str], frozenset[str]]:
        """Everybody whom this person reports to, over any number of steps, and what they are known by."""
        known = self._above.get(person)
        if known is None:
            known = self._above[person] = self._look_above(person)
        return known

    def _look_above(self, person: str) -> tuple[frozenset[str], frozenset[str]]:
        found: set[str] = set()
        level = [person]
        while level:
            level = [boss for one in level for boss in self.managers.get(one, ()) if boss not in found]
            found.update(level)
        keys = (self.people[boss].keys for boss in found if boss in self.people)
        return frozenset(found), frozenset().union(*keys)


def identity_keys(*, employee_id: str = "", email: str = "", login: str = "") -> frozenset[str]:
    """What somebody or something is known by, comparable. Case and outer blanks do not count.

    A login counts as an e-mail and as an employee number: it fits the person whose whole e-mail or number
    it is.
    """
    numbers, addresses = {_bare(employee_id), _bare(login)}, {_bare(email), _bare(login)}
    return frozenset(
        [f"number:{each}" for each in numbers if each] + [f"email:{each}" for each in addresses if each]
    )


def account_keys(
    *,
    person: str | None,
    owner_now: str | None,
    number: str,
    email: str,
    login: str,
    frozen_email: str,
    frozen_login: str,
) -> frozenset[str]:
    """What the account of a line might be known by: by what it bears now, where it is nobody's now; by what
    it bore when it was frozen, where it was nobody's then. To name an owner since changes nothing of that.
    """
    keys = NOTHING
    if not owner_now:
        keys = identity_keys(employee_id=number, email=email, login=login)
    if not person and (owner_now or (frozen_email, frozen_login) != (email, login)):
        keys |= identity_keys(email=frozen_email, login=frozen_login)
    return keys


def _bare(text: str) -> str:
    return text.strip().casefold()


@dataclass(frozen=True, slots=True)
class Field:
    """Something conditions may look at. `values` answers what a line has there, nothing empty."""

    label: str
    about: str
    """`entitlement`, `account` or `person`: how a builder groups them."""
    values: Callable[[LineFacts], tuple[str, ...]]


def _one(name: str) -> Callable[[LineFacts], tuple[str, ...]]:
    read: Callable[[Any], str] = attrgetter(name)
    return lambda line: (value,) if (value := read(line)) else ()


def _many(name: str) -> Callable[[LineFacts], tuple[str, ...]]:
    read: Callable[[Any], tuple[str, ...]] = attrgetter(name)
    return lambda line: read(line)


def _grave(line: LineFacts) -> tuple[str, ...]:
    return ("yes",) if line.is_grave else ("no",)


FIELDS: Mapping[str, Field] = {
    "entitlement.app": Field("App", "entitlement", _one("app_name")),
    "entitlement.kind": Field("Resource type", "entitlement", _one("kind")),
    "entitlement.resource": Field("Resource", "entitlement", _one("resource_name")),
    "entitlement.name": Field("Entitlement", "entitlement", _one("entitlement_name")),
    "entitlement.slug": Field("Permission", "entitlement", _one("entitlement_slug")),
    "entitlement.risk": Field("Risk level", "entitlement", _one("risk")),
    "entitlement.grave": Field("Asks for more care (High, Critical)", "entitlement", _grave),
    "entitlement.frameworks": Field("Compliance framework", "entitlement", _many("frameworks")),
    "account.type": Field("Account type", "account", _one("account_type")),
    "account.status": Field("Account status", "account", _one("account_status")),
    "account.marks": Field("Mark of the app", "account", _many("account_marks")),
    "account.name": Field("Account name", "account", _one("account_name")),
    "account.login": Field("Login", "account", _one("account_login")),
    "account.email": Field("E-mail of the account", "account", _one("account_email")),
    "account.owner": Field("Owner of the account", "account", _one("person_name")),
    "person.title": Field("Title", "person", _one("person_title")),
    "person.department": Field("Department", "person", _one("person_department")),
}
