"""The Coupa driver: a few cheap calls, the walk, the proof, one account, changes."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from connectors.contract import (
    Batch,
    Call,
    Check,
    DriverError,
    Grant,
    Kind,
    Outside,
    Record,
)
from connectors.contract_writing import Journal, Receipt
from connectors.drivers.coupa import records, recount
from connectors.drivers.coupa.capabilities import OPTIONAL, kinds_on, needed
from connectors.drivers.coupa.checking import Checking
from connectors.drivers.coupa.client import PAGE, CoupaClient
from connectors.drivers.coupa.domain import clean_domain, origin
from connectors.drivers.coupa.position import decode
from connectors.drivers.coupa.provisioning import Provisioning
from connectors.drivers.coupa.recount import Recount
from connectors.drivers.coupa.sampling import licences_shown
from connectors.drivers.coupa.shapes import Row
from connectors.drivers.coupa.walk import Walk
from connectors.http import Api, ClientCredentials


def open_coupa(settings: Mapping[str, str], outside: Outside) -> "CoupaDriver":
    """No network. Raises `BadSettings` if the domain is no longer allowed."""
    base = origin(clean_domain(settings["domain"], outside.extra_hosts))
    kinds = kinds_on(outside.kinds)
    scopes = needed(settings, kinds)
    credentials = ClientCredentials(
        f"{base}/oauth2/token", settings["client_id"], settings["client_secret"], scopes
    )
    return CoupaDriver(CoupaClient(Api("Coupa", base, credentials, outside)), scopes, kinds)


class CoupaDriver:
    """Reads one Coupa tenant, and changes it where its settings allow. Safe to abandon at any moment."""

    def __init__(self, client: CoupaClient, scopes: tuple[str, ...], kinds: Collection[Kind]) -> None:
        self._client = client
        self._scopes = scopes
        self._kinds = kinds
        self._flags: tuple[str, ...] | None = None
        self._provisioning = Provisioning(client, scopes)

    def check(self) -> Check:
        """A token, one user, one role, one group. Raises `MissingScope` with all that is lacking in it."""
        self._client.make_do(without=False)
        return Checking(self._client, self._scopes, optional=OPTIONAL).check()

    def walk(self, kinds: Collection[Kind], cursor: str = "") -> Iterator[Batch]:
        """Everything of these kinds; nothing more after the cursor of the last batch.

        Accounts come with any kind, since grants name them. A kind whose scope the client has not been
        given is a gap.
        """
        self._client.make_do(without=True)
        return Walk(self._client, kinds, decode(cursor)).batches()

    def recount(self, kinds: Collection[Kind], cursor: str = "") -> Iterator[Batch]:
        """By GraphQL where `walk` asks REST; where a tenant has none, by REST in Coupa's own shape.

        At about the cost of a walk. Raises `NotCounted` if that shape leaves out what is to be counted.
        """
        self._client.make_do(without=True)
        return Recount(self._client, kinds, recount.decode(cursor)).batches()

    def granted(self) -> tuple[str, ...] | None:
        return self._client.granted()

    def holders(self, entitlement_id: str) -> tuple[frozenset[str], Sequence[Call]]:
        """The holders by GraphQL, filtered by Coupa itself, where `walk` reads them off each user by REST."""
        self._client.make_do(without=True)
        self._client.take_calls()
        if match := records.NUMBERED.fullmatch(entitlement_id):
            kind, number = match.groups()
            if kind == "group":
                found = self._members(number)
            else:
                key = records.HELD_IN[kind].replace("-", "_")
                found = self._filtered(f"{key}[id]={number}")
        elif match := records.LICENCE.fullmatch(entitlement_id):
            found = self._filtered(f"{match[1]}=true")
        else:
            raise DriverError(f"“{entitlement_id}” is not an entitlement of Coupa's.")
        return frozenset(found), self._client.take_calls()

    def read(self, account_id: str) -> Batch:
        """The account with its grants, no records if Coupa has no such user."""
        if not (account_id.isascii() and account_id.isdigit()):
            raise DriverError(f"“{account_id}” is not the id of a Coupa user.")
        self._client.make_do(without=True)
        self._client.take_calls()
        if self._flags is None:
            self._flags = licences_shown(self._client)
        found: list[Record] = []
        silent: list[Grant] = []
        if record := self._client.one("user", account_id, records.user_fields(self._flags, self._kinds)):
            found = [records.account(record), *self._held(record, self._flags)]
            silent = [records.licence_grant(record, flag) for flag in records.untold(record, self._flags)]
        return Batch(records=found, calls=self._client.take_calls(), silent=silent)

    def grant(self, account_id: str, entitlement_id: str, journal: Journal) -> Receipt:
        return self._provisioning.grant(account_id, entitlement_id, journal)

    def revoke(self, account_id: str, entitlement_id: str, journal: Journal) -> Receipt:
        return self._provisioning.revoke(account_id, entitlement_id, journal)

    def enable(self, account_id: str, journal: Journal) -> Receipt:
        return self._provisioning.enable(account_id, journal)

    def disable(self, account_id: str, journal: Journal) -> Receipt:
        return self._provisioning.disable(account_id, journal)

    def close(self) -> None:
        self._client.close()

    def _held(self, record: Row, flags: tuple[str, ...]) -> Iterator[Grant]:
        for kind in records.HELD_IN:
            for held in record.list(records.HELD_IN[kind]) if kind in self._kinds else ():
                yield Grant(str(record.id), records.entitlement_id(kind, held.id))
        yield from records.licence_grants(record, flags)

    def _members(self, group: str) -> Iterator[str]:
        query = f'query {{ userGroups(query: "id={group}") {{ id users {{ id }} }} }}'
        for found in self._client.graphql(query, "group", "userGroups"):
            for member in found.list("users"):
                yield str(member.id)

    def _filtered(self, condition: str) -> Iterator[str]:
        after, full = 0, True
        while full:
            query = f'query {{ users(query: "{condition}&id[gt]={after}") {{ id }} }}'
            page = [user.id for user in self._client.graphql(query, "user", "users") if user.id > after]
            yield from map(str, page)
            full = len(page) >= PAGE
            after = max(page, default=after)
