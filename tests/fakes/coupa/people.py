"""Invents a tenant: the same seed gives the same users, roles, groups and licences."""

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

SHOWN = (
    "purchasing-user", "contracts-user", "expense-user", "sourcing-user", "inventory-user", "analytics-user",
    "aic-user", "spend-guard-user", "ccw-user", "travel-user", "treasury-user", "fleet-user",
)  # fmt: skip
"""Licences in every answer; `fleet-user` is one that no list knows."""
NEWER = ("invoicing-user", "clm-advanced-user", "intake-user", "coupa-navi-ai-agent-user")
"""Licences in an answer only when `fields` names them; the rest of Coupa's is not sold to this tenant."""
LICENCES = {
    "purchasing-user": "Purchasing", "contracts-user": "Contracts", "expense-user": "Expense",
    "sourcing-user": "Sourcing", "inventory-user": "Inventory", "analytics-user": "Analytics",
    "aic-user": "AI Spend Classification", "spend-guard-user": "Spend Guard",
    "ccw-user": "Contingent Workforce", "travel-user": "Travel", "treasury-user": "Treasury",
    "fleet-user": "Fleet", "invoicing-user": "Invoicing",
    "clm-advanced-user": "CLM Advanced", "intake-user": "Intake", "coupa-navi-ai-agent-user": "Navi AI Agent",
}  # fmt: skip
SHARES = (70, 12, 56, 14, 8, 20, 3, 4, 6, 48, 2, 0.6, 27, 4, 31, 19)
"""Per cent of users that hold each licence of LICENCES."""

ROLES = (
    "Accounting", "Admin", "User", "Buyer", "Approver", "Auditor", "Supplier Admin", "Contract Manager",
    "Expense Manager", "Inventory Clerk", "Sourcing Lead", "Treasury Analyst",
)  # fmt: skip
REGIONS = ("EMEA", "Nordics", "DACH", "Iberia", "LATAM", "APAC", "North", "South")
AREAS = ("Buying", "Payables", "Facilities", "Travel", "Marketing", "IT", "Legal", "Plant")
FIRST = (
    "Ada", "Grace", "José", "Zoë", "Łukasz", "Søren", "Müjde", "Þóra", "Tom", "Priya", "Noor", "Chen", "Olu",
    "Ines", "Dmitri", "Aiko", "Kwame", "Lena", "Mateo", "Ruth",
)  # fmt: skip
LAST = (
    "Okafor", "Nakamura", "Müller", "García", "O'Brien", "Öztürk", "Smith", "Ng", "Lindqvist", "Haddad",
    "Rossi", "Novák", "Dubois", "Silva", "Kowalski", "Jansen", "Iyer", "Cohen", "Wright", "Mensah",
)  # fmt: skip
ODD_NAMES = (
    "محمد الأحمد", "王小明", "Zoe\u0308 Decomposed", "Ann 🚀 Rocket", '<b onmouseover="x()">Bold</b>',
    '=HYPERLINK("x")', "O'Neil \"Quote\" & Co", "דנה כהן",
)  # fmt: skip


@dataclass(slots=True)
class User:
    id: int
    login: str
    email: str | None
    first: str
    last: str
    full: str | None
    number: str | None
    active: bool = True
    kind: str = ""
    """`api`, `supplier`, `support`, or empty for an ordinary user."""
    manager: int | None = None
    department: str | None = None
    roles: set[int] = field(default_factory=set)
    groups: set[int] = field(default_factory=set)
    account_groups: set[int] = field(default_factory=set)
    flags: set[str] = field(default_factory=set)
    unknown: frozenset[str] = frozenset()
    """Licences answered with null."""
    missing: frozenset[str] = frozenset()
    """Licences whose key is left out."""

    @property
    def shown_name(self) -> str:
        return self.full or f"{self.first} {self.last}".strip() or self.login


@dataclass(slots=True)
class Thing:
    """A role or a group."""

    id: int
    name: str
    description: str | None = None
    active: bool = True
    project: bool = False
    owner: int | None = None
    """A user who need not be a member."""
    omnipotent: bool = False


@dataclass(frozen=True, slots=True)
class Size:
    users: int = 5_000
    groups: int = 60
    roles: int = 40
    account_groups: int = 0


def read_people(path: Path) -> list[dict[str, str]]:
    """JSON lines with name, email, employee_id."""
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def make_roles(count: int) -> list[Thing]:
    """Coupa's own roles have small ids, custom ones begin near 10,100."""
    own = [Thing(number, name, omnipotent=name == "Admin") for number, name in enumerate(ROLES, 1)]
    custom = [
        Thing(
            10_100 + 3 * number, f"{REGIONS[number % 8]} {AREAS[number // 8 % 8]} Role {number}", "Made here"
        )
        for number in range(max(0, count - len(own)))
    ]
    return [*own[:count], *custom]


