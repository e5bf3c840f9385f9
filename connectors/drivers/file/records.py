"""Lines of the two files as the records of the contract."""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Literal

from connectors.contract import (
    EVERY_OTHER_KIND,
    Account,
    DriverError,
    Entitlement,
    Kind,
    Resource,
    ResourceType,
    Scalar,
)
from connectors.drivers.file.columns import Row
from connectors.drivers.file.dates import Dates

type Status = Literal["enabled", "disabled", "deleted", "unknown"]

STATUS: Mapping[str, Status] = {
    **dict.fromkeys(("enabled", "active", "true", "yes", "1", "on"), "enabled"),
    **dict.fromkeys(
        ("disabled", "inactive", "deactivated", "suspended", "locked", "blocked", "false", "no", "0", "off"),
        "disabled",
    ),
    **dict.fromkeys(("deleted", "removed"), "deleted"),
}
MARKS = ("service", "system")
RESERVED = frozenset({"user", "grant", EVERY_OTHER_KIND})
"""Kinds that mean something else here: a resource type of this name has its first letter encoded."""
MOST_ID = 300  # letters, as wide as rows are
MOST_KIND, MOST_RESOURCE, MOST_SLUG = 64, 160, 64  # letters; together with the colons within MOST_ID

type Triple = tuple[str, str, str]
"""Resource type, resource name and entitlement, trimmed and in lower case: the stable id."""


def triple(row: Row) -> Triple:
    return row["type"].lower(), row["resource"].lower(), row["entitlement"].lower()


def kind_of(resource_type: str) -> Kind:
    """The kind of a resource type, given in lower case."""
    if resource_type in RESERVED:
        return f"%{ord(resource_type[0]):02X}{resource_type[1:]}"
    return _part(resource_type, MOST_KIND)


def things(row: Row) -> tuple[ResourceType, Resource, Entitlement]:
    """What a line of the access file is about, in the spelling of this line."""
    resource_type, resource, entitlement = triple(row)
    kind = kind_of(resource_type)
    resource_id, slug = _part(resource, MOST_RESOURCE), _part(entitlement, MOST_SLUG)
    name = f"{row['resource']}: {row['entitlement']}"
    return (
        ResourceType(kind, row["type"][:200]),
        Resource(kind, resource_id, row["resource"]),
        Entitlement(f"{kind}:{resource_id}:{slug}", kind, resource_id, slug, name),
    )


def accounts(file: str, rows: Iterable[Row]) -> tuple[dict[str, Account], bool]:
    """Accounts by id, and whether their last sign-ins can be read. Raises DriverError for an id that
    stands in two lines: nobody but the sender knows which is right."""
    lines: dict[str, Row] = {}
    for row in rows:
        if row["id"] in lines:
            raise DriverError(
                f"Line {row.line:,} of {file} has the User ID “{row['id'][:60]}” of line"
                f" {lines[row['id']].line:,} again: an ID stands for one account."
            )
        if len(row["id"]) > MOST_ID:
            raise DriverError(f"Line {row.line:,} of {file} has a User ID of more than {MOST_ID} letters.")
        lines[row["id"]] = row
    dates = Dates(row["last_login"] for row in lines.values())
    return {id: _account(row, dates) for id, row in lines.items()}, not dates.is_unclear


def _account(row: Row, dates: Dates) -> Account:
    word = row["status"]
    names = f"{row['first']} {row['last']}".strip()
    login = row["login"] or row["email"]
    profile: dict[str, Scalar] = {}
    if "owner" in row.values:
        profile["account_owner"] = row["owner"]
    if "last_login" in row.values:
        profile["last_login"] = dates.iso(row["last_login"])
    return Account(
        id=row["id"],
        login=login,
        email=row["email"],
        name=row["name"] or names or login,
        status=STATUS.get(word.casefold(), "unknown"),
        status_word=word,
        employee_id=row["employee_id"],
        marks=tuple(mark for mark in MARKS if row["type"].casefold() == mark),
        profile=profile,
    )


def _part(text: str, most: int) -> str:
    """One part of an id: no colon or comma in it, and never two texts with the same."""
    encoded = text.replace("%", "%25").replace(":", "%3A").replace(",", "%2C")
    if len(encoded) <= most:
        return encoded
    return f"{encoded[: most - 17]}~{hashlib.sha256(encoded.encode()).hexdigest()[:16]}"
