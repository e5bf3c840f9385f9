"""How long somebody who signed in is known: at most so long, and not longer than they are there.

Three stamps stand in a session, in seconds since 1970: `began_at`, `seen_at`, and `proven_at`, when they last
proved who they are. `stamp` sets them at every sign-in; a session without them is none.
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth import logout
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.timezone import now

from core.http.request import Answer, lead, organisation_of, page_of
from core.models import SecondFactor, User

BEGAN, SEEN, PROVEN = "began_at", "seen_at", "proven_at"
PROOF = "proof"
"""In a session: how this person proved who they are."""
ENDED = "ended"
"""In the session after one that ended: the sentence that says why."""
MINUTE = 60
POLLS = "X-Polls"
"""The header of what a page asks for by itself, again and again: nobody need be there."""
HALF_OPEN = {
    "core:second_factor",
    "core:begin_second_factor",
    "core:confirm_second_factor",
    "core:again",
    "core:sign_out",
    "core:theme",
}


def seconds() -> int:
    """Now, as sessions keep it."""
    return int(now().timestamp())


def stamp(request: HttpRequest, **_: object) -> None:
    """A session begins. Told by Django's signal, so by every way in."""
    at = seconds()
    request.session.update({BEGAN: at, SEEN: at, PROVEN: at})


def prove(request: HttpRequest) -> None:
    """Somebody proved once more who they are: from here on the session has a new key."""
    request.session.cycle_key()
    request.session[PROVEN] = seconds()


def must_set_up(request: HttpRequest) -> bool:
    """Whether this session may do nothing before a second factor is set up.

    Asked at every request, so that it holds at once where the organisation begins to demand one, a role is
    given, or a factor is taken away. Who came by the identity provider is not asked: it does that itself.
    """
    person = getattr(request, "user", None)
    return (
        isinstance(person, User)
        and organisation_of(request).second_factor_for_administrators
        and request.session.get(PROOF) != "provider"
        and person.is_administrator
        and not SecondFactor.objects.filter(user=person, confirmed_at__isnull=False).exists()
    )


class Sessions:
    """Middleware: ends sessions that are too old or were left alone; keeps half-open ones at their page."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if isinstance(request.user, User):
            sentence = _why_over(request, request.user)
            if sentence:
                logout(request)
                request.session[ENDED] = sentence
            else:
                _see(request)
        return self._answer(request)

    def process_view(
        self, request: HttpRequest, view: object, args: Sequence[Any], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        match = request.resolver_match
        is_open = match is not None and match.view_name in HALF_OPEN
        if is_open or not getattr(view, "login_required", True) or not must_set_up(request):
            return None
        return lead(request, f"{reverse('core:second_factor')}?{urlencode({'next': page_of(request)})}")


class SignedIn(LoginRequiredMiddleware):
    """Middleware: who is not signed in is led to sign in, and then to the page where they were.

    Where a form was sent that is the page it stood on: its own address may take nothing but forms.
    """

    def handle_no_permission(self, request: HttpRequest, view_func: Any) -> HttpResponseRedirect:
        return redirect_to_login(page_of(request))


def _why_over(request: HttpRequest, person: User) -> str:
    """The sentence that ends this session; empty while it goes on."""
    began, seen = request.session.get(BEGAN), request.session.get(SEEN)
    if began is None or seen is None:
        return "Sign in again."
    organisation, at = organisation_of(request), seconds()
    if at - began >= organisation.session_minutes * MINUTE:
        return f"After {spoken(organisation.session_minutes)} everybody signs in again."
    limit = organisation.idle_minutes
    if at - seen < min(limit, organisation.administrator_idle_minutes) * MINUTE:
        return ""
    if person.is_administrator:
        limit = min(limit, organisation.administrator_idle_minutes)
    return (
        f"You were away for {spoken(limit)} or longer; sign in again." if at - seen >= limit * MINUTE else ""
    )


def _see(request: HttpRequest) -> None:
    """Note that somebody is there; written at most once a minute."""
    at = seconds()
    if POLLS not in request.headers and at - request.session[SEEN] >= MINUTE:
        request.session[SEEN] = at


def spoken(minutes: int) -> str:
    """45 minutes, an hour, 1 hour 30 minutes."""
    hours, rest = divmod(minutes, 60)
    parts = [f"{hours} hour{'' if hours == 1 else 's'}"] if hours else []
    parts += [f"{rest} minute{'' if rest == 1 else 's'}"] if rest else []
    return "an hour" if minutes == 60 else " ".join(parts)
