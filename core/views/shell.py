"""What every page has around it: rail, names, demo mark, look."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from core.models import Organisation, User
from core.panels import panels
from core.queries.people import administrators

SETTINGS = (("outbox", "Outbox"),)
"""The pages of Settings: the name of their address, and their label."""


class Shell:
    """Asked for by the frame, each part at most once a request, and only where a template shows it."""

    version = settings.VERSION

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @cached_property
    def base(self) -> str:
        """The frame for pages that both the signed-in and strangers may see."""
        return "base.html" if self._is_known else "base_alone.html"

    @cached_property
    def organisation(self) -> Organisation:
        return Organisation.current()

    @cached_property
    def administrators(self) -> Iterable[User]:
        """Who can help, for those who are signed in."""
        return administrators() if self._is_known else ()

    @cached_property
    def settings_parts(self) -> Sequence[tuple[str, str, str]]:
        """The parts of Settings: name, label, address."""
        return [(name, label, reverse(f"core:{name}")) for name, label in SETTINGS]

    @cached_property
    def main(self) -> Sequence[Mapping[str, Any]]:
        """Links of the rail for everyone."""
        return [link for link in self._links if link.get("group", "main") == "main"]

    @cached_property
    def admin(self) -> Sequence[Mapping[str, Any]]:
        """Links of the rail under Administer."""
        return [link for link in self._links if link.get("group") == "admin"]

    @cached_property
    def _links(self) -> Sequence[Mapping[str, Any]]:
        found = (panel.context(self._request, {}) for panel in panels("rail"))
        here = self._request.path
        return [
            {**link, "is_here": here.startswith(str(link.get("under", link["url"])))}
            for link in found
            if link is not None
        ]

    @property
    def _is_known(self) -> bool:
        user = getattr(self._request, "user", None)
        return user is not None and user.is_authenticated


def shell(request: HttpRequest) -> dict[str, Shell]:
    """Context processor. Lazy: a partial that shows no frame costs no query."""
    return {"shell": Shell(request)}
