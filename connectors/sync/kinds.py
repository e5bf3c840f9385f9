"""Which kinds of resource a connector reads."""

from connectors import registry
from connectors.contract import Kind
from connectors.models import Connector

ACCOUNTS = "user"
"""Read with every kind: access is somebody's."""


def kinds_of(connector: Connector) -> list[Kind]:
    """Those chosen, of what its driver can read; where nobody chose, those read by default.

    Raises LookupError if this version has no such driver.
    """
    readable = [each for each in registry.spec(connector.driver).capabilities if each.sync]
    if connector.kinds:
        return [each.kind for each in readable if each.kind in connector.kinds]
    return [each.kind for each in readable if each.by_default]
