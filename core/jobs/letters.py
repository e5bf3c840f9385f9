"""Sends letters. Nothing else in this house speaks SMTP."""

import logging
import smtplib
import ssl
from datetime import timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from urllib.parse import SplitResult, unquote, urlsplit

from celery import shared_task
from django.conf import settings
from django.utils.timezone import now

from core.actions.password import password_link
from core.leases import LeaseLost
from core.mailbox import PASSWORD_LINK, signs_in
from core.models import OutgoingMail
from core.queue import nudge

log = logging.getLogger(__name__)

TIMEOUT = 60  # seconds for each answer of the mail server
TRIES = 16  # with the pauses between them about two days
LONGEST_PAUSE = timedelta(hours=6)
REFUSED = (smtplib.SMTPSenderRefused, smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError)
LINKS = {PASSWORD_LINK: password_link}
"""What makes a fresh link for each mark."""
PORTS = {"smtp": 25, "smtps": 465, "smtp+tls": 587}


@shared_task(name="core.send_mail", acks_late=True)
def send_mail(mail_id: str) -> None:
    """Send one letter. A repeat after a crash carries the same Message-ID; without MAIL_URL letters wait."""
    if not settings.MAIL_URL:
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
    """Nudge letters that are due and in nobody's hands."""
    if not settings.MAIL_URL:
        return
    waiting = OutgoingMail.objects.filter(status=OutgoingMail.Status.QUEUED).due().order_by("due_at")
    for mail_id in waiting.values_list("pk", flat=True)[:500]:
        nudge("core.send_mail", mail_id)


def _send(mail: OutgoingMail) -> None:
    if signs_in(mail.text) and not (mail.recipient and mail.recipient.is_active):
        _fail(mail, "The person it was for can no longer sign in.")
        return
    try:
        _deliver(_message(mail))
    except REFUSED as problem:
        _refused(mail, problem)
    except (smtplib.SMTPException, OSError) as problem:
        _put_off(mail, f"The mail server could not be used: {problem}")
    except ValueError as problem:  # after OSError: a refused certificate is both, and may be put right
        _fail(mail, f"It cannot be written as a mail: {problem}")
    else:
        mail.release(status=OutgoingMail.Status.SENT, problem="", sent_at=now())


def _refused(mail: OutgoingMail, problem: smtplib.SMTPException) -> None:
    """A 5xx answer is final, a 4xx one means later."""
    code, words = _answer(problem)
    sentence = f"The mail server answered {code}: {words}"
    if code >= 500:
        _fail(mail, sentence)
    else:
        _put_off(mail, sentence)


def _answer(problem: smtplib.SMTPException) -> tuple[int, str]:
    words: bytes | str
    if isinstance(problem, smtplib.SMTPRecipientsRefused):
        code, words = next(iter(problem.recipients.values()))
    elif isinstance(problem, smtplib.SMTPResponseException):
        code, words = problem.smtp_code, problem.smtp_error
    else:
        raise TypeError(problem)
    return code, words.decode(errors="replace") if isinstance(words, bytes) else words


def _put_off(mail: OutgoingMail, sentence: str) -> None:
    if mail.attempts >= TRIES:
        _fail(mail, f"{sentence} (given up after two days)")
        return
    pause = min(timedelta(minutes=2 ** (mail.attempts - 1)), LONGEST_PAUSE)
    log.warning("Letter %s was put off: %s", mail.pk, sentence)
    mail.release(problem=sentence, due_at=now() + pause)


def _fail(mail: OutgoingMail, sentence: str) -> None:
    log.error("Letter %s failed: %s", mail.pk, sentence)
    mail.release(status=OutgoingMail.Status.FAILED, problem=sentence)


def _message(mail: OutgoingMail) -> EmailMessage:
    text, html = mail.text, mail.html
    for mark, link_for in LINKS.items():
        if mail.recipient and mark in text:
            link = link_for(mail.recipient)
            text, html = text.replace(mark, link), html.replace(mark, link)
    message = EmailMessage(policy=SMTP)
    message["Subject"] = mail.subject
    message["From"] = settings.MAIL_FROM
    message["To"] = mail.to
    if mail.reply_to:
        message["Reply-To"] = mail.reply_to
    message["Date"] = format_datetime(now())
    message["Message-ID"] = f"<{mail.pk}@{settings.MAIL_DOMAIN}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text, cte="quoted-printable")
    message.add_alternative(html, subtype="html", cte="quoted-printable")
    return message


def _deliver(message: EmailMessage) -> None:
    server = urlsplit(settings.MAIL_URL)
    with _connection(server) as smtp:
        if server.scheme == "smtp+tls":
            smtp.starttls(context=_tls())
        if server.username:
            smtp.login(unquote(server.username), unquote(server.password or ""))
        smtp.send_message(message)


def _connection(server: SplitResult) -> smtplib.SMTP:
    host, port = server.hostname or "", server.port or PORTS[server.scheme]
    if server.scheme == "smtps":
        return smtplib.SMTP_SSL(host, port, timeout=TIMEOUT, context=_tls())
    return smtplib.SMTP(host, port, timeout=TIMEOUT)


def _tls() -> ssl.SSLContext:
    context = ssl.create_default_context()
    if settings.CA_FILE:
        context.load_verify_locations(settings.CA_FILE)
    return context
