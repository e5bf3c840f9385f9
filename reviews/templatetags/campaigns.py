"""Campaigns and their lines, as pages show them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.timezone import now

from core.templatetags.reeve import chip
from reviews.models import Campaign
from reviews.queries.campaigns import is_late, time_left, was_on_time

register = template.Library()

LOOKS: Mapping[str, tuple[str, str]] = {
    Campaign.Status.DRAFT: ("gone", "pencil"),
    Campaign.Status.STAGING: ("busy", ""),
    Campaign.Status.STAGED: ("good", "lock"),
    Campaign.Status.RUNNING: ("good", "player-play"),
    Campaign.Status.CLOSING: ("busy", ""),
    Campaign.Status.CLOSED: ("wait", "clock"),
    Campaign.Status.REMEDIATION: ("wait", "hourglass"),
    Campaign.Status.SIGNED_OFF: ("good", "circle-check"),
    Campaign.Status.CANCELLED: ("gone", "circle-x"),
}
"""The tone of each state, and its icon where the tone has another."""


@register.inclusion_tag("components/status_chip.html")
def campaign_chip(campaign: Campaign, *, solid: bool = False) -> Mapping[str, Any]:
    """The state of a campaign; of one past its last day to decide, that."""
    if is_late(campaign, now()):
        return chip("bad", "Overdue", icon="clock", solid=solid)
    tone, icon = LOOKS[campaign.status]
    return chip(tone, campaign.get_status_display(), icon=icon, solid=solid)


@register.simple_tag
def on_time_chip(campaign: Campaign) -> SafeString:
    """Whether it keeps, or kept, to its last day to decide; nothing where none was set."""
    verdict = was_on_time(campaign, now())
    if verdict is None:
        return SafeString("")
    look = chip("good", "On time") if verdict else chip("bad", "Late", icon="clock")
    return render_to_string("components/status_chip.html", dict(look))


@register.filter
def days_left(at: datetime | None) -> str:
    """How long until then, or how long ago."""
    return time_left(at, now())


@register.filter
def minus(number: int, other: int) -> int:
    """What is left of a number."""
    return number - other
