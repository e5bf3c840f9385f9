"""Coupa's JSON for its records, one value at a time, so that a page costs what was asked of it."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tests.fakes.coupa.filters import BadQuery
from tests.fakes.coupa.people import LICENCES, SHOWN, Thing, User
from tests.fakes.coupa.tenant import Tenant

WRITTEN = {"treasury-user": "treasury_user"}
"""One flag comes with an underscore, as in a table of Coupa's."""
DATE = "2025-03-{:02d}T09:{:02d}:00-08:00"
USER = (
    "id", "login", "email", "firstname", "lastname", "fullname", "employee-number", "sso-identifier",
    "authentication-method", "active", "api-user", "supplier-user", "support-user", "supplier-id",
    "account-security-type", "created-at", "updated-at", "manager", "department", "roles", "user-groups",
    "account-groups",
)  # fmt: skip
DEFAULT_USER = (*USER, *SHOWN)
EVERY_USER = (*USER, *LICENCES, "type")
ROLE = ("id", "name", "description", "omnipotent", "system-role", "created-at", "updated-at")
GROUP = (
    "id",
    "name",
    "description",
    "active",
    "type",
    "can-approve",
    "open",
    "owner",
    "created-at",
    "updated-at",
    "users",
)
ACCOUNT_GROUP = ("id", "name", "account-group-type")
KEYS = {"user": EVERY_USER, "role": ROLE, "group": GROUP, "account_group": ACCOUNT_GROUP}


class Record(Mapping[str, Any]):
    """A user, role or group, rendered when looked at."""

    def __init__(self, tenant: Tenant, thing: User | Thing, kind: str) -> None:
        self._tenant, self._thing, self._kind = tenant, thing, kind

    def __getitem__(self, key: str) -> Any:
        if isinstance(self._thing, User):
            if key in self._thing.missing:
                raise KeyError(key)
            return _user_value(self._tenant, self._thing, key)
        return _thing_value(self._tenant, self._thing, self._kind, key)

    @property
    def missing(self) -> frozenset[str]:
        """Keys that are left out of this record, though others of its kind have them."""
        return self._thing.missing if isinstance(self._thing, User) else frozenset()

    def __iter__(self) -> Iterator[str]:
        return iter([key for key in KEYS[self._kind] if key in self])

    def __len__(self) -> int:
        return len(list(iter(self)))

    def shown(self, fields: list[Any] | None) -> dict[str, Any]:
        """As in an answer: the default shape, or only what `fields` names."""
        if fields is None:
            keys = DEFAULT_USER if self._kind == "user" else KEYS[self._kind]
            return {WRITTEN.get(key, key): self[key] for key in keys if key in self}
        told: dict[str, Any] = {}
        for wish in fields:
            pairs: Any = wish.items() if isinstance(wish, dict) else [(wish, None)]
            for written, inner in pairs:
                key = written.replace("_", "-")
                if key in self:
                    told[WRITTEN.get(key, key)] = _only(self[key], inner)
        return told


def parse_fields(text: str | None) -> list[Any] | None:
    if text is None:
        return None
    try:
        fields = json.loads(text)
    except ValueError:
        raise BadQuery("fields is not JSON") from None
    if not isinstance(fields, list):
        raise BadQuery("fields is not a list")
    return fields


def _only(value: Any, keys: list[str] | None) -> Any:
    if keys is None or value is None:
        return value
    if isinstance(value, list):
        return [_only(inner, keys) for inner in value]
    return {key: value[key] for key in (key.replace("_", "-") for key in keys) if key in value}


def _user_value(tenant: Tenant, user: User, key: str) -> Any:
    if key in LICENCES:
        return None if key in user.unknown else key in user.flags
    match key:
        case "roles":
            return [_brief(tenant.roles[role]) for role in sorted(user.roles) if role in tenant.roles]
        case "user-groups":
            return [_brief(tenant.groups[group]) for group in sorted(user.groups) if group in tenant.groups]
        case "account-groups":
            held = sorted(user.account_groups)
            return [_brief(tenant.account_groups[group]) for group in held if group in tenant.account_groups]
        case "api-user" | "supplier-user" | "support-user":
            return user.kind == key.removesuffix("-user")
        case "manager":
            boss = tenant.users.get(user.manager or 0)
            return {"id": boss.id, "login": boss.login, "fullname": boss.full} if boss else None
        case "department":
            return {"id": len(user.department), "name": user.department} if user.department else None
        case "created-at" | "updated-at":
            return DATE.format(user.id % 28 + 1, user.id % 60)
    own: dict[str, Any] = {
        "id": user.id, "login": user.login, "email": user.email, "firstname": user.first,
        "lastname": user.last, "fullname": user.full, "employee-number": user.number, "active": user.active,
        "type": user.kind or None,
        "sso-identifier": user.email, "authentication-method": "saml" if user.email else "coupa_credentials",
        "supplier-id": user.id * 7 if user.kind == "supplier" else None, "account-security-type": 0,
    }  # fmt: skip
    return own[key]


def _thing_value(tenant: Tenant, thing: Thing, kind: str, key: str) -> Any:
    if key == "users" and kind == "group":
        return [
            {"id": user.id, "login": user.login, "email": user.email} for user in tenant.members(thing.id)
        ]
    if key == "owner":
        owner = tenant.users.get(thing.owner or 0)
        return {"id": owner.id, "login": owner.login, "fullname": owner.full} if owner else None
    own: dict[str, Any] = {
        **_brief(thing),
        "created-at": DATE.format(thing.id % 28 + 1, 0), "updated-at": DATE.format(thing.id % 28 + 1, 1),
        "account-group-type": "Ledger",
        "active": thing.active, "type": "Project" if thing.project else None,
        "can-approve": thing.id % 3 == 0, "open": False,
        "omnipotent": thing.omnipotent, "system-role": thing.id < 10_000,
    }  # fmt: skip
    return own[key]


def _brief(thing: Thing) -> dict[str, Any]:
    return {"id": thing.id, "name": thing.name, "description": thing.description}
