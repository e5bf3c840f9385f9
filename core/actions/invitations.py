"""Inviting people by mail, and the link with which they come in for the first time."""

from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.hashers import make_password
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.db import transaction
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.utils.http import base36_to_int
from django.utils.timezone import now

from core.actions.people import LONGEST_NAME, must_be_email
from core.errors import Denied, NotPossible
from core.mailbox import post
from core.models import Invitation, Organisation, OutgoingMail, Role, RoleHolding, User
from core.models.keys import one_line
from core.queries.sign_in import may_use_password
from core.trail import record

INVITERS = (Role.SUPER, Role.CONNECTOR, Role.APPLICATION, Role.CAMPAIGN)
ONE_LETTER_IN = timedelta(hours=1)
LASTS = timedelta(days=7)
NOT_OURS = "{} is not a domain of the organisation. A Super Administrator can invite people there."
OLD_LINK = "This invitation was used already, or is older than a week."
LONGEST_MESSAGE = 300  # letters, as wide as the column


@dataclass(frozen=True, slots=True)
class Invited:
    """What became of an invitation."""

    person: User
    is_new: bool
    """Whether nobody here had that e-mail before."""
    is_written_to: bool
    """Whether a letter was written: not to who has come in, nor twice to one address within an hour."""


class _Tokens(PasswordResetTokenGenerator):
    """Signed for one person as they are; dies with their first sign-in or password, and after LASTS."""

    key_salt = "core.actions.invitations"

    def check_token(self, user: AbstractBaseUser | None, token: str | None) -> bool:
        token = token or ""
        try:
            made = base36_to_int(token.partition("-")[0])
        except ValueError:
            return False
        if not isinstance(user, User) or self._num_seconds(self._now()) - made > LASTS.total_seconds():
            return False
        secrets = (self.secret, *self.secret_fallbacks)
        good = (self._make_token_with_timestamp(user, made, secret) for secret in secrets)
        return any(constant_time_compare(each, token) for each in good)


_tokens = _Tokens()


def may_invite(by: User, email: str = "") -> bool:
    """Whether this person may invite at all or, with an e-mail, invite there."""
    if not (by.is_active and by.has_role(*INVITERS)):
        return False
    return not email or by.is_super or Organisation.current().trusts(email)


def must_invite(by: User, email: str = "") -> None:
    """Raises Denied unless this person may invite or, with an e-mail, may invite there."""
    if not may_invite(by):
        raise Denied(
            "Super, Connector, Application and Campaign Administrators can invite people. Ask one of them."
        )
    if not may_invite(by, email):
        raise Denied(NOT_OURS.format(email.rpartition("@")[2]))


def invitable(words: str, *, by: User) -> str:
    """The e-mail in these words, if `by` may invite there and nobody here has it; else nothing."""
    email = words.strip().lower()
    try:
        must_be_email(email)
    except NotPossible:
        return ""
    is_free = may_invite(by, email) and not User.objects.filter(email=email).exists()
    return email if is_free else ""


@transaction.atomic
def invite(email: str, *, name: str, by: User, onward: str = "", message: str = "") -> Invited:
    """Make a Basic User and post the letter with the way in; who is known but never came in gets it too.

    `onward` is the page of ours where the person is needed. Raises Denied, and NotPossible for an e-mail or
    name that cannot be one and for somebody deactivated.
    """
    email, name = email.strip().lower(), one_line(name)
    must_be_email(email)
    must_invite(by, email)
    known = User.objects.filter(email=email).first()
    if known is None and not 1 <= len(name) <= LONGEST_NAME:
        raise NotPossible(f"A name has 1 to {LONGEST_NAME} letters.")
    new = {"name": name, "password": make_password(None)}
    person, is_new = User.objects.get_or_create(email=email, defaults=new)
    if not person.is_active:
        raise NotPossible(f"{person} ({email}) is deactivated. A Super Administrator can reactivate them.")
    if is_new:
        RoleHolding.objects.create(user=person, role=Role.BASIC)
        record("core.person_added", person, by=by, email=email, roles=[Role.BASIC])
    if person.has_come_in or _was_written_to(person):
        return Invited(person, is_new, is_written_to=False)
    _write(person, by=by, onward=onward, message=one_line(message))
    return Invited(person, is_new, is_written_to=True)


