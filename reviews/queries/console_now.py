"""The console as it stands: what is kept when a population is frozen, and at the sign-off."""

from collections.abc import Mapping
from typing import TypedDict, cast

from django.conf import settings

from connectors.models import Connector, ConnectorRules
from core.models.user import ADMINISTRATORS, RoleHolding
from reviews.evidence.tables import time_of
from reviews.models import Campaign, ConsoleThen
from reviews.queries.applying import versions_of


class Console(TypedDict):
    """All of it as words, so that nothing later can change what it says."""

    version: str
    policies: dict[str, str]
    """Name and number of each version that lines rest on, or did in an earlier round, by its key."""
    administrators: list[list[str]]
    """Name, e-mail, role, since, given, status."""
    guards: bool
    """The switch over all of them."""
    guarded: list[list[str]]
    """Connector, app, `on` or `OFF`."""


def console_now(campaign: Campaign) -> Console:
    return {
        "version": settings.VERSION,
        "policies": {str(each.pk): str(each) for each in versions_of(campaign)},
        "administrators": [_held(each) for each in _holdings()],
        "guards": ConnectorRules.current().guards,
        "guarded": [_guarded(each) for each in _connectors()],
    }


def console_then(campaign: Campaign, moment: ConsoleThen.Moment) -> Console | None:
    """As it was kept; None where that moment has not come yet."""
    kept = campaign.console_then.filter(moment=moment).first()
    return cast("Console", kept.content) if kept else None


def policy_names(campaign: Campaign) -> Mapping[int, str]:
    """Of each version that lines rest on, by its key, as it was called when that was kept first; the
    campaign's own first, those of earlier rounds last."""
    moments = (ConsoleThen.Moment.FROZEN, ConsoleThen.Moment.SIGNED_OFF)
    kept = [then["policies"] for each in moments if (then := console_then(campaign, each)) is not None]
    found: dict[int, str] = {}
    for each in versions_of(campaign):
        key = str(each.pk)
        found[each.pk] = next((names[key] for names in kept if key in names), str(each))
    return found


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
