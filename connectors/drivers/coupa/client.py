"""Asks Coupa's REST and GraphQL APIs. Trusts no habit of the server: not its order, not one empty page."""

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import islice

from connectors.contract import Call, DriverError, Kind, MissingScope, TransientError
from connectors.drivers.coupa.shapes import Row, answered, complaint, row, rows
from connectors.drivers.coupa.together import together
from connectors.http import Api, Refused

PAGE = 50
"""Coupa's most for any list ("Querying Options")."""
USELESS_ANSWERS = 4

PATHS = {
    "user": "/api/users",
    "role": "/api/roles",
    "group": "/api/user_groups",
    "account_group": "/api/account_groups",
}
PLURALS = {"user": "users", "role": "roles", "group": "user groups", "account_group": "account groups"}
MEMBERSHIPS = "/api/user_group_memberships"
SCOPES = {
    "user": "core.user.read",
    "role": "core.common.read",
    "group": "core.user_group.read",
    "account_group": "core.accounting.read",
}
WRITES = {"user": "core.user.write", "group": "core.user_group.write"}
"""Scopes for changing what a user is and holds, and for ending memberships."""

type Fields = Sequence[str | dict[str, list[str]]]
"""Coupa's `fields` argument ("API Return Formats"); newer fields come only when named in it."""


