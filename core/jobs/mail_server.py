"""Tries a mail server that was saved: signs in and sends a real letter to whoever saved it."""

import logging
import smtplib

from celery import shared_task

from core.actions import mail_server
from core.jobs import smtp
from core.leases import LeaseLost
from core.mailbox import write
from core.models import MailServer, Organisation
from core.queries.mail_server import opened
from core.queue import nudge
from core.sealing import CannotOpen

log = logging.getLogger(__name__)


@shared_task(name="core.check_mail_server", acks_late=True)
def check_mail_server(candidate_id: str) -> None:
    """Put it in force if it takes a letter, refuse it with the trouble if not.

    Harmless to deliver twice: a repeat after a crash sends the same letter with the same Message-ID.
    While the maintenance switch is on, it waits.
    """
    if Organisation.current().drops_letters:
        return
    candidate = mail_server.claim(candidate_id)
    if candidate is None:
        return  # settled already, replaced, or in another worker's hands
    problem = _problem(candidate)
    try:
        if problem:
            mail_server.refuse(candidate, problem)
        else:
            mail_server.put_in_force(candidate)
    except LeaseLost:
        log.info("%s was replaced while it was tried.", candidate)


@shared_task(name="core.sweep_mail_servers")
def sweep_mail_servers() -> None:
    """Nudge what waits to be tried and is in nobody's hands; nothing while letters are dropped."""
    if Organisation.current().drops_letters:
        return
    waiting = MailServer.objects.filter(status=MailServer.Status.CHECKING)
    for candidate_id in waiting.due().values_list("pk", flat=True):
        nudge("core.check_mail_server", candidate_id)


def _problem(candidate: MailServer) -> str:
    """What keeps a letter from going out, in a sentence; empty if it went."""
    to = candidate.saved_by
    if to is None:
        return "Whoever saved it is no longer here, so nobody could be sent a test letter."
    written = write("mail_test", to=to)
    try:
        server = opened(candidate)
        letter = smtp.message(
            server,
            to=to.email,
            subject=written.subject,
            text=written.text,
            html=written.html,
            key=candidate.pk,
        )
        smtp.deliver(letter, server)
    except CannotOpen as problem:
        return f"Its password cannot be opened: {problem}"
    except (smtplib.SMTPException, OSError) as problem:
        return smtp.trouble(problem, server)
    except ValueError as problem:
        return f"The test letter cannot be written as a mail: {problem}"
    return ""
