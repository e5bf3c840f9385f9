"""The settings of a Coupa connector: what is asked for, what is kept, which scopes they need."""

from collections.abc import Mapping

from connectors.contract import BadSettings, Outside, Setting
from connectors.drivers.coupa.domain import clean_domain, host_of

READ, READ_WRITE = "read", "read-write"
SIGN_IN = ("email", "login", "openid", "profile")
AREAS = ("core.business_entity", "core.common", "core.user_group", "core.user")

SETTINGS = (
    Setting("domain", "Domain", "The address of your Coupa instance, such as acme.coupahost.com."),
    Setting("client_id", "Client ID", "Coupa calls it Identifier."),
    Setting("client_secret", "Client secret", "Coupa calls it Secret.", secret=True),
    Setting(
        "mode",
        "Access",
        choices=(
            (READ, "Read", "Enough for all that syncs do. Nothing in Coupa can be changed with it."),
            (
                READ_WRITE,
                "Read and write",
                "Asks for the write scopes too: what is denied can then be taken away in Coupa.",
            ),
        ),
        default=READ,
    ),
)


def clean(typed: Mapping[str, str], outside: Outside) -> dict[str, str]:
    """Settings as kept; raises `BadSettings` naming the field."""
    kept = {
        "domain": clean_domain(typed.get("domain", ""), outside.extra_hosts),
        "client_id": typed.get("client_id", "").strip(),
        "client_secret": typed.get("client_secret", "").strip(),
        "mode": typed.get("mode", "") or READ,
    }
    if not kept["client_id"]:
        raise BadSettings("client_id", "Enter the client ID; Coupa calls it Identifier.")
    if not kept["client_secret"]:
        raise BadSettings("client_secret", "Enter the client secret; Coupa calls it Secret.")
    if kept["mode"] not in (READ, READ_WRITE):
        raise BadSettings("mode", "Choose Read, or Read and write.")
    return kept


def source(settings: Mapping[str, str]) -> str:
    """The tenant, by its host: `coupa:acme.coupahost.com`."""
    return f"coupa:{host_of(settings['domain'])}"


def writes(settings: Mapping[str, str]) -> bool:
    return settings.get("mode") == READ_WRITE


def scopes(settings: Mapping[str, str]) -> tuple[str, ...]:
    """Scopes to select at Coupa for the mode; a client that only reads is never asked for more."""
    further = tuple(f"{area}.write" for area in AREAS) if writes(settings) else ()
    return (*(f"{area}.read" for area in AREAS), *further, *SIGN_IN)
