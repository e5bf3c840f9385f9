"""Coupa's rows as the records of the contract."""

import re
from collections.abc import Collection, Iterator
from typing import Literal

from connectors.contract import Account, Entitlement, Grant, Kind, Resource, ResourceType, Scalar
from connectors.drivers.coupa import licences
from connectors.drivers.coupa.client import Fields
from connectors.drivers.coupa.shapes import Row

TYPES = {
    "user": ResourceType("user", "Account"),
    "group": ResourceType("group", "Group"),
    "role": ResourceType("role", "Role"),
    "license": ResourceType("license", "License"),
    "account_group": ResourceType("account_group", "Account group"),
}
PLURALS = {
    "role": "roles",
    "group": "groups",
    "license": "licences",
    "account_group": "account groups",
}
SLUGS = {"role": "member", "group": "member", "license": "assigned", "account_group": "member"}
NUMBERED = re.compile(r"(role|group|account_group):([0-9]+):member")
LICENCE = re.compile(r"license:([a-z0-9-]+):assigned")
"""How entitlement ids read."""
HELD_IN = {"role": "roles", "group": "user-groups", "account_group": "account-groups"}
"""Where a user's record lists what the user holds."""
RESOURCE_FACTS = {
    "role": ("description", "omnipotent", "system-role"),
    "group": ("description", "active", "type", "can-approve", "open"),
    "account_group": ("account-group-type",),
}
USER_FACTS = (
    "sso-identifier", "authentication-method", "account-security-type", "supplier-id",
    "api-user", "supplier-user", "support-user", "created-at", "updated-at",
)  # fmt: skip
MARKS = {"api": "api-user", "supplier": "supplier-user", "support": "support-user"}


def resource_fields(kind: Kind) -> Fields:
    owner: Fields = [{"owner": ["id", "login"]}] if kind == "group" else []
    return ["id", "name", *RESOURCE_FACTS[kind], *owner]


def user_fields(flags: tuple[str, ...], kinds: Collection[Kind] = ("role", "group")) -> Fields:
    """With the lists of what is held of these kinds."""
    return [
        "id", "login", "email", "firstname", "lastname", "fullname", "employee-number", "active",
        *USER_FACTS, *flags,
        {"manager": ["id", "login"]}, {"department": ["id", "name"]},
        *({key: ["id", "name"]} for kind, key in HELD_IN.items() if kind in kinds),
    ]  # fmt: skip


def resource(kind: Kind, record: Row) -> tuple[Resource, Entitlement]:
    """A role or group; one seen only inside a user's record has no description or profile."""
    name = record.text("name") or f"{TYPES[kind].name} {record.id}"
    facts = {fact: record.scalar(fact) for fact in RESOURCE_FACTS[kind] if fact in record.values}
    facts.pop("description", None)
    if kind == "group" and "owner" in record.values:
        facts["owner"] = record.inner("owner", "login")  # who may be no member
    return _pair(kind, str(record.id), name, record.text("description"), facts)


def licence(flag: str) -> tuple[Resource, Entitlement]:
    return _pair("license", flag, licences.name(flag), "", {})


def entitlement_id(kind: Kind, resource_id: object) -> str:
    return f"{kind}:{resource_id}:{SLUGS[kind]}"


def account(record: Row) -> Account:
    status, word = _status(record.values.get("active"))
    names = f"{record.text('firstname')} {record.text('lastname')}".strip()
    profile: dict[str, Scalar] = {fact: record.scalar(fact) for fact in USER_FACTS if fact in record.values}
    profile["manager"] = record.inner("manager", "login")
    profile["department"] = record.inner("department", "name")
    return Account(
        id=str(record.id),
        login=record.text("login"),
        email=record.text("email"),
        name=record.text("fullname") or names or record.text("login"),
        status=status,
        status_word=word,
        employee_id=record.text("employee-number"),
        marks=tuple(mark for mark, flag in MARKS.items() if record.values.get(flag) is True),
        profile=profile,
    )


def licence_grants(record: Row, flags: tuple[str, ...]) -> Iterator[Grant]:
    """Only a true flag is a grant."""
    return (licence_grant(record, flag) for flag in flags if record.values.get(flag) is True)


def untold(record: Row, flags: tuple[str, ...]) -> list[str]:
    """Flags that are null or missing for this user, and so say nothing of the licence either way."""
    return [flag for flag in flags if not isinstance(record.values.get(flag), bool)]


def licence_grant(record: Row, flag: str) -> Grant:
    return Grant(str(record.id), entitlement_id("license", flag))


def _status(active: object) -> tuple[Literal["enabled", "disabled", "unknown"], str]:
    """The contract's status and Coupa's word; Coupa has only the flag."""
    if active is True:
        return "enabled", "active"
    return ("disabled", "inactive") if active is False else ("unknown", "")


def _pair(
    kind: Kind, identity: str, name: str, description: str, facts: dict[str, Scalar]
) -> tuple[Resource, Entitlement]:
    entitlement = Entitlement(entitlement_id(kind, identity), kind, identity, SLUGS[kind], name, description)
    return Resource(kind, identity, name, description, facts), entitlement
