"""What accounts hold once that is gone which is to be taken from them."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from connectors.models import ACCESS, Account, Grant, ProvisionOrder

ROLE = "role"
"""Without any of this kind an account of an app that has them can sign in and do nothing."""
GOING = (*ProvisionOrder.UNDONE, ProvisionOrder.Status.REMOVED)
Verb = ProvisionOrder.Verb


@dataclass(frozen=True, slots=True)
class Remaining:
    """Of one account."""

    account: Account
    stays: Sequence[Grant]
    """By kind and name, without Access."""
    access: Grant | None
    """Access, if it stays."""
    had_roles: bool

    @property
    def has_roles(self) -> bool:
        return any(grant.entitlement.kind == ROLE for grant in self.stays)

    @property
    def is_bare(self) -> bool:
        """It can still sign in, and holds nothing, or no role where it held some: better shut it."""
        return self.access is not None and (not self.stays or (self.had_roles and not self.has_roles))

    @property
    def sentence(self) -> str:
        what = "no role" if self.stays else "nothing"
        return f"{self.account} would hold {what} more and can still sign in."

    @property
    def kinds(self) -> Sequence[tuple[str, Sequence[Grant]]]:
        """What stays, kind by kind."""
        found: dict[str, list[Grant]] = {}
        for grant in self.stays:
            found.setdefault(grant.entitlement.kind, []).append(grant)
        return list(found.items())


def remaining(
    accounts: Collection[str], without: Collection[tuple[str, str]] = ()
) -> Mapping[str, Remaining]:
    """What these accounts hold once the pairs of account and entitlement in `without` are gone, and whatever
    an order takes from them. In two queries."""
    orders = ProvisionOrder.objects.filter(
        account__in=accounts, verb__in=(Verb.REVOKE, Verb.DISABLE), status__in=GOING
    )
    going = {*without, *orders.values_list("account", "entitlement")}
    rows = Grant.objects.here().filter(account__in=accounts)
    held: dict[str, list[Grant]] = defaultdict(list)
    for grant in rows.select_related("account", "entitlement__resource").order_by(
        "entitlement__kind", "entitlement__search_text", "pk"
    ):
        held[grant.account_id].append(grant)
    return {key: _remaining(grants, going) for key, grants in held.items()}


def _remaining(grants: Sequence[Grant], going: Collection[tuple[str, str]]) -> Remaining:
    stays = [grant for grant in grants if (grant.account_id, grant.entitlement_id) not in going]
    return Remaining(
        grants[0].account,
        [grant for grant in stays if grant.entitlement.external_id != ACCESS],
        next((grant for grant in stays if grant.entitlement.external_id == ACCESS), None),
        any(grant.entitlement.kind == ROLE for grant in grants),
    )
