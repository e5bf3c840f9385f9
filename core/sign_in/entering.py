"""The one way in: whoever proved who they are is signed in here, however they proved it."""

from typing import Literal

from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from core.actions import signing_in
from core.models import User

type Proof = Literal["password", "link", "provider", "set-up"]


def enter(request: HttpRequest, person: User, *, proof: Proof, onward: str) -> HttpResponse:
    """Sign this person in and lead them on. `proof` is how they proved who they are."""
    signing_in.welcome(person)
    login(request, person)
    return redirect(onward)
