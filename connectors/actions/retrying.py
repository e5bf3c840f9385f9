"""Orders tried again together, and made again where what was removed came back."""

from django.db import transaction

from connectors.actions.orders import retry, want
from connectors.actions.permission import must_manage, must_say_done
from connectors.models import Connector, Grant, ProvisionOrder
from connectors.queries.own_accounts import Human
from core.errors import NotPossible
from core.models import User


@transaction.atomic
def retry_failed(connector: Connector, *, by: User | None) -> int:
    """Have all its failed orders tried again but those about one's own access; answers how many."""
    must_manage(connector, by)
    failed = ProvisionOrder.objects.filter(connector=connector, status=ProvisionOrder.Status.FAILED)
    rows = failed.select_related("app", "connector", "account", "entitlement").order_by("pk")
    human = None if by is None else Human.of(by)
    wanted = [order for order in rows if human is None or not human.owns(order.account)]
    for order in wanted:
        retry(order, by=by)
    if not wanted:
        raise NotPossible("No order of this connector has failed.")
    return len(wanted)


def want_again(order: ProvisionOrder, *, by: User | None) -> ProvisionOrder:
    """A new order for the same, where what was removed came back."""
    must_say_done(order, by)
    if order.verb not in (ProvisionOrder.Verb.REVOKE, ProvisionOrder.Verb.DISABLE):
        raise NotPossible("It was given and went away again: there is nothing to be removed.")
    if order.status != ProvisionOrder.Status.CAME_BACK:
        raise NotPossible("It has not come back, so there is nothing to be removed again.")
    open_now = Grant.objects.here().filter(account=order.account_id, entitlement=order.entitlement_id)
    grant = open_now.values_list("pk", flat=True).first()
    if grant is None:
        raise NotPossible("The last sync no longer saw it: there is nothing to be removed.")
    reason = f"{order.reason} It came back after it had been removed."
    return want(order.account, order.entitlement, verb=order.verb, grant=grant, reason=reason, by=by)
