"""Passwords, and the mailed links that set one."""

from datetime import timedelta

from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.db import transaction
from django.http import HttpRequest  # noqa: TID251  # handed through to those who count failed tries
from django.urls import reverse
from django.utils.timezone import now

from core.actions import lockout, signing_in
from core.errors import NotPossible
from core.mailbox import post
from core.models import OutgoingMail, User
from core.queries.sign_in import may_use_password
from core.trail import record

OLD_LINK = "This link was used already, or is older than an hour. Ask for a new one."
NOT_FOR_YOU = (
    "Here only Super Administrators use a password; everybody else signs in with the identity provider."
)
MINUTES_BETWEEN_LETTERS = 5


@transaction.atomic
def ask_for_link(email: str, *, onward: str = "") -> None:
    """Post the letter with the link, if such a person is here; the asker is never told whether.

    Who got one lately, at the e-mail they have now, gets no other, and the trail is told of none.
    """
    person = User.objects.active().select_for_update(no_key=True).filter(email=email.lower()).first()
    if person is None or not may_use_password(person):
        return
    since = now() - timedelta(minutes=MINUTES_BETWEEN_LETTERS)
    lately = OutgoingMail.objects.filter(letter="password_link", to=person.email, created_at__gt=since)
    if lately.exists():
        return
    event = record("core.password_link_asked", person, by=None)
    post("password_link", to=person, key=f"asked-{event.pk}", onward=onward)


@transaction.atomic
def make_link(email: str) -> str:
    """A link for an operator to hand over; raises NotPossible where nobody active has that e-mail."""
    person = User.objects.active().filter(email=email.lower()).first()
    if person is None:
        raise NotPossible(f"Nobody active here has the e-mail {email}.")
    if not may_use_password(person):
        raise NotPossible(NOT_FOR_YOU)
    record("core.password_link_made", person, by=None)
    return password_link(person)


def password_link(person: User) -> str:
    """A fresh link that works once and for an hour."""
    token = default_token_generator.make_token(person)
    return settings.PUBLIC_URL + reverse("core:set_password", args=[person.pk, token])


def person_of(pk: str, token: str) -> User:
    """Whose link this is; raises NotPossible if it works no longer, or never did."""
    person = User.objects.active().filter(pk=pk).first()
    if person is None or not default_token_generator.check_token(person, token):
        raise NotPossible(OLD_LINK)
    if not may_use_password(person):
        raise NotPossible(NOT_FOR_YOU)
    return person


@transaction.atomic
def set_password(person: User, token: str, password: str) -> User:
    """Set it and use the link up. Every session of this person ends, and so does a lock."""
    locked = User.objects.select_for_update().get(pk=person.pk)
    person_of(locked.pk, token)
    had_one = locked.has_usable_password()
    locked.set_password(password)
    locked.save(update_fields=["password"])
    lockout.forget_failures(locked.email)
    event = record("core.password_set", locked, by=locked)
    if had_one:
        post("password_changed", to=locked, key=str(event.pk))
    return locked


def change_password(*, by: User, present: str, password: str, request: HttpRequest) -> User:
    """Set another one, knowing the present one. Every other session of this person ends.

    Raises Denied if `present` is not the present one, which counts as a failed sign-in.
    """
    if not may_use_password(by):
        raise NotPossible(NOT_FOR_YOU)
    if not by.has_usable_password():
        raise NotPossible("You have no password yet; a mailed link sets one.")
    signing_in.prove_again(by, present, request=request)
    with transaction.atomic():
        locked = User.objects.select_for_update().get(pk=by.pk)
        locked.set_password(password)
        locked.save(update_fields=["password"])
        event = record("core.password_changed", locked, by=locked)
        post("password_changed", to=locked, key=str(event.pk))
    return locked
