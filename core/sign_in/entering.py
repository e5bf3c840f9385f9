"""The one way in: whoever proved who they are is signed in here, however they proved it."""

from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import urlencode

from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from core.actions import signing_in
from core.http import sessions
from core.models import User
from core.queries.sign_in import second_factor_of

type Proof = Literal["password", "link", "provider", "set-up"]

COMING = "coming"
"""In the session of somebody who still owes the code of their second factor."""
CODE_WITHIN = 10 * 60  # seconds
LATE = "That took more than ten minutes; sign in again."
CHANGED = "Your password changed meanwhile, or you were signed out everywhere; sign in again."
_SECOND_FACTOR_FOR = ("password", "link")


def enter(request: HttpRequest, person: User, *, proof: Proof, onward: str) -> HttpResponse:
    """Sign this person in and lead them on; first ask for the code of their second factor, if they have one.

    `proof` is how they proved who they are. A provider asks for second factors itself.
    """
    if proof in _SECOND_FACTOR_FOR and second_factor_of(person) is not None:
        request.session[COMING] = {
            "person": person.pk,
            "known_by": person.get_session_auth_hash(),
            "proof": proof,
            "onward": onward,
            "at": sessions.seconds(),
        }
        return redirect("core:second_factor_code")
    return _let_in(request, person, proof=proof, onward=onward)


def who_comes(request: HttpRequest) -> User | None:
    """Who gave their password or link within the last ten minutes and still owes a code."""
    coming = request.session.get(COMING)
    if coming is None or _is_late(coming):
        return None
    person = User.objects.active().filter(pk=coming["person"]).first()
    is_same = person is not None and person.get_session_auth_hash() == coming["known_by"]
    return person if is_same else None


def onward_of(request: HttpRequest) -> str:
    """The page where whoever `who_comes` named is going."""
    return str(request.session[COMING]["onward"])


def start_over(request: HttpRequest) -> HttpResponse:
    """Nobody is awaited any longer: back to the first step, which says why and keeps the page in mind."""
    coming = request.session.pop(COMING, None)
    if coming is None:
        return redirect("core:sign_in")
    request.session[sessions.ENDED] = LATE if _is_late(coming) else CHANGED
    return redirect(f"{reverse('core:sign_in')}?{urlencode({'next': coming['onward']})}")


def enter_with_code(request: HttpRequest, person: User) -> HttpResponse:
    """The code was right: sign in whoever `who_comes` named."""
    coming = request.session[COMING]
    return _let_in(request, person, proof=f"{coming['proof']} and code", onward=coming["onward"])


def _let_in(request: HttpRequest, person: User, *, proof: str, onward: str) -> HttpResponse:
    signing_in.welcome(person, proof=proof)
    login(request, person)
    request.session[sessions.PROOF] = proof
    for name in (COMING, sessions.ENDED):
        request.session.pop(name, None)
    if sessions.must_set_up(request):
        return redirect(f"{reverse('core:second_factor')}?{urlencode({'next': onward})}")
    return redirect(onward)


def _is_late(coming: Mapping[str, Any]) -> bool:
    return bool(sessions.seconds() - coming["at"] > CODE_WITHIN)
