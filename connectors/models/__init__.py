"""Apps, their connectors, the runs that read them, and the access found."""

from connectors.models.app import App, AppOwner
from connectors.models.connector import (
    Connector,
    ConnectorOwner,
    ConnectorRules,
    SettingsCandidate,
    SettingsTest,
)
from connectors.models.graph import (
    ACCESS,
    CREDENTIAL,
    Account,
    Entitlement,
    EntitlementOwner,
    Grant,
    Resource,
    ResourceOwner,
    ResourceType,
    TagRule,
)
from connectors.models.order import OrderCall, ProvisionOrder
from connectors.models.run import SyncCall, SyncLogLine, SyncPage, SyncRecount, SyncRun
from connectors.models.tag import Tag

__all__ = [
    "ACCESS",
    "CREDENTIAL",
    "Account",
    "App",
    "AppOwner",
    "Connector",
    "ConnectorOwner",
    "ConnectorRules",
    "Entitlement",
    "EntitlementOwner",
    "Grant",
    "OrderCall",
    "ProvisionOrder",
    "Resource",
    "ResourceOwner",
    "ResourceType",
    "SettingsCandidate",
    "SettingsTest",
    "SyncCall",
    "SyncLogLine",
    "SyncPage",
    "SyncRecount",
    "SyncRun",
    "Tag",
    "TagRule",
]
