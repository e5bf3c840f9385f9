"""How states of a campaign under way look: one tone, icon and word for each."""

from collections.abc import Mapping
from typing import Any

from django import template
from django.template import Context
from django.utils.timezone import localdate

from core.http import organisation_of
from core.templatetags.reeve import chip
from reviews.models import Campaign, Decision, Removal, ReviewTask, Turn
from reviews.queries.decided import tie_words, words_of

register = template.Library()

type Look = tuple[str, str]
"""Tone and icon; an empty icon is the tone's own."""

CAMPAIGN: Mapping[str, Look] = {
    Campaign.Status.DRAFT: ("gone", "pencil"),
    Campaign.Status.STAGING: ("busy", ""),
    Campaign.Status.STAGED: ("wait", "hourglass"),
    Campaign.Status.RUNNING: ("busy", "player-play"),
    Campaign.Status.CLOSING: ("busy", ""),
    Campaign.Status.CLOSED: ("wait", "lock"),
    Campaign.Status.REMEDIATION: ("wait", ""),
    Campaign.Status.SIGNED_OFF: ("good", ""),
    Campaign.Status.CANCELLED: ("gone", ""),
}
LINE: Mapping[str, Look] = {
    ReviewTask.Status.OPEN: ("gone", "circle-dashed"),
    ReviewTask.Status.CERTIFIED: ("good", ""),
    ReviewTask.Status.DENIED: ("bad", "circle-x"),
    ReviewTask.Status.EXCEPTED: ("wait", ""),
    ReviewTask.Status.CANCELLED: ("gone", ""),
}
REMOVAL: Mapping[str, Look] = {
    Removal.Status.WAITING: ("wait", "hourglass"),
    Removal.Status.REMOVING: ("busy", ""),
    Removal.Status.BY_HAND: ("wait", "user"),
    Removal.Status.FAILED: ("bad", ""),
    Removal.Status.REMOVED: ("wait", "clock"),
    Removal.Status.PROVEN: ("good", ""),
    Removal.Status.CAME_BACK: ("bad", "history"),
    Removal.Status.EXCEPTED: ("gone", "flag"),
    Removal.Status.DROPPED: ("gone", ""),
}


@register.inclusion_tag("components/status_chip.html")
def campaign_chip(campaign: Campaign, *, solid: bool = False) -> Mapping[str, Any]:
    tone, icon = CAMPAIGN[campaign.status]
    return chip(tone, campaign.get_status_display(), icon=icon, solid=solid)


@register.inclusion_tag("components/status_chip.html")
def line_chip(task: ReviewTask, *, solid: bool = False) -> Mapping[str, Any]:
    tone, icon = LINE[task.status]
    return chip(tone, task.get_status_display(), icon=icon, solid=solid)


@register.inclusion_tag("components/status_chip.html")
def removal_chip(removal: Removal, *, solid: bool = False) -> Mapping[str, Any]:
    """A confirmed one that no worker has ordered yet is on its way already."""
    if removal.status == Removal.Status.WAITING and removal.confirmed_at:
        return chip("busy", "Being ordered", solid=solid)
    tone, icon = REMOVAL[removal.status]
    return chip(tone, removal.get_status_display(), icon=icon, solid=solid)


@register.inclusion_tag("components/status_chip.html")
def removal_status_chip(status: str) -> Mapping[str, Any]:
    """Where only the status is known, as in counts."""
    tone, icon = REMOVAL[status]
    return chip(tone, Removal.Status(status).label, icon=icon)


@register.inclusion_tag("reviews/removal_due.html", takes_context=True)
def removal_due(context: Context, removal: Removal) -> Mapping[str, Any]:
    """By when it is to be gone, and how late it is unless that is over."""
    today = localdate(timezone=organisation_of(context.request).zone)  # type: ignore[attr-defined]  # set by RequestContext
    is_open = removal.status not in (*Removal.SETTLED, Removal.Status.REMOVED)
    return {"removal": removal, "days_late": max((today - removal.due_on).days, 0) if is_open else 0}


@register.filter
def tied(row: Turn | Decision) -> list[str]:
    """What ties a reviewer to the line, in words."""
    return words_of(row) if isinstance(row, Decision) else tie_words(row.independence)
