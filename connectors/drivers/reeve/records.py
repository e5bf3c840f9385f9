"""People, roles and groups as records of the contract."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from connectors.console import Member, Thing
from connectors.contract import Account, Entitlement, Grant, Kind, Record, Resource, ResourceType

TYPES: Mapping[Kind, str] = {"role": "Role", "group": "Group"}
MEMBER = "member"


def entitlement_id(kind: Kind, key: str) -> str:
    return f"{kind}:{key}:{MEMBER}"


def things(kind: Kind, found: Sequence[Thing]) -> Iterator[Record]:
    """Each with the one entitlement on it."""
    for each in found:
        yield Resource(kind, each.key, each.name, each.description)
        id = entitlement_id(kind, each.key)
        yield Entitlement(id, kind, each.key, MEMBER, each.name, each.description)


def types(kinds: Collection[Kind]) -> Iterator[Record]:
    yield ResourceType("user", "Account")
    yield from (ResourceType(kind, name) for kind, name in TYPES.items() if kind in kinds)


def account(member: Member, roles: Mapping[str, str]) -> Account:
    """`roles` are names by key."""
    return Account(
        id=member.key,
        login=member.email,
        email=member.email,
        name=member.name,
        status="enabled" if member.is_active else "disabled",
        status_word="Active" if member.is_active else "Deactivated",
        employee_id=member.employee_id,
        profile={
            "title": member.title,
            "department": member.department,
            "last_login": member.last_in,
            "roles_from_identity_provider": ", ".join(roles.get(each, each) for each in member.provided),
        },
    )


def held(member: Member, kinds: Collection[Kind]) -> Iterator[Grant]:
    for kind, keys in (("role", member.roles), ("group", member.groups)):
        for key in keys if kind in kinds else ():
            yield Grant(member.key, entitlement_id(kind, key))
