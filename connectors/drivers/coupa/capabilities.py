"""What the driver can do with Coupa, and the scopes each of it needs."""

from collections.abc import Collection, Mapping

from connectors.contract import Action, Capability, Kind
from connectors.drivers.coupa.client import SCOPES
from connectors.drivers.coupa.settings import scopes

CHANGES = ("grant", "revoke")
CAPABILITIES = (
    Capability("user", "Accounts", "user", sync=True),
    Capability("group", "Groups", "users-group", sync=True, provision=CHANGES),
    Capability("role", "Roles", "shield", sync=True, provision=CHANGES),
    Capability("license", "Licenses", "license", sync=True, provision=CHANGES),
    Capability(
        "account_group",
        "Account groups",
        "coins",
        sync=True,
        by_default=False,
        note="Only if switched on; the client then needs one scope more.",
        scopes=(SCOPES["account_group"],),
    ),
)
ACTIONS = (
    Action("enable_user", "Enable a user", needs=("user_id",)),
    Action("disable_user", "Disable a user", needs=("user_id",)),
)


def kinds_on(wished: Collection[Kind]) -> tuple[Kind, ...]:
    """The kinds to be read: those wished, or those on by default."""
    return tuple(
        each.kind for each in CAPABILITIES if each.kind in wished or (not wished and each.by_default)
    )


def needed(settings: Mapping[str, str], kinds: Collection[Kind]) -> tuple[str, ...]:
    """Scopes to ask for with these settings and these kinds on."""
    further = [scope for each in CAPABILITIES if each.kind in kinds for scope in each.scopes]
    return tuple(dict.fromkeys((*scopes(settings), *further)))


OPTIONAL = tuple(scope for each in CAPABILITIES for scope in each.scopes)
"""Scopes that Coupa's guide names for what is off until it is switched on."""
