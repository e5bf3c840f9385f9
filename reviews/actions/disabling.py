"""The account is shut whose last role a removal takes."""

from django.db import transaction

from connectors.actions import orders
from connectors.models import Account, ProvisionOrder
from core.errors import NotPossible
from core.models import User
from core.trail import record
from reviews.actions import removing
from reviews.actions.rights import must_answer_for, must_concern_others
from reviews.models import Removal
from reviews.queries.removals import afterwards


@transaction.atomic
def disable_too(removal: Removal, *, by: User) -> ProvisionOrder:
    """Have the account disabled as well: it would hold no role more and could still sign in.

    A removal that waits for the owner of the app is confirmed by it.
    """
    must_answer_for({removal.app_id}, by)
    must_concern_others([removal.task], by)
    removing.must_be_wanted(removal)
    if removal.is_settled:
        raise NotPossible(f"There is nothing to be taken away: {removal.get_status_display().lower()}.")
    after = afterwards([removal]).get(removal.task.account_id)
    if after is None or after.access is None or not after.is_bare:
        raise NotPossible("The account is disabled already, about to be, or still holds a role.")
    account = Account.objects.select_related("app").get(pk=removal.task.account_id)
    order = orders.want(
        account,
        after.access.entitlement,
        verb=ProvisionOrder.Verb.DISABLE,
        grant=after.access.pk,
        reason=f"Denied in {removal.campaign}, line {removal.task.line_no}: the account holds no role more.",
        by=by,
    )
    Removal.objects.filter(pk=removal.pk).update(disabling=order)
    removal.disabling = order
    record("removals.disabling", removal, by=by, order=order.pk, **removing.about(removal))
    if removal.is_to_be_confirmed:
        removing.confirm([removal], by=by)
    return order