@transaction.atomic
def invite_again(person: User, *, by: User) -> None:
    """Write once more to somebody who never came in, to one address at most once an hour.

    Raises Denied, NotPossible.
    """
    must_invite(by, person.email)
    person = User.objects.select_for_update().get(pk=person.pk)
    if not person.is_active:
        raise NotPossible(f"{person} is deactivated. A Super Administrator can reactivate them.")
    if person.has_come_in:
        raise NotPossible(f"{person} has come in already; no invitation is needed.")
    if _was_written_to(person):
        raise NotPossible(f"{person} was invited less than an hour ago.")
    held = Invitation.objects.filter(person=person).first()
    _write(person, by=by, onward=held.onward if held else "", message=held.message if held else "")


@transaction.atomic
def ask_again(pk: str) -> None:
    """Post a fresh letter for whoever holds an old link, if it still stands; nobody is told whether."""
    held = Invitation.objects.filter(pk=pk).select_related("person", "by").first()
    if held is None or not held.person.is_active or held.person.has_come_in or _was_written_to(held.person):
        return
    if held.by is None or not may_invite(held.by, held.person.email):
        return
    _write(held.person, by=held.by, onward=held.onward, message=held.message)


@transaction.atomic
def link_to_hand_over(person: User, *, by: User) -> str:
    """The way in, for a Super Administrator to pass on where no mail goes out; the trail tells it."""
    if not by.is_super:
        raise Denied("Only a Super Administrator can see an invitation's link.")
    held = Invitation.objects.get(person=person)
    record("core.invitation_link_made", person, by=by)
    return (
        f"{invitation_link(person)}?{urlencode({'next': held.onward})}"
        if held.onward
        else invitation_link(person)
    )


def invitation_link(person: User) -> str:
    """A fresh link that works until the first sign-in, for a week at most."""
    return settings.PUBLIC_URL + reverse("core:invitation", args=[person.pk, _tokens.make_token(person)])


def person_of(pk: str, token: str) -> User:
    """Whose link this is; raises NotPossible if it works no longer, or never did."""
    person = User.objects.active().filter(pk=pk).first()
    if person is None or not _tokens.check_token(person, token):
        raise NotPossible(OLD_LINK)
    return person


@transaction.atomic
def take_up(person: User, token: str, password: str) -> User:
    """Set the first password and use the link up. Raises Denied, NotPossible."""
    locked = User.objects.select_for_update().get(pk=person.pk)
    person_of(locked.pk, token)
    if not may_use_password(locked):
        raise Denied("Only Super Administrators sign in with a password here.")
    locked.set_password(password)
    locked.save(update_fields=["password"])
    record("core.invitation_taken", locked, by=locked)
    return locked


def _was_written_to(person: User) -> bool:
    """Whether a letter was written within the last hour, and to the e-mail they have now."""
    since = now() - ONE_LETTER_IN
    letters = OutgoingMail.objects.filter(letter="invitation", recipient=person, to=person.email)
    is_lately = Invitation.objects.filter(person=person, written_at__gt=since).exists()
    return is_lately and letters.filter(created_at__gt=since).exists()


def _write(person: User, *, by: User, onward: str, message: str) -> None:
    at = now()
    told = {"by": by, "by_name": by.name, "message": message, "onward": onward, "written_at": at}
    invitation, _ = Invitation.objects.update_or_create(person=person, defaults=told)
    post("invitation", to=person, key=f"{at:%Y%m%d%H%M%S%f}", reply_to=by, invitation=invitation)
    record("core.invited", person, by=by, onward=onward, message=message)
