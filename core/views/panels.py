"""The ground floor's own links in the rail."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from core.models import User
from core.queries.trail import may_read

type Shown = Mapping[str, Any] | None


def settings_link(request: HttpRequest, details: Mapping[str, Any]) -> Shown:
    """For Super Administrators, and for auditors who look at them."""
    user = request.user
    if not (isinstance(user, User) and user.sees_everything):
        return None
    return {
        "label": "Settings",
        "icon": "settings",
        "url": reverse("core:organisation"),
        "group": "admin",
        "under": "/settings/",
    }


def trail_link(request: HttpRequest, details: Mapping[str, Any]) -> Shown:
    """For Super Administrators and auditors."""
    user = request.user
    if not (isinstance(user, User) and may_read(user)):
        return None
    return {"label": "Trail", "icon": "history", "url": reverse("core:trail"), "group": "admin"}


def people_link(request: HttpRequest, details: Mapping[str, Any]) -> Shown:
    """For every administrator. Groups of people stand behind the same link."""
    user = request.user
    if not (isinstance(user, User) and user.is_administrator):
        return None
    url, groups = reverse("core:people"), reverse("core:groups")
    return {
        "label": "People",
        "icon": "users",
        "url": url,
        "group": "admin",
        "under": groups if request.path.startswith(groups) else url,
    }
