"""What people decide about a resource. Nothing here is written back to the app, and no sync touches it."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.timezone import now

from connectors.actions.entitlements import searched
from connectors.actions.ownership import Owners, must_be_as_seen, set_owners
from connectors.actions.permission import must_govern
from connectors.models import App, Entitlement, Resource
from core.models import User
from core.models.keys import folded
from core.trail import record


@transaction.atomic
def describe(
    resource: Resource,
    owners: Owners,
    *,
    by: User,
    seen: datetime | None,
    own_name: str,
    own_description: str,
) -> None:
    """Give it a name, a description and owners. The search finds both names, for its entitlements too.

    Raises Denied, StaleState, NotPossible.
    """
    must_govern(resource.app, by)
    App.objects.select_for_update(no_key=True).get(pk=resource.app_id)  # as a sync that applies a run does
    row = Resource.objects.select_for_update().get(pk=resource.pk)
    must_be_as_seen(row, seen)
    pairs = {
        "own_name": (row.own_name, own_name),
        "own_description": (row.own_description, own_description),
    }
    changes: dict[str, Any] = {
        name: {"before": was, "after": will} for name, (was, will) in pairs.items() if was != will
    }
    changes |= set_owners(row, owners)
    if not changes:
        return
    row.own_name, row.own_description, row.settings_changed_at = own_name, own_description, now()
    row.search_text = folded(row.name, row.own_name)
    row.save(update_fields=["own_name", "own_description", "settings_changed_at", "search_text"])
    if "own_name" in changes:
        _find_entitlements_by(row)
    record("resources.changed", row, by=by, **changes)


def _find_entitlements_by(resource: Resource) -> None:
    rows = list(Entitlement.objects.filter(resource=resource).order_by("external_id"))
    for row in rows:
        row.search_text = searched(row, resource.own_name)
    Entitlement.objects.bulk_update(rows, ["search_text"], batch_size=500)
