"""Orders that somebody asked for wait for an owner of the app, who confirms or refuses them."""

from dataclasses import dataclass
from itertools import batched

from django.db import transaction
from django.utils.timezone import now

from connectors.actions import releasing, telling
from connectors.actions.permission import is_own, must_confirm_order, must_confirm_orders
from connectors.models import App, ProvisionOrder
from connectors.queries.own_accounts import Human
from core.errors import Denied, NotPossible
from core.models import User
from core.trail import record

CHUNK = 500
ASKED = ProvisionOrder.Status.ASKED


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What came of confirming all that waits."""

    number: int
    own: int
    """About the access of whoever confirmed: left to another."""


@transaction.atomic
def confirm(order: ProvisionOrder, *, by: User) -> None:
    """Have it carried out. Never about one's own access."""
    must_confirm_order(order, by)
    _must_wait(order)
    releasing.go_ahead([order], by=by)


@transaction.atomic
def confirm_all(app: App, *, by: User) -> Confirmed:
    """Have all carried out that waits for the owners of this app, however much; what is about one's own
    access is left to another."""
    must_confirm_orders(app, by)
    rows = ProvisionOrder.objects.filter(app=app, status=ASKED).select_for_update(of=("self",), no_key=True)
    found = list(rows.select_related("app", "account", "entitlement").order_by("pk"))
    if not found:
        raise NotPossible("Nothing waits for an owner of the app.")
    human = Human.of(by)
    others = [order for order in found if not human.owns(order.account)]
    if not others:
        raise Denied(f"This is about your own access: another owner of {app} has to confirm it.")
    for chunk in batched(others, CHUNK):
        releasing.go_ahead(chunk, by=by)
    return Confirmed(len(others), len(found) - len(others))


@transaction.atomic
def refuse(order: ProvisionOrder, *, by: User, reason: str) -> None:
    """Nothing is taken away; whoever asked hears why."""
    must_confirm_order(order, by)
    _must_wait(order)
    if not reason.strip():
        raise NotPossible("Say why: whoever asked for it reads it.")
    order.move(ProvisionOrder.Status.DROPPED, confirmed_by=by, confirmed_at=now(), problem=reason.strip())
    record("orders.refused", order, by=by, reason=reason.strip())
    releasing.tell_the_rest(order)
    telling.tell_of_refusal(order, by=by, reason=reason.strip())


def may_confirm(order: ProvisionOrder, user: User) -> bool:
    """Whether this person could confirm or refuse it as it stands."""
    if order.status != ASKED or is_own(order.account, user):
        return False
    try:
        must_confirm_orders(order.app, user)
    except Denied:
        return False
    return True


def _must_wait(order: ProvisionOrder) -> None:
    if order.status != ASKED:
        raise NotPossible(f"It does not wait for an owner: {order.get_status_display().lower()}.")
