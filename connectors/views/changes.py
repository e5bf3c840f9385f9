"""Access that started and ended: in one app, or wherever the reader may look."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from connectors import queries
from connectors.models import Account, App, Entitlement
from connectors.queries.changes import ENDED, STARTED, WantedChanges, changes_page
from connectors.views.apps import head, visible_app
from core.http import HtmxRequest
from core.models import User

WHAT = ((STARTED, "Started"), (ENDED, "Ended"))


@require_GET
def changes(request: HtmxRequest, pk: str) -> HttpResponse:
    """Of one app."""
    app = visible_app(request, pk)
    context = head(app, "changes") | _feed(request, App.objects.filter(pk=app.pk))
    return render(request, "connectors/changes.html", context | {"kinds": queries.kind_names(app)})


@require_GET
def all_changes(request: HtmxRequest) -> HttpResponse:
    """Of every app the reader may see; of one person, say."""
    context = _feed(request, App.objects.visible_to(request.user))
    return render(request, "connectors/changes_everywhere.html", context)


def _feed(request: HtmxRequest, apps: QuerySet[App]) -> dict[str, Any]:
    wanted = WantedChanges.of(request.GET.dict())
    misread = any(request.GET.get(name) and not getattr(wanted, name) for name in ("first", "last"))
    return {
        "page": changes_page(apps, wanted, request.user, place=request.GET.get("place", "")),
        "wanted": wanted,
        "misread": misread,
        "about": _about(request, apps, wanted),
        "what": WHAT,
    }


def _about(request: HtmxRequest, apps: QuerySet[App], wanted: WantedChanges) -> list[tuple[str, str]]:
    """What the feed is narrowed down to by a link: the parameter, and the name where it may be known."""
    found: dict[str, QuerySet[Any]] = {
        "entitlement": Entitlement.objects.filter(app__in=apps, pk=wanted.entitlement),
        "account": Account.objects.filter(app__in=apps, pk=wanted.account),
        "person": User.objects.visible_to(request.user).filter(pk=wanted.person),
    }
    return [
        (name, str(rows.first() or f"one {name}")) for name, rows in found.items() if getattr(wanted, name)
    ]
