"""What this room shows on the ground floor."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest


def checklist(request: HttpRequest, details: Mapping[str, Any]) -> Mapping[str, Any]:
    """The last step of the set-up, and what it waits for."""
    return {
        "title": "First access review",
        "icon": "checklist",
        "state": "later",
        "sentence": "Possible once Coupa is connected and its accounts have owners.",
    }
