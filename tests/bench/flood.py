"""An app of as many grants as are wished, without any network: what a load costs on our side alone."""

from collections.abc import Collection, Iterator, Sequence

from connectors.contract import (
    Account,
    Batch,
    Call,
    Check,
    Entitlement,
    Grant,
    Kind,
    NotCounted,
    Record,
    Resource,
    ResourceType,
)

EACH = 20
"""Grants of one account."""
ROLES = 600
STEP = 31
"""Has no divisor in common with the number of roles: an account holds none twice."""
TOGETHER = 250
"""Accounts of a batch: 5,000 grants, about what drivers gather."""
SWAPS = 5
"""In a changed flood every so manieth account holds another role in the place of its first."""


class Flood:
    """A driver. `changed`: one grant in a hundred is another one, spread over all batches."""

    def __init__(self, grants: int, *, changed: bool = False) -> None:
        self._accounts = grants // EACH
        self._changed = changed
        self._ids = [_entitlement(number) for number in range(ROLES)]

    def check(self) -> Check:
        return Check(needed=(), granted=())

    def walk(self, kinds: Collection[Kind], cursor: str = "") -> Iterator[Batch]:
        """Never goes on from a cursor: the bench does not end half-way."""
        roles: list[Record] = [ResourceType("role", "Role")]
        for number in range(ROLES):
            roles.append(Resource("role", str(number), f"Role {number}"))
            roles.append(Entitlement(_entitlement(number), "role", str(number), "member", f"Role {number}"))
        yield Batch(records=roles, cursor="0")
        for first in range(0, self._accounts, TOGETHER):
            some = range(first, min(first + TOGETHER, self._accounts))
            records: list[Record] = [_account(number) for number in some]
            records += [grant for number in some for grant in self._held(number)]
            yield Batch(records=records, cursor=str(some.stop))
        yield Batch(cursor="end", complete=("user", "role"))

    def recount(self, kinds: Collection[Kind], cursor: str = "") -> Iterator[Batch]:
        raise NotCounted("There is one way only.")

    def granted(self) -> tuple[str, ...]:
        return ()

    def holders(self, entitlement_id: str) -> tuple[frozenset[str], Sequence[Call]]:
        every = (grant for number in range(self._accounts) for grant in self._held(number))
        return frozenset(each.account_id for each in every if each.entitlement_id == entitlement_id), ()

    def read(self, account_id: str) -> Batch:
        number = int(account_id)
        return Batch(records=[_account(number), *self._held(number)])

    def close(self) -> None:
        """Nothing is open."""

    def _held(self, account: int) -> Iterator[Grant]:
        first = 1 if self._changed and account % SWAPS == 0 else 0
        key = str(account)
        for place in range(first, first + EACH):
            role = EACH if place == EACH else place
            yield Grant(key, self._ids[(account * 7 + role * STEP) % ROLES])


def _account(number: int) -> Account:
    login = f"person.{number}"
    return Account(
        id=str(number),
        login=login,
        email=f"{login}@example.com",
        name=f"Person {number}",
        status="enabled",
        status_word="active",
    )


def _entitlement(role: int) -> str:
    return f"role:{role}:member"
