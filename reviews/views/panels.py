"""What this room shows on the ground floor."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from core.models import User
from reviews.queries.mine import mine, open_lines

type Shown = Mapping[str, Any] | None


def reviews_link(request: HttpRequest, details: Mapping[str, Any]) -> Shown:
    """For everyone: with the number of lines that wait for the reader."""
    user = request.user
    if not isinstance(user, User):
        return None
    link = {"label": "Reviews", "icon": "checklist", "url": reverse("reviews:reviews")}
    return {**link, "count": open_lines(user)}


def waiting_reviews(request: HttpRequest, details: Mapping[str, Any]) -> Shown:
    """Reviews with lines that the reader has not decided."""
    user = request.user
    rows = [each for each in mine(user) if each.is_open] if isinstance(user, User) else []
    return {"rows": rows} if rows else None


def checklist(request: HttpRequest, details: Mapping[str, Any]) -> Mapping[str, Any]:
    """The last step of the set-up, and what it waits for."""
    return {
        "title": "First access review",
        "icon": "checklist",
        "state": "later",
        "sentence": "Possible once Coupa is connected and its accounts have owners.",
    }
