"""The review policy that an app or one of its entitlements prefers, for campaigns that ask for it."""

from django.db import transaction
from django.utils.timezone import now

from connectors.actions.permission import must_govern
from connectors.models import App, Entitlement
from core.errors import NotPossible
from core.models import User
from core.trail import record
from reviews.actions.rights import must_not_hold
from reviews.models import Policy, PreferredPolicy


@transaction.atomic
def prefer(app: App, entitlement: Entitlement | None, policy: Policy | None, *, by: User) -> None:
    """Say who should decide on this entitlement, or without one on all of the app.

    No policy: as campaigns say. What was staged keeps its own. Raises NotPossible, and Denied, also for an
    entitlement that one holds oneself.
    """
    must_govern(app, by)
    if entitlement is not None:
        must_not_hold(entitlement, by)
    App.objects.select_for_update(no_key=True).get(pk=app.pk)
    present = (
        PreferredPolicy.objects.select_related("policy").filter(app=app, entitlement=entitlement).first()
    )
    before = present.policy if present else None
    if policy == before:
        return
    if policy is None:
        PreferredPolicy.objects.filter(app=app, entitlement=entitlement).delete()
    else:
        if Policy.objects.select_for_update().get(pk=policy.pk).retired_at is not None:
            raise NotPossible(f"The policy {policy} is retired: choose another.")
        PreferredPolicy.objects.update_or_create(
            app=app, entitlement=entitlement, defaults={"policy": policy, "by": by, "at": now()}
        )
    changed = {"before": str(before or ""), "after": str(policy or "")}
    record("policies.preferred", entitlement or app, by=by, policy=changed)
