"""What every template may use without loading it."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.forms import BoundField, CheckboxInput, Select
from django.http import HttpRequest  # noqa: TID251  # panels are drawn for the request on screen
from django.template import Context
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import now

from core.http import organisation_of
from core.models import Organisation
from core.panels import panels
from core.queries.paging import Page
from core.templatetags import charts, shares

register = template.Library()

TONES: Mapping[str, str] = {
    "good": "circle-check",
    "wait": "alert-triangle",
    "bad": "alert-circle",
    "gone": "circle-minus",
    "busy": "refresh",
}
"""What a chip may mean, and the icon it shows unless told another."""


@register.simple_tag
def icon(name: str, size: str = "", *, spin: bool = False, label: str = "") -> SafeString:
    """A symbol of icons.svg. `size`: s, l, xl or empty. Without a label readers of screens pass it by."""
    classes = f"r-i r-i--{size}" if size else "r-i"
    classes += " r-spin" if spin else ""
    said = format_html('role="img" aria-label="{}"', label) if label else SafeString('aria-hidden="true"')
    use = static("icons.svg") + f"#i-{name}"
    return format_html('<svg class="{}" {}><use href="{}"></use></svg>', classes, said, use)


@register.inclusion_tag("components/status_chip.html")
def chip(tone: str, label: str, *, icon: str = "", solid: bool = False) -> Mapping[str, Any]:
    """A status: icon and word. `tone` is one of TONES, or empty for a remark with an icon of its own."""
    classes = f"r-chip r-chip--{tone}" if tone else "r-chip r-muted"
    return {
        "classes": classes + (" r-chip--solid" if solid else ""),
        "icon": icon or TONES[tone],
        "spin": tone == "busy" and not icon,
        "label": label,
    }


@register.simple_tag(takes_context=True)
def ago(context: Context, at: datetime | None) -> SafeString:
    """A time as people say it: "14 min ago", "yesterday 09:18", a date when it is old. Exact on hover."""
    return _time(at, _spoken(at, now(), _zone(context))) if at else SafeString("")


@register.simple_tag(takes_context=True)
def when(context: Context, at: datetime | None, form: str = "") -> SafeString:
    """Day and time in the reader's zone; `form`: `day` or `time` for that part alone. UTC on hover."""
    if at is None:
        return SafeString("")
    local = at.astimezone(_zone(context))
    forms = {"day": _day(local), "time": f"{local:%H:%M:%S}"}
    return _time(at, forms.get(form, f"{_day(local)} {local:%H:%M}"))


@register.filter
def day_and_time(at: datetime | None) -> str:
    """For letters, which know no reader's zone: day and time in the organisation's, and its name."""
    if at is None:
        return ""
    zone = Organisation.current().zone
    local = at.astimezone(zone)
    return f"{_day(local)} {local:%H:%M} ({zone.key})"


@register.filter
def count(number: int | None) -> str:
    """5,000; nothing where there is no number."""
    return "" if number is None else f"{number:,}"


@register.simple_tag(takes_context=True)
def query(context: Context, **changes: object) -> str:
    """The address of this page with these parameters replaced; None or empty takes one away."""
    request: HttpRequest = context.request  # type: ignore[attr-defined]  # set by RequestContext
    parameters = request.GET.copy()
    for name, value in changes.items():
        parameters.pop(name, None)
        if value not in (None, ""):
            parameters[name] = str(value)
    return f"?{parameters.urlencode()}" if parameters else request.path


@register.simple_tag(takes_context=True)
def panel_slot(context: Context, slot: str, **details: Any) -> SafeString:
    """What higher rooms show in this slot, in their order; they are given `details`."""
    request: HttpRequest = context.request  # type: ignore[attr-defined]  # set by RequestContext
    return SafeString("".join(drawn(slot, request, details)))


