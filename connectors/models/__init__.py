"""Apps, their connectors, the runs that read them, and the access found."""

from connectors.models.app import App, AppOwner
from connectors.models.connector import Connector, ConnectorOwner, SettingsCandidate
from connectors.models.graph import Account, Entitlement, Grant, Resource, ResourceType
from connectors.models.run import SyncCall, SyncLogLine, SyncPage, SyncRun

__all__ = [
    "Account",
    "App",
    "AppOwner",
    "Connector",
    "ConnectorOwner",
    "Entitlement",
    "Grant",
    "Resource",
    "ResourceType",
    "SettingsCandidate",
    "SyncCall",
    "SyncLogLine",
    "SyncPage",
    "SyncRun",
]
