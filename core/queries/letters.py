"""Letters, as their pages show them, and whether they can go out."""

from django.conf import settings
from django.db.models import Max, QuerySet

from core.errors import Denied
from core.models import MailServer, Organisation, OutgoingMail, User

BOUNCED = "bounced"
"""Narrows the outbox down to letters whose address was refused; beside the statuses."""


def outbox(user: User, *, status: str = "") -> QuerySet[OutgoingMail]:
    """Letters, for those who look after the console; a status, or BOUNCED, narrows them down."""
    if not user.is_super:
        raise Denied("Only a Super Administrator can see the outbox.")
    rows = OutgoingMail.objects.all()
    if status == BOUNCED:
        return rows.filter(bounced=True)
    return rows.filter(status=status) if status else rows


def has_mail() -> bool:
    """Whether a mail server is set, by MAIL_URL or on the settings page. Without one letters wait."""
    return bool(settings.MAIL_URL) or MailServer.objects.filter(status=MailServer.Status.IN_FORCE).exists()


def letters_go_out() -> bool:
    """Whether a letter posted now would be sent: there is a mail server, and no maintenance."""
    return has_mail() and not Organisation.current().drops_letters


def what_becomes() -> str:
    """What becomes of a letter to somebody that is posted now: the end of a sentence about them."""
    if Organisation.current().drops_letters:
        return "they get no letter: letters are dropped now (maintenance)"
    return "they get a letter" if has_mail() else "the letter waits in the outbox until mail is set up"


def bounces() -> QuerySet[OutgoingMail]:
    """Of every address that the mail server refused for good the last such letter, newest first."""
    refused = OutgoingMail.objects.filter(bounced=True)
    last = refused.order_by().values("to").annotate(last=Max("pk")).values("last")
    return refused.filter(pk__in=last).order_by("-pk")


def bounce_of(email: str) -> OutgoingMail | None:
    """The letter with which this address was refused for good; None if it was not, or works again."""
    return OutgoingMail.objects.filter(to=email, bounced=True).order_by("-pk").first()


def last_test(user: User) -> OutgoingMail | None:
    """The latest test letter this person sent to themselves."""
    return (
        OutgoingMail.objects.filter(letter="mail_test", recipient=user).order_by("-created_at", "-pk").first()
    )
