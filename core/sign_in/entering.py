"""The one way in: whoever proved who they are is signed in here, however they proved it."""

from typing import Literal
from urllib.parse import urlencode

from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from core.actions import signing_in
from core.http import sessions
from core.models import User
from core.queries.sign_in import must_set_up_second_factor, second_factor_of

type Proof = Literal["password", "link", "provider", "set-up"]

PROOF = "proof"
"""In a session: how this person proved who they are."""
COMING = "coming"
"""In the session of somebody who still owes the code of their second factor."""
CODE_WITHIN = 10 * 60  # seconds
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
    if coming is None or sessions.seconds() - coming["at"] > CODE_WITHIN:
        return None
    person = User.objects.active().filter(pk=coming["person"]).first()
    is_same = person is not None and person.get_session_auth_hash() == coming["known_by"]
    return person if is_same else None


def enter_with_code(request: HttpRequest, person: User) -> HttpResponse:
    """The code was right: sign in whoever `who_comes` named."""
    coming = request.session[COMING]
    return _let_in(request, person, proof=f"{coming['proof']} and code", onward=coming["onward"])


def _let_in(request: HttpRequest, person: User, *, proof: str, onward: str) -> HttpResponse:
    signing_in.welcome(person, proof=proof)
    login(request, person)
    request.session[PROOF] = proof
    for name in (COMING, sessions.ENDED, sessions.MUST_SET_UP):
        request.session.pop(name, None)
    if proof != "provider" and must_set_up_second_factor(person):
        request.session[sessions.MUST_SET_UP] = True
        return redirect(f"{reverse('core:second_factor')}?{urlencode({'next': onward})}")
    return redirect(onward)
