"""Owners of a connector by what they hold: whoever has an entitlement looks after it."""

from django.db import transaction
from django.db.models import QuerySet
from django.utils.timezone import now

from connectors.actions.permission import must_manage
from connectors.models import Connector, ConnectorOwner, Entitlement
from core.errors import NotPossible
from core.models import User
from core.trail import record


def by_holding(connector: Connector) -> QuerySet[ConnectorOwner]:
    """Its owners that are named by an entitlement."""
    rows = connector.ownerships.exclude(entitlement=None)
    return rows.select_related("entitlement__app").order_by("entitlement__search_text", "pk")


@transaction.atomic
def add_holders(connector: Connector, entitlement: Entitlement, *, by: User | None) -> None:
    """Whoever holds it, now or later, looks after the connector. Twice is once."""
    must_manage(connector, by)
    connector = Connector.objects.locked(connector.pk)
    if entitlement.gone_at:
        raise NotPossible(f"{entitlement} is no longer seen, so nobody could come to hold it.")
    _, is_new = ConnectorOwner.objects.get_or_create(connector=connector, entitlement=entitlement)
    if is_new:
        Connector.objects.filter(pk=connector.pk).update(changed_at=now())
        record("connectors.owner_added", connector, by=by, entitlement=entitlement, app=entitlement.app)


@transaction.atomic
def remove_holders(connector: Connector, entitlement: Entitlement, *, by: User | None) -> None:
    """Those who hold it look after the connector no longer, unless they are owners by name."""
    must_manage(connector, by)
    connector = Connector.objects.locked(connector.pk)
    gone, _ = ConnectorOwner.objects.filter(connector=connector, entitlement=entitlement).delete()
    if gone:
        Connector.objects.filter(pk=connector.pk).update(changed_at=now())
        record("connectors.owner_removed", connector, by=by, entitlement=entitlement, app=entitlement.app)
