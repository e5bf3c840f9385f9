"""What this room shows on the ground floor."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest

from core.models import User
from reviews.models import Removal
from reviews.queries.removals import FOR_OWNERS, late, waiting_for


def checklist(request: HttpRequest, details: Mapping[str, Any]) -> Mapping[str, Any]:
    """The last step of the set-up, and what it waits for."""
    return {
        "title": "First access review",
        "icon": "checklist",
        "state": "later",
        "sentence": "Possible once Coupa is connected and its accounts have owners.",
    }


def removals(request: HttpRequest, details: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Removals that wait for the owner of their app."""
    if not isinstance(request.user, User):
        return None
    rows = waiting_for(request.user)
    to_do = rows.filter(status__in=FOR_OWNERS).count()
    to_confirm = rows.filter(status=Removal.Status.WAITING).count()
    if not to_do and not to_confirm:
        return None
    return {"to_confirm": to_confirm, "to_do": to_do, "late": late(rows).count()}
