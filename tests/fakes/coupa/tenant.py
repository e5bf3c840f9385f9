"""The state of a pretend Coupa, the verbs that change it, and the truth about it."""

import bisect
import random
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from tests.fakes.coupa.habits import Habits
from tests.fakes.coupa.people import (
    LICENCES,
    Size,
    Thing,
    User,
    make_account_groups,
    make_groups,
    make_roles,
    make_users,
)

STAYS = frozenset({"purchasing-user", "contracts-user"})
"""Licences that Coupa says it revoked, and keeps."""

MEMBERSHIP = 1_000_000
"""A membership's id: the group's times this, and the user's."""


class Tenant:
    """Ids rise, as Coupa's do; whoever reads or writes holds `lock`."""

    def __init__(self, size: Size, seed: int, people: Sequence[dict[str, str]]) -> None:
        self.lock = threading.RLock()
        roles, groups = make_roles(size.roles), make_groups(size.groups)
        self.roles = {role.id: role for role in roles}
        self.groups = {group.id: group for group in groups}
        self.users = {user.id: user for user in make_users(size, roles, groups, seed, people)}
        self.account_groups = {each.id: each for each in make_account_groups(size.account_groups)}
        for user in self.users.values():
            user.account_groups = {identity for identity in self.account_groups if user.id % identity == 0}
        self.order = sorted(self.users)
        self.draw = random.Random(seed)

    def users_after(self, identity: int) -> Iterator[User]:
        for place in range(bisect.bisect_right(self.order, identity), len(self.order)):
            yield self.users[self.order[place]]

    def members(self, group: int) -> list[User]:
        return [self.users[identity] for identity in self.order if group in self.users[identity].groups]

    def add_user(self, user: User) -> None:
        with self.lock:
            self.users[user.id] = user
            bisect.insort(self.order, user.id)

    def remove_user(self, identity: int) -> None:
        with self.lock:
            del self.users[identity]
            self.order.remove(identity)

    def add_thing(self, kind: str, name: str) -> int:
        with self.lock:
            things = self.roles if kind == "role" else self.groups
            identity = max(things, default=0) + 1
            things[identity] = Thing(identity, name)
            return identity

    def remove_thing(self, kind: str, identity: int) -> None:
        with self.lock:
            del (self.roles if kind == "role" else self.groups)[identity]
            for user in self.users.values():
                (user.roles if kind == "role" else user.groups).discard(identity)

    def hold(self, identity: int, entitlement: str, *, holds: bool) -> None:
        """Give or take one entitlement, without any of the API's habits."""
        kind, resource, _ = entitlement.split(":")
        with self.lock:
            user = self.users[identity]
            sets: dict[str, set[Any]] = {"role": user.roles, "group": user.groups, "license": user.flags}
            held = sets.get(kind, user.account_groups)
            (held.add if holds else held.discard)(resource if kind == "license" else int(resource))

    def end_membership(self, membership: int) -> bool:
        """Whether there was one."""
        group, identity = divmod(membership, MEMBERSHIP)
        with self.lock:
            user = self.users.get(identity)
            if user is None or group not in user.groups:
                return False
            user.groups.discard(group)
            return True

    def hush(self, identity: int, licences: frozenset[str], *, missing: bool) -> None:
        with self.lock:
            user = self.users[identity]
            user.missing = licences if missing else frozenset()
            user.unknown = frozenset() if missing else licences

    def put(self, identity: int, wish: Mapping[str, Any], habits: Habits | None = None) -> None:
        """A PUT on a user: lists add, null and empty lists clear, the unknown is passed over in silence."""
        habits = habits or Habits()
        with self.lock:
            user = self.users[identity]
            for key, value in wish.items():
                key = key.replace("_", "-")
                if key == "roles":
                    _put_list(user.roles, value, _offered("role", self.roles, habits), habits)
                elif key == "user-groups":
                    _put_list(user.groups, value, _offered("group", self.groups, habits), habits)
                elif key == "active" and isinstance(value, bool):
                    user.active = value
                elif key in LICENCES and value is True:
                    user.flags.add(key)
                elif key in LICENCES and key not in STAYS:
                    user.flags.discard(key)

    def truth(self) -> list[dict[str, Any]]:
        """What an export of the whole tenant must say, sorted by type and ids."""
        with self.lock:
            lines = [*map(_account, self.users.values()), *self._entitlements()]
            for user in self.users.values():
                lines += [_grant(user, entitlement) for entitlement in held_by(user)]
        return sorted(lines, key=line_order)

    def _entitlements(self) -> Iterator[dict[str, Any]]:
        for role in self.roles.values():
            yield _entitlement("role", str(role.id), role.name, "member")
        for group in self.groups.values():
            yield _entitlement("group", str(group.id), group.name, "member")
        for thing in self.account_groups.values():
            yield _entitlement("account_group", str(thing.id), thing.name, "member")
        for flag, name in LICENCES.items():
            yield _entitlement("license", flag, name, "assigned")


def held_by(user: User) -> Iterator[str]:
    yield from (f"role:{role}:member" for role in user.roles)
    yield from (f"group:{group}:member" for group in user.groups)
    yield from (f"account_group:{group}:member" for group in user.account_groups)
    yield from (f"license:{flag}:assigned" for flag in user.flags)


def line_order(line: Mapping[str, Any]) -> tuple[str, str, str]:
    """Accounts, entitlements, grants; each by its ids as text."""
    return line["type"], line.get("account_id") or line["id"], line.get("entitlement_id", "")


def _account(user: User) -> dict[str, Any]:
    told = {"login": user.login, "email": user.email or "", "name": user.shown_name, "active": user.active}
    return {"type": "account", "id": str(user.id), **told}


def _entitlement(kind: str, resource: str, name: str, slug: str) -> dict[str, Any]:
    own = {"type": "entitlement", "id": f"{kind}:{resource}:{slug}"}
    return {**own, "resource_type": kind, "resource_id": resource, "name": name, "slug": slug}


def _grant(user: User, entitlement: str) -> dict[str, Any]:
    return {"type": "grant", "account_id": str(user.id), "entitlement_id": entitlement}


def _offered(kind: str, things: Mapping[int, Thing], habits: Habits) -> dict[int, Thing]:
    return {key: thing for key, thing in things.items() if f"{kind}:{key}" not in habits.passes_over}


def _put_list(held: set[int], value: Any, things: Mapping[int, Thing], habits: Habits) -> None:
    if not value:
        if not habits.keeps_lists and not (habits.only_empty_lists and value is None):
            held.clear()
    elif isinstance(value, list):
        found = set(_found(value, things))
        if habits.replaces_lists:
            held.clear()
        held.update(found)


def _found(wishes: Iterable[Any], things: Mapping[int, Thing]) -> Iterator[int]:
    """Things named by id or by name; the others do not exist, and Coupa says nothing about it."""
    by_name = {thing.name: thing.id for thing in things.values()}
    for wish in wishes:
        identity = wish.get("id") or by_name.get(wish.get("name"), "")
        if str(identity).isdigit() and int(identity) in things:
            yield int(identity)
