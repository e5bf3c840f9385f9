"""What every page has around it: rail, names, demo mark, look."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from core.http import organisation_of
from core.http.sessions import must_set_up
from core.models import IdentityProvider, Organisation, User
from core.panels import panels
from core.queries.exports import has_one_to_fetch
from core.queries.letters import has_mail
from core.queries.mail_server import leads_nowhere
from core.queries.people import administrators
from core.queries.sign_in import provider_in_force

SETTINGS = (
    ("organisation", "Organisation"),
    ("sign_in_settings", "Sign-in"),
    ("identity_provider", "Identity provider"),
    ("mail_server", "Mail"),
    ("retention", "Retention"),
    ("system", "System"),
    ("outbox", "Outbox"),
)
"""The pages of Settings: the name of their address, and their label."""
FACTS = frozenset(name for name, _ in SETTINGS) - {"outbox"}
"""Those that auditors may look at."""


class Shell:
    """Asked for by the frame, each part at most once a request, and only where a template shows it."""

    version = settings.VERSION
    public_url = settings.PUBLIC_URL

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @cached_property
    def base(self) -> str:
        """The frame for pages that strangers may see, too. Who still owes a set-up sees it as they do."""
        is_whole = self._is_known and not must_set_up(self._request)
        return "base.html" if is_whole else "base_alone.html"

    @cached_property
    def organisation(self) -> Organisation:
        return organisation_of(self._request)

    @cached_property
    def administrators(self) -> Iterable[User]:
        """Who can help, for those who are signed in."""
        return administrators() if self._is_known else ()

    @cached_property
    def has_download(self) -> bool:
        """Whether a file is ready for the reader that they never fetched."""
        user = getattr(self._request, "user", None)
        return isinstance(user, User) and has_one_to_fetch(user)

    @cached_property
    def has_mail(self) -> bool:
        """Whether letters can go out."""
        return has_mail()

    @cached_property
    def leads_nowhere(self) -> bool:
        """Whether links in letters lead to this machine alone."""
        return leads_nowhere()

    @cached_property
    def provider(self) -> IdentityProvider | None:
        """The identity provider to sign in with, if one is in force."""
        return provider_in_force()

    @cached_property
    def settings_parts(self) -> Sequence[tuple[str, str, str]]:
        """The parts of Settings that the reader may see: name, label, address."""
        user = getattr(self._request, "user", None)
        shows_all = isinstance(user, User) and user.is_super
        parts = [(name, label) for name, label in SETTINGS if shows_all or name in FACTS]
        ours = [(name, label, reverse(f"core:{name}")) for name, label in parts]
        found = (panel.context(self._request, {}) for panel in panels("settings"))
        return ours + [(each["name"], each["label"], each["url"]) for each in found if each is not None]

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
