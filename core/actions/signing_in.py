"""Who comes and who goes: each try is in the trail."""

from django.contrib.auth.backends import ModelBackend
from django.db import transaction
from django.http import HttpRequest  # noqa: TID251  # handed through to those who count failed tries

from core.actions import lockout
from core.errors import Denied
from core.models import User
from core.queries.sign_in import may_use_password
from core.trail import record

WRONG = "E-mail or password is wrong, or this person may not sign in."
WRONG_AGAIN = "This is not your password."
FOR_SUPER = "The password is right, but here only Super Administrators sign in with one."


def recognise(email: str, password: str, *, request: HttpRequest) -> User:
    """The active person with this e-mail and password; raises Denied, with one sentence for every cause.

    Failed tries count towards the lock (core.actions.lockout). Only who knows the password is told that
    passwords are for Super Administrators.
    """
    person = _checked(email.lower(), password, request=request, refusal=WRONG)
    if not may_use_password(person):
        lockout.note_failure(request, person.email, why="passwords are for Super Administrators")
        raise Denied(FOR_SUPER)
    return person


@transaction.atomic
def welcome(person: User, *, proof: str) -> None:
    """Tell the trail that this person signed in, and how they proved who they are."""
    record("core.signed_in", person, by=person, proof=proof)


def prove_again(person: User, password: str, *, request: HttpRequest) -> None:
    """For a sensitive act somebody types the password once more; raises Denied if it is not theirs."""
    _checked(person.email, password, request=request, refusal=WRONG_AGAIN)
    with transaction.atomic():
        lockout.forget_failures(person.email)
        record("core.proven_again", person, by=person)


@transaction.atomic
def farewell(person: User) -> None:
    """Tell the trail that this person signed out."""
    record("core.signed_out", person, by=person)


def _checked(email: str, password: str, *, request: HttpRequest, refusal: str) -> User:
    if lockout.is_locked(request, email):
        raise Denied(lockout.LOCKED)
    person = ModelBackend().authenticate(request, username=email, password=password)
    if isinstance(person, User):
        return person
    lockout.note_failure(request, email, why="wrong e-mail or password")
    raise Denied(lockout.LOCKED if lockout.is_locked(request, email) else refusal)
