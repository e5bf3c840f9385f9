"""Who comes and who goes: each try is in the trail."""

from django.contrib.auth import authenticate
from django.db import transaction

from core.errors import Denied
from core.models import Organisation, User
from core.trail import ERROR, record

WRONG = "E-mail or password is wrong, or this person may not sign in."


def recognise(email: str, password: str) -> User:
    """The active person with this e-mail and password; raises Denied, with one sentence for every cause."""
    email = email.lower()
    person = authenticate(username=email, password=password)
    if isinstance(person, User):
        return person
    with transaction.atomic():
        known = User.objects.filter(email=email).first()
        about = known or Organisation.current()
        record("core.sign_in_failed", about, by=None, severity=ERROR)
    raise Denied(WRONG)


@transaction.atomic
def welcome(person: User) -> None:
    """Tell the trail that this person signed in."""
    record("core.signed_in", person, by=person)


@transaction.atomic
def farewell(person: User) -> None:
    """Tell the trail that this person signed out."""
    record("core.signed_out", person, by=person)
