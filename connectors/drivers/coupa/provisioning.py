"""Changes a user of Coupa's: roles, groups, licences, active or not. Every change is read back."""

from collections.abc import Callable, Collection, Sequence

from connectors.contract import DriverError, Kind, MissingScope, TransientError
from connectors.contract_writing import Journal, Receipt
from connectors.drivers.coupa import outcomes, records
from connectors.drivers.coupa.client import WRITES, CoupaClient, unwritable
from connectors.drivers.coupa.lists import Change, Gone, UsersList
from connectors.drivers.coupa.outcomes import Outcome
from connectors.drivers.coupa.shapes import Row
from connectors.http import Refused

NO_MEMBERSHIPS = frozenset({404, 405, 501})
"""Answers to a DELETE where this tenant ends no memberships, or it was ended meanwhile."""
READ_ONLY = "This connector only reads. To have changes made, choose “Read and write” in its settings."


class Provisioning:
    """The four verbs of a `Provisioner`, for the scopes that are to be asked for."""

    def __init__(self, client: CoupaClient, scopes: Collection[str]) -> None:
        self._client = client
        self._scopes = scopes

    def grant(self, user: str, entitlement_id: str, journal: Journal) -> Receipt:
        kind, thing = _meant(entitlement_id)

        def give() -> Outcome:
            if kind == "license":
                return self._licence(user, thing, wished=True)
            held = UsersList(self._client, user, kind, journal)
            return outcomes.given(user, held, int(thing), held.add(int(thing)))

        return self._receipt(user, give, journal, gone_is_done=False)

    def revoke(self, user: str, entitlement_id: str, journal: Journal) -> Receipt:
        kind, thing = _meant(entitlement_id)

        def take() -> Outcome:
            if kind == "license":
                return self._licence(user, thing, wished=False)
            held = UsersList(self._client, user, kind, journal)
            if kind == "group":
                return self._left(user, held, int(thing))
            return outcomes.taken(user, held, int(thing), held.take(int(thing)))

        return self._receipt(user, take, journal, gone_is_done=True)

    def enable(self, user: str, journal: Journal) -> Receipt:
        return self._receipt(user, lambda: self._switched(user, wished=True), journal, gone_is_done=False)

    def disable(self, user: str, journal: Journal) -> Receipt:
        return self._receipt(user, lambda: self._switched(user, wished=False), journal, gone_is_done=True)

    def _receipt(
        self, user: str, change: Callable[[], Outcome], journal: Journal, *, gone_is_done: bool
    ) -> Receipt:
        if not (user.isascii() and user.isdigit()):
            raise DriverError(f"“{user}” is not the id of a Coupa user.")
        self._client.take_calls()
        try:
            self._must_write()
            try:
                made = change()
            except Gone:
                made = self._gone(user, journal, is_done=gone_is_done)
        except (DriverError, TransientError) as problem:
            problem.calls = self._client.take_calls()
            raise
        return Receipt(self._client.take_calls(), made.changed, made.agrees, made.said)

    def _must_write(self) -> None:
        """Raises `MissingScope` before anything is changed; scopes that no change needs may be lacking."""
        if WRITES["user"] not in self._scopes:
            raise MissingScope(READ_ONLY)
        self._client.make_do(without=True)
        self._client.sign_in()
        if WRITES["user"] in self._client.withheld():
            raise MissingScope(unwritable("user"))

    def _gone(self, user: str, journal: Journal, *, is_done: bool) -> Outcome:
        """Who does not exist holds nothing, if Coupa's list says so too."""
        if any(str(found.id) == user for found in self._client.page("user", ["id"], int(user) - 1)):
            raise TransientError(f"Coupa lists user {user}, and says that there is none when asked for it.")
        if journal.get():
            journal.put({})
        if not is_done:
            raise DriverError(f"Coupa has no user {user} any more, so nothing can be given to it.")
        return Outcome(said=f"Coupa has no user {user} any more.", changed=False)

    def _left(self, user: str, held: UsersList, group: int) -> Outcome:
        """By ending the membership, which touches nothing else; where that is not offered, as with roles."""
        is_ours = held.recover(group)
        before = held.now()
        if group not in before:
            return outcomes.taken(user, held, group, Change(before, changed=is_ours))
        problem, is_ended = None, True
        try:
            is_ended = self._is_membership_ended(user, str(group))
        except TransientError as met:
            problem = met
        after = held.now()
        if problem and group in after:
            raise problem
        if is_ended or group not in after:
            return outcomes.taken(user, held, group, Change(after, changed=True))
        if owned := self._owned_beside(user, str(group)):
            return outcomes.administers(user, owned)
        return outcomes.taken(user, held, group, held.take(group))

    def _is_membership_ended(self, user: str, group: str) -> bool:
        """Whether Coupa took the request; False where it knows no such thing."""
        found = self._client.memberships(user, f"user_group_id={group}") or ()
        mine = [membership for membership in found if _group_of(membership) == group]
        try:
            for membership in mine:
                self._client.end_membership(membership.id)
        except Refused as refusal:
            if refusal.status not in NO_MEMBERSHIPS:
                raise
            return False
        return bool(mine)

    def _owned_beside(self, user: str, group: str) -> Sequence[str]:
        """Other groups that the user administers: emptying the list would end that as well."""
        found = self._client.memberships(user, "owner=true") or ()
        owned = [_group_of(membership) for membership in found if membership.values.get("owner") is True]
        return [each for each in owned if each != group]

    def _licence(self, user: str, flag: str, *, wished: bool) -> Outcome:
        # Tenants spell some flags with underscores: the second is tried where the first does nothing.
        spellings = dict.fromkeys((flag, flag.replace("-", "_")))
        changed, held = self._set(user, flag, spellings, wished=wished)
        return outcomes.licensed(user, flag, wished=wished, held=held, changed=changed)

    def _switched(self, user: str, *, wished: bool) -> Outcome:
        changed, active = self._set(user, "active", ("active",), wished=wished)
        return outcomes.switched(user, wished=wished, active=active, changed=changed)

    def _set(
        self, user: str, flag: str, spellings: Collection[str], *, wished: bool
    ) -> tuple[bool, bool | None]:
        """Whether something was changed, and what the flag says then; None if Coupa tells neither."""
        held = self._told(user, flag)
        if held is wished:
            return False, held
        for spelling in spellings:
            problem = None
            try:
                self._client.change(user, {spelling: wished})
            except TransientError as met:
                problem = met
            held = self._told(user, flag)
            if held is wished:
                return True, held
            if problem:
                raise problem
        return False, held

    def _told(self, user: str, flag: str) -> bool | None:
        record = self._client.one("user", user, ["id", flag])
        if record is None:
            raise Gone
        value = record.values.get(flag)
        return value if isinstance(value, bool) else None


def _group_of(membership: Row) -> str:
    return membership.text("user-group-id") or membership.inner("user-group", "id")


def _meant(entitlement_id: str) -> tuple[Kind, str]:
    """Kind and id of what is to be given or taken."""
    if match := records.NUMBERED.fullmatch(entitlement_id):
        if match[1] == "account_group":
            raise DriverError("Account groups of Coupa are only read: change them in Coupa.")
        return match[1], match[2]
    if match := records.LICENCE.fullmatch(entitlement_id):
        return "license", match[1]
    raise DriverError(f"“{entitlement_id}” is not an entitlement of Coupa's.")
