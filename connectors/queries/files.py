"""The files that a connector of files was given: which they are, and since when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from connectors import registry
from connectors.models import Connector


@dataclass(frozen=True, slots=True)
class FileInForce:
    name: str
    sha256: str
    at: datetime | None
    """When it was handed in; None: before that was kept."""


def reads_files(connector: Connector) -> bool:
    """Whether it reads what people hand in, and nothing by itself."""
    return any(setting.accepts for setting in registry.spec(connector.driver).settings)


def files_in_force(connector: Connector) -> Sequence[FileInForce]:
    """In the order of its settings; none for other connectors."""
    found = []
    for setting in registry.spec(connector.driver).settings:
        sha256, slash, name = str(connector.settings.get(setting.name, "")).partition("/")
        if setting.accepts and slash:
            at = connector.handed_in.get(setting.name)
            found.append(FileInForce(name, sha256, datetime.fromisoformat(at) if at else None))
    return found
