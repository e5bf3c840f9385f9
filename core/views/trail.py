"""The trail: who did what, when, from where; and whether it is as it was written."""

from collections.abc import Sequence

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from core.actions import seals
from core.http import HtmxRequest
from core.models import TrailEvent, User
from core.queries import trail
from core.queries.asked import page
from core.seals import digest

DAYS = ("first", "last")


@require_GET
def events(request: HtmxRequest) -> HttpResponse:
    asked = {name: request.GET.get(name, "") for name in request.GET}
    wanted = trail.wanted_from(asked)
    rows = trail.events(request.user, wanted)
    shown = page(request, rows, order="-id")
    context = {
        "page": shown,
        "wanted": wanted,
        "misread": [name for name in DAYS if asked.get(name) and getattr(wanted, name) is None],
        "actor": User.objects.filter(pk=wanted.actor).first() if wanted.actor else None,
        "about_name": _name_of(wanted.about, shown.rows),
        "standing": trail.standing(),
        "actions": trail.actions(),
        "kinds": trail.kinds_of_object(),
        "channels": TrailEvent.Channel.choices,
        "is_narrowed": wanted != trail.Wanted(),
    }
    return render(request, "core/trail.html", context)


@require_GET
def event(request: HtmxRequest, pk: int) -> HttpResponse:
    """One event with all that is sealed of it."""
    shown = get_object_or_404(trail.events(request.user, trail.Wanted()), pk=pk)
    waits = trail.waits_for_seal(shown)
    context = {
        "event": shown,
        "digest": digest(shown),
        "waits": waits,
        "seal": None if waits else trail.seal_of(shown),
    }
    return render(request, "core/trail_event.html", context)


@require_POST
def check(request: HtmxRequest) -> HttpResponse:
    seals.want_check(by=request.user)
    messages.success(request, "The whole trail is being looked at; the answer stands here in a moment.")
    return redirect("core:trail")


def _name_of(about: str, rows: Sequence[TrailEvent]) -> str:
    """Of the one thing that is asked for; empty where all of a kind are, or any."""
    kind, is_one, _ = about.partition(":")
    if not is_one:
        return ""
    return rows[0].object_name if rows else f"one {trail.kind_name(kind).lower()}"
