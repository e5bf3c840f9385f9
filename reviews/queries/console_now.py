"""The console as it stands: what is kept when a population is frozen, and at the sign-off."""

from typing import TypedDict, cast

from django.conf import settings

from connectors.models import Connector, ConnectorRules
from core.models.user import ADMINISTRATORS, RoleHolding
from reviews.evidence.tables import time_of
from reviews.models import Campaign, ConsoleThen


class Console(TypedDict):
    """All of it as words, so that nothing later can change what it says."""

    version: str
    policy: str
    """Name and version of the one that the campaign rests on."""
    administrators: list[list[str]]
    """Name, e-mail, role, since, given, status."""
    guards: bool
    """The switch over all of them."""
    guarded: list[list[str]]
    """Connector, app, `on` or `OFF`."""


def console_now(campaign: Campaign) -> Console:
    return {
        "version": settings.VERSION,
        "policy": str(campaign.policy_version) if campaign.policy_version else "",
        "administrators": [_held(each) for each in _holdings()],
        "guards": ConnectorRules.current().guards,
        "guarded": [_guarded(each) for each in _connectors()],
    }


def console_then(campaign: Campaign, moment: ConsoleThen.Moment) -> Console | None:
    """As it was kept; None where that moment has not come yet."""
    kept = campaign.console_then.filter(moment=moment).first()
    return cast("Console", kept.content) if kept else None


def policy_name(campaign: Campaign) -> str:
    """As it was called when the population was frozen."""
    kept = console_then(campaign, ConsoleThen.Moment.FROZEN)
    if kept is not None:
        return kept["policy"]
    return str(campaign.policy_version) if campaign.policy_version else ""


def _holdings() -> list[RoleHolding]:
    rows = RoleHolding.objects.filter(role__in=ADMINISTRATORS).select_related("user")
    return list(rows.order_by("role", "user__search_text", "pk"))


def _held(each: RoleHolding) -> list[str]:
    return [
        each.user.name,
        each.user.email,
        each.get_role_display(),
        time_of(each.since),
        each.get_source_display(),
        each.user.get_status_display(),
    ]


def _connectors() -> list[Connector]:
    return list(Connector.objects.here().select_related("app").order_by("name", "pk"))


def _guarded(each: Connector) -> list[str]:
    return [each.name, str(each.app), "on" if each.is_guarded else "OFF"]
