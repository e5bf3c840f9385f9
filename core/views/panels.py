"""The ground floor's own links in the rail."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from core.models import User

type Shown = Mapping[str, Any] | None


def settings_link(request: HttpRequest, details: Mapping[str, Any]) -> Shown:
    """For Super Administrators."""
    user = request.user
    if not (isinstance(user, User) and user.is_super):
        return None
    return {
        "label": "Settings",
        "icon": "settings",
        "url": reverse("core:outbox"),
        "group": "admin",
        "under": "/settings/",
    }