class CoupaClient:
    """Typed records of one tenant. Raises `MissingScope` where it may not read, else a `DriverError`."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def pages(self, kind: Kind, fields: Fields, after: int = 0) -> Iterator[list[Row]]:
        """Pages with ids beyond `after`, ascending, none twice; the end is a page that is empty twice."""
        while found := self.page(kind, fields, after):
            yield found
            after = found[-1].id

    def page(self, kind: Kind, fields: Fields | None, after: int, *, is_end_due: bool = False) -> list[Row]:
        """The next records in id order, in Coupa's default shape if no fields are named.

        None only if Coupa said so twice: asked twice at once where the end is due, as after a short page.
        """
        return self._beyond(
            kind, lambda: self._list(kind, fields, after=after, limit=PAGE), after, is_end_due=is_end_due
        )

    def graphql_page(self, fields: str, after: int, *, is_end_due: bool = False) -> list[Row]:
        """The next users in id order, by GraphQL; none only if Coupa said so twice."""
        query = f'query {{ users(query: "id[gt]={after}") {{ {fields} }} }}'
        return self._beyond(
            "user", lambda: self.graphql(query, "user", "users"), after, is_end_due=is_end_due
        )

    def is_any_beyond(self, kind: Kind, after: int) -> bool:
        """A hint, not a proof: one cheap call."""
        return any(record.id > after for record in self._list(kind, ["id"], after=after, limit=1))

    def few(self, kind: Kind, fields: Fields | None, most: int) -> list[Row]:
        """At most so many records, in Coupa's default shape if no fields are named."""
        return self._list(kind, fields, after=0, limit=most) or self._list(kind, fields, after=0, limit=most)

    def one(self, kind: Kind, identity: str, fields: Fields) -> Row | None:
        """One record by its id, None if Coupa has no such."""
        path = f"{PATHS[kind]}/{identity}"
        try:
            return self._get(path, {"fields": _compact(fields)}, kind, lambda answer: [row(answer)])[0]
        except Refused as refusal:
            if refusal.status == 404:
                return None
            raise

    def graphql(self, query: str, kind: Kind, field: str) -> list[Row]:
        """The records under the root field `field`."""
        ask = self._api.ask
        return self._worded(
            unreadable(kind),
            lambda: ask("/api/graphql", {"query": query}, kind=kind, read=lambda it: answered(it, field)),
        )

    def change(self, user: str, wish: Mapping[str, object]) -> Row | None:
        """One PUT, sent once: the user as Coupa answered, None if it told nothing of use.

        Lists in it add, null clears ("1.6 Add a Role to a User", "1.7 Remove a Role from a User").
        """
        told = self._worded(
            unwritable("user"), lambda: self._api.put(f"{PATHS['user']}/{user}", wish, kind="user")
        )
        try:
            return row(told)
        except DriverError:
            return None  # it was accepted all the same, and whoever asked reads back

    def memberships(self, user: str, condition: str) -> list[Row] | None:
        """The first of the user's group memberships that fit, such as `owner=true`.

        None if Coupa does not list them here, or lists those of others beside: it then knows no such filter.
        """
        key, _, value = condition.partition("=")
        params = {"user_id": user, key: value, "limit": str(PAGE)}
        try:
            found = self._get(MEMBERSHIPS, params, "group", rows)
        except Refused:
            return None
        is_filtered = all((each.text("user-id") or each.inner("user", "id")) == user for each in found)
        return found if is_filtered else None

    def end_membership(self, membership: int) -> None:
        """One DELETE, sent once. The scope list names it, the page on memberships does not."""
        self._worded(
            unwritable("group"), lambda: self._api.delete(f"{MEMBERSHIPS}/{membership}", kind="group")
        )

    def sleep(self, seconds: float) -> None:
        self._api.clock.sleep(seconds)

    def sign_in(self) -> None:
        self._api.sign_in()

    def granted(self) -> tuple[str, ...] | None:
        return self._api.granted()

    def lacking(self) -> tuple[str, ...]:
        return self._api.lacking()

    def make_do(self, *, without: bool) -> None:
        """Whether to go on with fewer scopes where Coupa gives no token for all."""
        self._api.make_do(without=without)

    def withheld(self) -> tuple[str, ...]:
        return self._api.withheld()

    def may_not_be_read(self, kinds: Collection[Kind]) -> dict[Kind, str]:
        """Those of the kinds whose scope the token in use does without, and why."""
        withheld = self.withheld()
        return {kind: unreadable(kind) for kind in kinds if SCOPES.get(kind) in withheld}

    def take_calls(self) -> tuple[Call, ...]:
        return self._api.take_calls()

    def adopt(self, calls: Sequence[Call]) -> None:
        self._api.adopt(calls)

    def calls_waiting(self) -> int:
        return self._api.calls_waiting()

    def ticks(self) -> float:
        return self._api.clock.ticks()

    def close(self) -> None:
        self._api.close()

    def _beyond(self, kind: Kind, ask: Callable[[], list[Row]], after: int, *, is_end_due: bool) -> list[Row]:
        empty = 0
        for found in islice(self._answers(ask, is_end_due=is_end_due), USELESS_ANSWERS):
            new = {record.id: record for record in found if record.id > after}
            if new:
                return [new[identity] for identity in sorted(new)]
            empty += not found
            if empty == 2:
                return []
        raise TransientError(f"Coupa keeps sending {PLURALS[kind]} that were read already.")

    def _answers(self, ask: Callable[[], list[Row]], *, is_end_due: bool) -> Iterator[list[Row]]:
        if is_end_due:
            yield from together(self, [ask, ask])
        while True:
            yield ask()

    def _list(self, kind: Kind, fields: Fields | None, *, after: int, limit: int) -> list[Row]:
        params = {"id[gt]": str(after), "limit": str(limit)}
        if fields is not None:
            params["fields"] = _compact(fields)
        return self._get(PATHS[kind], params, kind, rows)

    def _get(
        self, path: str, params: dict[str, str], kind: Kind, read: Callable[[object], list[Row]]
    ) -> list[Row]:
        return self._worded(unreadable(kind), lambda: self._api.get(path, params, kind=kind, read=read))

    def _worded[T](self, forbidden: str, asked: Callable[[], T]) -> T:
        """`forbidden` is said where a scope is lacking."""
        try:
            return asked()
        except Refused as refusal:
            if refusal.status == 403:
                raise MissingScope(forbidden) from refusal
            if words := complaint(refusal.answer):
                raise Refused(f"{refusal} It said: {words}", refusal.status, refusal.answer) from refusal
            raise


def unreadable(kind: Kind) -> str:
    return f"The Coupa client may not read {PLURALS[kind]}; it needs the scope {SCOPES[kind]}."


def unwritable(kind: Kind) -> str:
    return f"The Coupa client may not change {PLURALS[kind]}; it needs the scope {WRITES[kind]}."


def _compact(fields: Fields) -> str:
    return json.dumps(fields, separators=(",", ":"))
