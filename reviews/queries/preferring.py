"""Which review policy an app or an entitlement prefers."""

from connectors.models import App, Entitlement
from reviews.models import Policy, PreferredPolicy


def preferred_of(app: App, entitlement: Entitlement | None = None) -> Policy | None:
    """Its own; nothing of the app's for an entitlement."""
    row = PreferredPolicy.objects.select_related("policy").filter(app=app, entitlement=entitlement).first()
    return row.policy if row else None