def make_groups(count: int) -> list[Thing]:
    """Gaps in the ids, a pair that differs only in case, a project, one inactive, names that need care."""
    named = [
        Thing(2, "Nobody here"),
        Thing(3, "Exactly fifty", "One full page"),
        Thing(5, "Fifty-one", "One more than a page"),
        Thing(6, "A hundred"),
        Thing(9, "buyers"),
        Thing(10, "Buyers"),
        Thing(11, "Project Polaris", project=True),
        Thing(13, "Old committee", active=False),
        Thing(14, 'Ünïcode / "quoted" <i>group</i>'),
        Thing(17, "财务"),
    ]
    rest = [
        Thing(20 + 2 * number, f"{AREAS[number % 8]} {REGIONS[number // 8 % 8]} {number}", f"Group {number}")
        for number in range(max(0, count - len(named)))
    ]
    return [*named[:count], *rest]


def make_account_groups(count: int) -> list[Thing]:
    return [Thing(3 * number, f"{REGIONS[number % 8]} ledger {number}") for number in range(1, count + 1)]


def make_users(
    size: Size, roles: Sequence[Thing], groups: Sequence[Thing], seed: int, people: Sequence[dict[str, str]]
) -> list[User]:
    draw = random.Random(seed)
    users: list[User] = []
    identity = 0
    for place in range(size.users):
        identity += draw.choice((1, 1, 1, 2, 3))
        user = _special(place, identity) if place < 4 else _ordinary(place, identity, draw, people)
        if users:
            user.manager = draw.choice(users[-40:]).id
        _give(user, place, roles, groups, draw)
        users.append(user)
    for group, members in zip(groups, (0, 50, 51, 100), strict=False):
        for user in draw.sample(users, min(members, len(users))):
            user.groups.add(group.id)
    return users


def _special(place: int, identity: int) -> User:
    """The accounts that are no person: support, two integrations, a supplier."""
    login, kind = (
        ("coupasupport", "support"), ("integration", "api"), ("erp-feed+prod@acme.example", "api"),
        ("supplier/contact 1", "supplier"),
    )[place]  # fmt: skip
    email = None if kind == "api" else f"{kind}@vendor.example"
    return User(identity, login, email, login, "", None, None, kind=kind)


def _ordinary(place: int, identity: int, draw: random.Random, people: Sequence[dict[str, str]]) -> User:
    if place - 4 < len(people):
        person = people[place - 4]
        first, _, last = person["name"].partition(" ")
        return User(
            identity, person["email"], person["email"], first, last, person["name"], person["employee_id"],
            department=draw.choice(AREAS),
        )  # fmt: skip
    first, last = draw.choice(FIRST), draw.choice(LAST)
    address = f"{first}.{last}.{place}@acme.example".replace("'", "").lower()
    user = User(
        identity, f"{first[0]}{last}{place}".lower(), address, first, last, f"{first} {last}", f"{place:06d}",
        active=draw.random() > 0.06, department=draw.choice((*AREAS, None)),
    )  # fmt: skip
    return _with_oddity(user, place)


def _with_oddity(user: User, place: int) -> User:
    """Every few users, something that a careless reader trips over."""
    oddities: dict[int, dict[str, Any]] = {
        5: {"email": None},
        6: {"email": "shared.mailbox@acme.example"},
        7: {"email": f"  {(user.email or '').upper()}", "login": f"{user.login} Ext\\{place}"},
        8: {"full": ODD_NAMES[place // 97 % len(ODD_NAMES)]},
        9: {"full": None},
        10: {"full": None, "first": "", "last": ""},
        11: {"number": ""},
        12: {"number": None},
        13: {"unknown": frozenset({"travel-user", "aic-user"})},
        14: {"kind": "supplier"},
        15: {"login": f"long.{'x' * 240}.{place}"},
    }
    return replace(user, **oddities.get(place % 97, {}))


def _give(
    user: User, place: int, roles: Sequence[Thing], groups: Sequence[Thing], draw: random.Random
) -> None:
    """Everybody holds the role User; a few hold Admin, some of them inactive, and one is in every group."""
    user.roles.update(role.id for role in roles if role.name == "User")
    spread = [role.id for role in roles if role.name not in ("User", "Admin")]
    user.roles.update(draw.choices(spread, k=draw.choice((0, 1, 1, 2, 3))) if spread else ())
    if place in (0, 1, 4) or place % 401 == 20:
        user.roles.update(role.id for role in roles if role.name == "Admin")
        user.active = user.active and place % 401 != 20
    open_groups = [group.id for group in groups[4:]]
    user.groups.update(draw.choices(open_groups, k=draw.choice((2, 3, 3, 4, 5))) if open_groups else ())
    if place == 21:
        user.groups.update(open_groups)
    for flag, share in zip(LICENCES, SHARES, strict=True):
        if draw.random() * 100 < share and flag not in user.unknown:
            user.flags.add(flag)
