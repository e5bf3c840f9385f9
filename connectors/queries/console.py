"""The connector that reads this console itself, and what is proposed where it is added."""

from collections.abc import Sequence
from dataclasses import dataclass

from connectors import registry
from connectors.contract import Spec
from connectors.models import Connector, Tag


@dataclass(frozen=True, slots=True)
class Proposal:
    """A risk level for an entitlement that no sync has brought yet."""

    kind: str
    entitlement: str
    risk: str


def own_spec() -> Spec:
    """The driver that reads this console."""
    return next(spec for spec in registry.specs() if spec.is_own)


def vendors() -> Sequence[str]:
    """Drivers that reach an app elsewhere: neither files nor this console."""
    return [spec.kind for spec in registry.specs() if not spec.is_own and not spec.takes_files]


def own_connector() -> Connector | None:
    """There is one at most."""
    rows = Connector.objects.here().filter(driver=own_spec().kind).select_related("app")
    return rows.order_by("created_at").first()


def proposals() -> Sequence[Proposal]:
    """Those whose risk level the organisation still has by that name."""
    known = set(Tag.objects.risks().values_list("name", flat=True))
    return [Proposal(*each) for each in own_spec().risks if each[2] in known]
