"""Somebody asks that access be removed, outside of any review: who may ask it of what, and why (row B19)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from connectors.actions.accounts import Chosen
from connectors.actions.orders import Wish, want_many
from connectors.actions.permission import may_ask_removal
from connectors.models import ACCESS, Account, App, Entitlement, EntitlementOwner, Grant, ProvisionOrder
from connectors.queries.remaining import GOING, remaining
from core.errors import Denied, NotPossible
from core.models import Role, User

MOST = 5_000
"""Orders that are made at once."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be removed of some accounts: these entitlements, by key, or all they hold."""

    accounts: Chosen
    entitlements: Collection[str] = ()
    everything: bool = False

    def grants(self, app: App) -> QuerySet[Grant]:
        """The holdings that would end."""
        keys = self.accounts.found(app)
        if len(keys) > MOST:
            raise NotPossible(
                f"More than {MOST:,} accounts at once are too many. Narrow down what you chose."
            )
        rows = Grant.objects.here().filter(account__app=app, account__in=keys)
        if not self.everything:
            rows = rows.filter(entitlement__in=list(self.entitlements))
        return rows.select_related("account__app", "account__person", "entitlement")


@transaction.atomic
def ask(app: App, asked: Asked, *, by: User | None, reason: str, number: int) -> Sequence[ProvisionOrder]:
    """Make an order for each of these holdings. `number`: how many there were when somebody said yes.

    Raises Denied if this person may not ask it of all of them.
    """
    if not reason.strip():
        raise NotPossible("Give a reason: it goes into the trail.")
    grants = list(asked.grants(app).order_by("account_id", "pk")[: MOST + 1])
    if not grants:
        raise NotPossible("Nothing was chosen, or it is held no more.")
    if len(grants) > MOST:
        raise NotPossible(f"More than {MOST:,} at once are not removed. Narrow down what you chose.")
    if len(grants) != number:
        raise NotPossible(f"It is {len(grants):,} by now, and was {number:,} when you looked. Look again.")
    must_ask_removal_of(app, asked.grants(app), by)
    who = by.name if by else "an operator"
    said = f"{reason.strip()} (asked by {who})"
    return want_many([_wish(grant, said) for grant in grants], by=by, asks_first=asks_first(app, by))


def asks_first(app: App, by: User | None) -> bool:
    """Whether what this person asks for waits until an owner of the app confirms it: theirs and a Super
    Administrator's word is enough, and anybody's where the app is set so."""
    return by is not None and not may_ask_removal(app, by) and app.when_asked == App.WhenAsked.CONFIRMED


@transaction.atomic
def disable_too(order: ProvisionOrder, *, by: User | None) -> ProvisionOrder:
    """Have the account disabled as well that this order leaves without a role. Raises Denied, NotPossible."""
    access = access_to_end(order)
    if access is None:
        raise NotPossible("The account is disabled already, about to be, or still holds a role.")
    must_ask_removal_of(order.app, Grant.objects.filter(pk=access.pk), by)
    who = by.name if by else "an operator"
    said = f"{order.reason} The account holds no role more (asked by {who})."
    wish = Wish(access.account, access.entitlement, ProvisionOrder.Verb.DISABLE, said, access.pk)
    return want_many([wish], by=by, asks_first=asks_first(order.app, by))[0]


def access_to_end(order: ProvisionOrder) -> Grant | None:
    """Access of the account that this order leaves without a role; None where it leaves one, or takes
    nothing."""
    if order.verb != ProvisionOrder.Verb.REVOKE or order.status not in GOING:
        return None
    after = remaining([order.account_id]).get(order.account_id)
    if after is None or after.access is None or not after.is_bare:
        return None
    return Grant.objects.select_related("account__app", "entitlement").get(pk=after.access.pk)


def may_ask_removal_of(app: App, grants: QuerySet[Grant], user: User) -> bool:
    try:
        must_ask_removal_of(app, grants, user)
    except Denied:
        return False
    return True


def left_with_nothing(app: App, asked: Asked) -> int:
    """How many of the accounts would then hold nothing more, but could still sign in."""
    if asked.everything:
        return 0
    grants = asked.grants(app)
    touched = Account.objects.filter(pk__in=grants.values("account"))
    others = Grant.objects.here().filter(account=OuterRef("pk")).exclude(pk__in=grants.values("pk"))
    signs_in = others.filter(entitlement__external_id=ACCESS)
    holds_more = others.exclude(entitlement__external_id=ACCESS)
    return touched.filter(Exists(signs_in), ~Exists(holds_more)).count()


def may_reach(app: App, accounts: Collection[str], user: User) -> bool:
    """Whether somebody who does not see the app may look at what these accounts hold, to ask for its removal:
    their own, those of who reports to them, and for the helpdesk anybody's."""
    if not user.is_active or not accounts or app.status == App.Status.DELETED:
        return False
    if user.has_role(Role.HELPDESK):
        return True
    rows = Account.objects.filter(app=app, pk__in=accounts)
    return not rows.exclude(Q(person=user) | Q(person__managers=user)).exists()


def may_ask_about(person: User, user: User) -> bool:
    """Whether this person may ask that somebody lose what they hold, wherever it is."""
    manages = person.managers.filter(pk=user.pk)
    return user.is_active and (person == user or user.has_role(Role.HELPDESK) or manages.exists())


def may_choose(app: App, accounts: Collection[str], user: User) -> bool:
    """Whoever may ask something of some of these accounts may look at what they could ask."""
    if _may_ask_anything(app, user):
        return True
    if app.is_console:
        return False
    held = Grant.objects.here().filter(account__app=app, account__in=accounts)
    return user.is_active and held.filter(_theirs(user)).exists()


def may_remove(entitlement: Entitlement, user: User) -> bool:
    """Whether this person may ask that anybody lose it."""
    owns = EntitlementOwner.objects.of(user).filter(thing=entitlement)
    if _may_ask_anything(entitlement.app, user):
        return True
    return user.is_active and not entitlement.app.is_console and owns.exists()


def must_choose(app: App, accounts: Collection[str], user: User) -> None:
    if not may_choose(app, accounts, user):
        raise _denied(app)


def must_ask_removal_of(app: App, grants: QuerySet[Grant], user: User | None) -> None:
    """Super Administrators, owners of the app and the helpdesk of anything; owners of an entitlement, who
    manages the account's owner, and the owner themselves, of that."""
    if user is None or _may_ask_anything(app, user):
        return
    if app.is_console:
        raise Denied("Only a Super Administrator can ask that roles of this console be removed.")
    if not user.is_active or not grants.exists() or grants.exclude(_theirs(user)).exists():
        raise _denied(app)


def _may_ask_anything(app: App, user: User) -> bool:
    helps = user.is_active and user.has_role(Role.HELPDESK) and not app.is_console
    return helps or may_ask_removal(app, user)


def _theirs(user: User) -> Q:
    """Holdings whose removal somebody may ask for without a word on the whole app."""
    owns = EntitlementOwner.objects.of(user).filter(thing=OuterRef("entitlement"))
    return Q(Exists(owns)) | Q(account__person__managers=user) | Q(account__person=user)


def _denied(app: App) -> Denied:
    return Denied(
        f"Only a Super Administrator, an owner of {app}, an owner of the entitlement, the manager of whoever"
        " owns the account, they themselves, or the helpdesk can ask that access be removed."
    )


def _wish(grant: Grant, reason: str) -> Wish:
    verb = ProvisionOrder.Verb.REVOKE
    return Wish(grant.account, grant.entitlement, verb, reason, grant.pk)
