"""Whether a connector may change its app, and what its driver can do there."""

from connectors import registry
from connectors.contract import Spec
from connectors.models import CREDENTIAL, Connector, ProvisionOrder

ACTIONS = {ProvisionOrder.Verb.DISABLE: "disable_user", ProvisionOrder.Verb.ENABLE: "enable_user"}


def writes(connector: Connector) -> bool:
    """Whether its settings in force allow changes: read-only is always possible (row A19)."""
    spec = _spec(connector)
    return spec is not None and spec.writes(connector.settings)


def can(connector: Connector, kind: str, verb: str) -> bool:
    """Whether its driver can do this to things of that kind."""
    spec = _spec(connector)
    if spec is None:
        return False
    if kind == CREDENTIAL:
        return any(each.name == ACTIONS.get(ProvisionOrder.Verb(verb)) for each in spec.actions)
    return any(each.kind == kind and verb in each.provision for each in spec.capabilities)


def _spec(connector: Connector) -> Spec | None:
    """None where this version has no such driver."""
    try:
        return registry.spec(connector.driver)
    except LookupError:
        return None
