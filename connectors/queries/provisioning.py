"""What carries a wish out: the connector that may change the app the account came from, or people."""

from collections.abc import Sequence
from dataclasses import dataclass

from connectors import registry
from connectors.models import ACCESS, App, Connector, ProvisionOrder
from connectors.sync.provisions import can, writes
from core.models.keys import one_line

Verb = ProvisionOrder.Verb


@dataclass(frozen=True, slots=True)
class Carrier:
    """A connector, or why there is none and somebody has to do it."""

    connector: Connector | None
    problem: str = ""


def carrier(app: App, source: str, kind: str, verb: str) -> Carrier:
    """Who can do this to what came from that source. A paused connector can: its orders wait."""
    readers = readers_of(app, source)
    if not readers:
        return Carrier(
            None, f"No connector reads {one_line(str(app))} any more: somebody has to do it there."
        )
    for each in readers:
        if writes(each) and can(each, kind, verb):
            return Carrier(each)
    return Carrier(None, _why_not(readers[0], verb))


def can_be_carried_out(order: ProvisionOrder) -> bool:
    """Whether a connector could do it by now."""
    can = carrier(order.app, order.account.source, order.entitlement.kind, order.verb)
    return can.connector is not None


def readers_of(app: App, source: str) -> Sequence[Connector]:
    """The connectors of this app that read this tenant now, the oldest first."""
    rows = Connector.objects.here().filter(app=app, source=source)
    return list(rows.select_related("app").order_by("created_at", "id"))


def meant(verb: str, entitlement_id: str) -> Verb:
    """Access cannot be taken away but by disabling the account, nor given but by enabling it."""
    if entitlement_id != ACCESS:
        return Verb(verb)
    return {Verb.REVOKE: Verb.DISABLE, Verb.GRANT: Verb.ENABLE}.get(Verb(verb), Verb(verb))


def _why_not(connector: Connector, verb: str) -> str:
    if not writes(connector):
        return f"{connector} only reads: somebody has to do it there."
    label = registry.spec(connector.driver).label
    does = Verb(verb).label.lower()
    return f"The driver {label} cannot {does} this: somebody has to do it there."
