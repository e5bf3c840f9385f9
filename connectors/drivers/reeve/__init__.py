"""Reeve itself: its people, who holds which role, and who is in which group of people."""

from collections.abc import Mapping
from pathlib import Path

from connectors.contract import Action, Capability, Outside, Spec
from connectors.drivers.reeve.driver import open_reeve

SOURCE = "reeve:console"


def _clean(typed: Mapping[str, str], outside: Outside) -> dict[str, str]:
    """There is nothing to set."""
    return {}


def _source(settings: Mapping[str, str]) -> str:
    return SOURCE


def _scopes(settings: Mapping[str, str]) -> tuple[str, ...]:
    return ()


def _writes(settings: Mapping[str, str]) -> bool:
    """Always: nobody outside has to allow it."""
    return True


SPEC = Spec(
    kind="reeve",
    label="Reeve itself",
    badge="Re",
    description="Who may do what in this console: its people, their roles, its groups of people.",
    words=("reeve", "self", "console", "administrators", "roles", "who administers", "itself"),
    version="1",
    settings=(),
    capabilities=(
        Capability("user", "Accounts", "user", sync=True),
        Capability("role", "Roles", "shield", sync=True, provision=("grant", "revoke")),
        Capability("group", "Groups", "users-group", sync=True, provision=("grant", "revoke")),
    ),
    actions=(
        Action("disable_user", "Deactivate a person", ("user_id",)),
        Action("enable_user", "Reactivate a person", ("user_id",)),
    ),
    clean=_clean,
    source=_source,
    scopes=_scopes,
    open=open_reeve,
    writes=_writes,
    tenant="",
    is_own=True,
    risks=(
        ("role", "Super Administrator", "Critical"),
        ("role", "Connector Administrator", "High"),
        ("role", "Campaign Administrator", "High"),
    ),
    guide=Path(__file__).with_name("guide.md").read_text(encoding="utf-8"),
)
