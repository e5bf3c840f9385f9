"""How a review looks: when it is due, what a line is called, its risk, what became of it."""

from collections.abc import Mapping
from typing import Any

from django import template
from django.template import Context
from django.template.loader import render_to_string
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.timezone import now

from core.markdown import html_of
from core.templatetags.reeve import chip, when
from reviews.models import Campaign, ReviewTask
from reviews.queries.desk import PERSON, Bar, Line
from reviews.queries.insights import Insight

register = template.Library()

STATES: Mapping[str, tuple[str, str]] = {
    ReviewTask.Status.OPEN: ("gone", "clock"),
    ReviewTask.Status.CERTIFIED: ("good", ""),
    ReviewTask.Status.DENIED: ("bad", "x"),
    ReviewTask.Status.EXCEPTED: ("wait", ""),
    ReviewTask.Status.CANCELLED: ("gone", ""),
}
SHARE = 100


@register.simple_tag(takes_context=True)
def due(context: Context, campaign: Campaign) -> SafeString:
    """When it is to be decided, or how it stands, as a chip."""
    if campaign.status != Campaign.Status.RUNNING:
        return _chip("gone", campaign.get_status_display())
    if campaign.decide_by is None:
        return _chip("busy", "Running")
    day, days = when(context, campaign.decide_by, "day"), (campaign.decide_by - now()).days
    if days < 0:
        return _chip("bad", format_html("<span>Was due {}</span>", day), icon="clock")
    near = "in less than a day" if not days else f"in {days} day{'s' * (days > 1)}"
    return _chip("wait", format_html("<span>Due {}, {}</span>", day, near), icon="clock")


@register.filter
def written(text: str) -> SafeString:
    """What somebody wrote, its Markdown drawn."""
    return html_of(text)


@register.simple_tag
def line_words(line: Line, view: str) -> str:
    """What a line is called where only words tell it from the others."""
    task = line.task
    holder = task.person_name or task.account_name or task.account_login
    return task.entitlement_name if view == PERSON else f"{task.entitlement_name} of {holder}"


@register.simple_tag
def risk_bars(level: str, name: str) -> SafeString:
    """A risk as one to three bars and its name."""
    if not name:
        return SafeString("")
    on = {"low": 1, "med": 2, "high": 3}.get(level, 2)
    bars = format_html_join(
        "",
        '<rect class="{}" x="{}" y="{}" width="3" height="{}" rx="1"></rect>',
        (
            ("on" if number < on else "off", number * 4.5, 8 - number * 4, 4 + number * 4)
            for number in range(3)
        ),
    )
    drawing = format_html('<svg viewBox="0 0 12 12" aria-hidden="true">{}</svg>', bars)
    return format_html('<span class="r-risk r-risk--{}">{}{}</span>', level or "med", drawing, name)


@register.simple_tag(takes_context=True)
def last_time(context: Context, insight: Insight) -> SafeString:
    """What became of it in the last review."""
    last = insight.last
    if insight.is_first:
        return SafeString("First review here")
    if last is None:
        return SafeString("Not reviewed before")
    said = ReviewTask.Status(last.status).label
    by = format_html(" by {}", last.by) if last.by else ""
    return format_html("{} {}{}", said, when(context, last.at, "day"), by)


@register.simple_tag
def line_state(task: ReviewTask) -> SafeString:
    """What became of a line."""
    tone, icon = STATES[task.status]
    return _chip(tone, task.get_status_display(), icon=icon)


@register.inclusion_tag("reviews/desk_decided.html")
def marks_bar(bar: Bar) -> Mapping[str, Any]:
    """Marks and decisions as one bar: certify, deny, decided before, open."""
    asked = max(bar.asked, 1)
    shares = [round(number / asked * SHARE, 1) for number in (bar.decided, bar.certify, bar.deny)]
    return {
        "bar": bar,
        "parts": [
            ("gone", 0, shares[0]),
            ("good", shares[0], shares[1]),
            ("bad", round(shares[0] + shares[1], 1), shares[2]),
        ],
    }


def _chip(tone: str, label: str, *, icon: str = "") -> SafeString:
    return render_to_string("components/status_chip.html", dict(chip(tone, label, icon=icon, solid=True)))
