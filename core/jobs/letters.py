"""Sends what waits in the outbox."""

import logging
import smtplib
from collections.abc import Callable, Mapping
from datetime import timedelta
from email.message import EmailMessage

from celery import shared_task
from django.db import transaction
from django.utils.timezone import now

from core.actions.invitations import invitation_link
from core.actions.password import password_link
from core.jobs import smtp
from core.leases import LeaseLost
from core.mailbox import INVITATION_LINK, PASSWORD_LINK, signs_in
from core.models import OutgoingMail, User
from core.queries.letters import letters_go_out
from core.queries.mail_server import Server, server_for_letters
from core.queue import nudge
from core.sealing import CannotOpen

log = logging.getLogger(__name__)

TRIES = 16  # with the pauses between them about two days
LONGEST_PAUSE = timedelta(hours=6)
SWEPT = 200  # letters in one sweep
REST = timedelta(minutes=2)
"""For how long letters stay where they are after the server could not be used at all."""
RESTING = 2_000
"""As many as are told to rest at once. More wait than that: the next trouble tells the others."""
LINKS: Mapping[str, Callable[[User], str]] = {
    PASSWORD_LINK: password_link,
    INVITATION_LINK: invitation_link,
}
"""What makes a fresh link for each mark."""


@shared_task(name="core.send_mail", acks_late=True)
def send_mail(mail_id: str) -> None:
    """Send one letter. A repeat after a crash carries the same Message-ID.

    Without a mail server, and while the maintenance switch is on, letters wait.
    """
    if not letters_go_out():
        return
    mail = OutgoingMail.objects.filter(status=OutgoingMail.Status.QUEUED).claim(mail_id)
    if mail is None:
        return  # gone out already, not due, or in another worker's hands
    try:
        _send(mail)
    except LeaseLost:
        return  # we were slow; the worker that holds the letter carries on


@shared_task(name="core.sweep_mail")
def sweep_mail() -> None:
    """Nudge letters that are due and in nobody's hands, oldest first; the next sweep takes further ones."""
    if not letters_go_out():
        return
    waiting = OutgoingMail.objects.filter(status=OutgoingMail.Status.QUEUED).due().order_by("due_at")
    for mail_id in waiting.values_list("pk", flat=True)[:SWEPT]:
        nudge("core.send_mail", mail_id)


def _send(mail: OutgoingMail) -> None:
    if signs_in(mail.text) and not (mail.recipient and mail.recipient.is_active):
        _fail(mail, "The person it was for can no longer sign in.")
        return
    if signs_in(mail.text) and mail.recipient and mail.to != mail.recipient.email:
        _fail(mail, "Their e-mail changed since; ask for a new link.")
        return
    try:
        server = server_for_letters()
    except CannotOpen as problem:
        _put_off_all(mail, f"The password of the mail server cannot be opened: {problem}")
        return
    if server is None:
        mail.release()  # the mail server was taken away meanwhile: the letter waits
        return
    _hand_in(mail, server)


def _hand_in(mail: OutgoingMail, server: Server) -> None:
    try:
        smtp.deliver(_message(mail, server), server)
    except smtplib.SMTPException as problem:
        _refused(mail, problem, server)
    except OSError as problem:
        _put_off_all(mail, smtp.trouble(problem, server))
    except ValueError as problem:  # after OSError: a refused certificate is both, and may be put right
        _fail(mail, f"It cannot be written as a mail: {problem}")
    else:
        _sent(mail)


@transaction.atomic
def _sent(mail: OutgoingMail) -> None:
    """An address that took a letter bounces no longer."""
    mail.release(status=OutgoingMail.Status.SENT, problem="", sent_at=now())
    OutgoingMail.objects.filter(to=mail.to, bounced=True).update(bounced=False)


def _refused(mail: OutgoingMail, problem: smtplib.SMTPException, server: Server) -> None:
    """A 5xx answer to a letter is final, a 4xx one means later; what is about us keeps them all waiting."""
    code, words = smtp.answer(problem)
    sentence = f"The mail server answered {code}: {words}" if code else smtp.trouble(problem, server)
    match smtp.meaning(problem, to=mail.to):
        case smtp.Meaning.REST:
            _put_off_all(mail, smtp.trouble(problem, server))
        case smtp.Meaning.LATER:
            _put_off(mail, sentence)
        case smtp.Meaning.BOUNCED:
            _fail(mail, sentence, bounced=True)
        case smtp.Meaning.FAILED:
            _fail(mail, sentence)


def _put_off(mail: OutgoingMail, sentence: str) -> None:
    if mail.attempts >= TRIES:
        _fail(mail, f"{sentence} (given up after two days)")
        return
    pause = min(timedelta(minutes=2 ** (mail.attempts - 1)), LONGEST_PAUSE)
    log.warning("Letter %s was put off: %s", mail.pk, sentence)
    mail.release(problem=sentence, due_at=now() + pause)


def _put_off_all(mail: OutgoingMail, sentence: str) -> None:
    """It is not about this letter: others rest, too, or every worker would wait for a server that is away."""
    _put_off(mail, sentence)
    due = OutgoingMail.objects.filter(status=OutgoingMail.Status.QUEUED).due()
    some = due.order_by("due_at").values("pk")[:RESTING]
    OutgoingMail.objects.free().filter(pk__in=some).update(problem=sentence, due_at=now() + REST)


def _fail(mail: OutgoingMail, sentence: str, *, bounced: bool = False) -> None:
    log.error("Letter %s failed: %s", mail.pk, sentence)
    status = OutgoingMail.Status.FAILED
    mail.release(status=status, problem=sentence, failed_at=now(), bounced=bounced)


def _message(mail: OutgoingMail, server: Server) -> EmailMessage:
    text, html = mail.text, mail.html
    for mark, link_for in LINKS.items():
        if mail.recipient and mark in text:
            link = link_for(mail.recipient)
            text, html = text.replace(mark, link), html.replace(mark, link)
    return smtp.message(
        server,
        to=mail.to,
        subject=mail.subject,
        text=text,
        html=html,
        key=mail.pk,
        reply_to=mail.reply_to,
    )
