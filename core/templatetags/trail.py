"""What happened, as pages show it."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import template
from django.db import models
from django.template import Context

from core.models import TrailEvent, User
from core.queries import trail

register = template.Library()


@register.inclusion_tag("components/timeline.html", takes_context=True)
def timeline(context: Context, thing: models.Model, *, size: int = 20) -> Mapping[str, Any]:
    """The newest events about one thing; with addresses, and the way to the trail, where that is open."""
    reader = context.get("user")
    return {
        "events": trail.timeline(thing, size=size),
        "about": f"{thing._meta.label_lower}:{thing.pk}",
        "may_read": isinstance(reader, User) and trail.may_read(reader),
        "request": context.get("request"),
    }


@register.inclusion_tag("components/timeline.html", takes_context=True)
def timeline_of_all(context: Context, kind: str, *, size: int = 20) -> Mapping[str, Any]:
    """As `timeline`, about everything of one kind, such as `core.mailserver`: its rows replace each other."""
    reader = context.get("user")
    return {
        "events": trail.timeline_of_all(kind, size=size),
        "about": kind,
        "may_read": isinstance(reader, User) and trail.may_read(reader),
        "request": context.get("request"),
    }


@register.filter
def deed(event: TrailEvent) -> str:
    """What the actor did, in words."""
    return trail.phrase_of(event)


@register.filter
def initials(event: TrailEvent) -> str:
    """Of who did it; their name is copied into the event, whether or not they are still here."""
    return User(name=event.actor_name).initials


@register.filter
def about_key(event: TrailEvent) -> str:
    """The thing an event is about, as the trail's address names it."""
    return f"{event.object_type}:{event.object_id}"


@register.filter
def told(event: TrailEvent) -> Sequence[trail.Line]:
    """What changed, in lines."""
    return trail.told(event.change)
