"""What this room shows on the ground floor: its links in the rail, and what waits on the home page."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from connectors import queries
from connectors.models import App, Connector
from core.models import User

type Shown = Mapping[str, Any] | None


def applications_link(request: HttpRequest, details: Mapping[str, Any]) -> Shown:
    """For those who run connectors, and for those who own an app."""
    user = _user(request)
    if user is None or not (user.runs_connectors or App.objects.visible_to(user).exists()):
        return None
    return _link("Applications", "apps", reverse("connectors:applications"))


def connectors_link(request: HttpRequest, details: Mapping[str, Any]) -> Shown:
    """With the number of those that need a person."""
    user = _user(request)
    if user is None:
        return None
    visible = Connector.objects.visible_to(user)
    if not (user.runs_connectors or visible.exists()):
        return None
    link = _link("Connectors", "plug-connected", reverse("connectors:index"))
    return {**link, "count": visible.filter(queries.NEEDS_HELP).count(), "count_waits": True}


def waiting(request: HttpRequest, details: Mapping[str, Any]) -> Shown:
    """Connectors of this person's that wait for a person."""
    user = _user(request)
    rows = list(queries.waiting_for(user)) if user is not None else []
    return {"rows": rows} if rows else None


def door(request: HttpRequest, details: Mapping[str, Any]) -> Shown:
    """The way to the first connector, as long as there is none."""
    user = _user(request)
    if user is None or not user.runs_connectors or Connector.objects.exists():
        return None
    return {}


def _user(request: HttpRequest) -> User | None:
    return request.user if isinstance(request.user, User) else None


def _link(label: str, icon: str, url: str) -> dict[str, Any]:
    return {"label": label, "icon": icon, "url": url, "group": "admin"}