@register.inclusion_tag("components/pager.html", takes_context=True)
def pager(context: Context, page: Page[Any], *, size: int = 50, of: str = "") -> Mapping[str, Any]:
    """Ways to the neighbours of a keyset page. `size`: rows of a page; `of`: what is counted."""
    last = page.first + len(page.rows) - 1
    return {
        "page": page,
        "last": last,
        "total": f"{page.total:,}" + ("+" if page.is_more_than_total else ""),
        "of": of,
        "next": query(context, after=page.after, before=None, number=last) if page.after else "",
        "previous": query(context, before=page.before, after=None, number=max(page.first - 1 - size, 0))
        if page.before
        else "",
    }


@register.inclusion_tag("components/bars.html")
def bars(found: Sequence[charts.Bar], *, label: str, width: int = 694, places: int = 30) -> Mapping[str, Any]:
    """Durations as bars. `label` says the whole in a sentence; `width`: px of its place; text stays 12 px."""
    return {"chart": charts.bar_chart(found, width=width, places=places), "label": label}


@register.inclusion_tag("components/ring.html")
def ring(
    parts: Sequence[tuple[str, int]], whole: int, *, label: str, big: str, small: str = ""
) -> Mapping[str, Any]:
    """Parts of a whole: tone (good, bad, gone) and number. `label` says them all; `big` stands within."""
    return {"arcs": shares.arcs(parts, whole), "label": label, "big": big, "small": small}


@register.inclusion_tag("components/burndown.html")
def burndown(
    days: Sequence[tuple[date, int]], whole: int, last_day: date | None, *, label: str
) -> Mapping[str, Any]:
    """What was open at the end of each day, and the even pace to the last one. `label` says it in words."""
    return {"chart": shares.burndown(days, whole, last_day), "label": label}


@register.filter
def duration(length: timedelta | float | None) -> str:
    """1 min 12 s, of a timedelta or of seconds; nothing where there is none."""
    if length is None:
        return ""
    return charts.duration(length.total_seconds() if isinstance(length, timedelta) else length)


@register.filter
def styled(field: BoundField) -> SafeString:
    """A form field's widget in our look; Django wires help and errors to it."""
    widget = field.field.widget
    look = "form-control"
    if isinstance(widget, CheckboxInput):
        look = "r-check"
    elif isinstance(widget, Select):
        look = "form-select"
    return field.as_widget(attrs={"class": look})


def drawn(slot: str, request: HttpRequest, details: Mapping[str, Any]) -> Sequence[SafeString]:
    """The panels of a slot that have something to show, drawn."""
    found = ((panel, panel.context(request, details)) for panel in panels(slot))
    return [
        render_to_string(panel.template, dict(context), request=request)
        for panel, context in found
        if context is not None
    ]


def _zone(context: Context) -> ZoneInfo:
    """The reader's own zone, or the organisation's, asked for once a request."""
    request = getattr(context, "request", None)
    if request is None:
        return Organisation.current().zone
    if not hasattr(request, "zone"):
        chosen = getattr(getattr(request, "user", None), "time_zone", "")
        request.zone = ZoneInfo(chosen) if chosen else organisation_of(request).zone
    zone: ZoneInfo = request.zone
    return zone


def _time(at: datetime, words: str) -> SafeString:
    exact = at.astimezone(ZoneInfo("UTC"))
    title = f"{_day(exact)} {exact:%H:%M:%S} UTC"
    return format_html('<time datetime="{}" title="{}">{}</time>', exact.isoformat(), title, words)


def _day(at: datetime) -> str:
    return f"{at.day} {at:%b %Y}"


def _spoken(at: datetime, present: datetime, zone: ZoneInfo) -> str:
    gap = abs(present - at)
    if gap < timedelta(minutes=1):
        return "just now" if at <= present else "in a moment"
    if gap < timedelta(hours=12):
        minutes = int(gap.total_seconds() // 60)
        length = f"{minutes} min" if minutes < 60 else f"{minutes // 60} h"
        return f"{length} ago" if at <= present else f"in {length}"
    local, today = at.astimezone(zone), present.astimezone(zone).date()
    near = {-1: "yesterday", 0: "today", 1: "tomorrow"}.get((local.date() - today).days)
    return f"{near} {local:%H:%M}" if near else _day(local)
