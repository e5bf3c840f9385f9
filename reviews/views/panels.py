"""What this room shows on the ground floor."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from core.models import User
from reviews.queries.policies import may_see_policies


def checklist(request: HttpRequest, details: Mapping[str, Any]) -> Mapping[str, Any]:
    """The last step of the set-up, and what it waits for."""
    return {
        "title": "First access review",
        "icon": "checklist",
        "state": "later",
        "sentence": "Possible once Coupa is connected and its accounts have owners.",
    }


def policies_link(request: HttpRequest, details: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """For those who set up campaigns, and for auditors."""
    user = request.user
    if not (isinstance(user, User) and may_see_policies(user)):
        return None
    return {"label": "Policies", "icon": "git-branch", "url": reverse("reviews:policies"), "group": "admin"}
