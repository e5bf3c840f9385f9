"""Which review policy an app or an entitlement prefers."""

from django.db.models import Q

from connectors.models import App, Entitlement
from reviews.models import Policy, PreferredPolicy


def preferred_of(app: App, entitlement: Entitlement | None = None) -> Policy | None:
    """Its own; nothing of the app's for an entitlement."""
    row = PreferredPolicy.objects.select_related("policy").filter(app=app, entitlement=entitlement).first()
    return row.policy if row else None


def preferred_by_both(app: App, entitlement: Entitlement | None) -> tuple[Policy | None, Policy | None]:
    """What the entitlement prefers, or without one the app; then what the app does. In one read."""
    rows = PreferredPolicy.objects.select_related("policy").filter(app=app)
    those = rows.filter(Q(entitlement=None) | Q(entitlement=entitlement))
    found: dict[str | None, Policy] = {row.entitlement_id: row.policy for row in those}
    return found.get(entitlement.pk if entitlement else None), found.get(None)
