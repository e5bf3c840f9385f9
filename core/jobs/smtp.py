"""Speaks SMTP; nothing else in this house does. Hands a letter in, and puts what goes wrong into words."""

import smtplib
import socket
import ssl
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from django.conf import settings
from django.utils.timezone import now

from core.models import MailServer
from core.queries.mail_server import Server

TIMEOUT = 30  # seconds for each answer of the mail server
FINAL = 500
"""From here on an answer is for good; from 400 on it means later (RFC 5321, section 4.2.1)."""


def message(
    server: Server, *, to: str, subject: str, text: str, html: str, key: str, reply_to: str = ""
) -> EmailMessage:
    """A letter as mail, text and HTML. The same `key` makes the same Message-ID.

    Raises ValueError for what no mail can hold.
    """
    written = EmailMessage(policy=SMTP)
    written["Subject"] = subject
    written["From"] = server.sender
    written["To"] = to
    if reply_to:
        written["Reply-To"] = reply_to
    written["Date"] = format_datetime(now())
    written["Message-ID"] = f"<{key}@{settings.MAIL_DOMAIN}>"
    written["Auto-Submitted"] = "auto-generated"
    written.set_content(text, cte="quoted-printable")
    written.add_alternative(html, subtype="html", cte="quoted-printable")
    return written


def deliver(written: EmailMessage, server: Server) -> None:
    """Hand it to the server; raises what smtplib, ssl and sockets raise."""
    with _connection(server) as smtp:
        if server.security == MailServer.Security.STARTTLS:
            smtp.starttls(context=_tls())
        if server.username:
            smtp.login(server.username, server.password)
        smtp.send_message(written)


def trouble(problem: smtplib.SMTPException | OSError, server: Server) -> str:
    """What went wrong and what to look at, in a sentence or two. Never holds the password."""
    if isinstance(problem, smtplib.SMTPException):
        return _refusal(problem, server)
    if isinstance(problem, ssl.SSLError):
        return _no_tls(problem, server)
    if isinstance(problem, socket.gaierror):
        return f"No host is known by the name {server.host}."
    if isinstance(problem, TimeoutError):
        return f"{server} did not answer within {TIMEOUT} seconds. {_ports(server)}"
    if isinstance(problem, ConnectionRefusedError):
        return f"Nothing answers at {server}."
    return f"{server} could not be reached: {problem.strerror or problem}."


def answer(problem: smtplib.SMTPException) -> tuple[int, str]:
    """Code and words of the server; 0 and our own words where it gave no answer."""
    words: bytes | str
    if isinstance(problem, smtplib.SMTPRecipientsRefused):
        code, words = next(iter(problem.recipients.values()))
    elif isinstance(problem, smtplib.SMTPResponseException):
        code, words = problem.smtp_code, problem.smtp_error
    else:
        code, words = 0, str(problem)
    return code, words.decode(errors="replace") if isinstance(words, bytes) else words


def is_of_the_address(problem: smtplib.SMTPException) -> bool:
    """Whether the server refused the recipient for good, and not us: an address that bounces.

    5.7 is about policy and sign-in (RFC 3463), 530 wants a sign-in (RFC 4954).
    """
    if not isinstance(problem, smtplib.SMTPRecipientsRefused):
        return False
    code, words = answer(problem)
    return code >= FINAL and code != 530 and not words.startswith("5.7.")


def _refusal(problem: smtplib.SMTPException, server: Server) -> str:
    code, words = answer(problem)
    said = f"{code} {' '.join(words.split())}"
    if isinstance(problem, smtplib.SMTPAuthenticationError):
        return f"{server.host} refused the user and password: {said}"
    if isinstance(problem, smtplib.SMTPSenderRefused):
        return f"{server.host} refused the sender {server.sender}: {said}"
    if isinstance(problem, smtplib.SMTPRecipientsRefused):
        return f"{server.host} refused the recipient: {said}"
    if code:
        return f"{server.host} answered {said}"
    if isinstance(problem, smtplib.SMTPServerDisconnected):
        return _broken_off(words, server)
    return _not_offered(words, server)


def _broken_off(words: str, server: Server) -> str:
    """smtplib says it this way, too, when the server stays silent."""
    if "timed out" in words:
        return f"{server} did not answer within {TIMEOUT} seconds. {_ports(server)}"
    return f"{server} broke the connection off. {_ports(server)}"


def _not_offered(words: str, server: Server) -> str:
    if "STARTTLS" in words:
        return f"{server} offers no STARTTLS. {_ports(server)}"
    if "AUTH" in words:
        return f"{server} offers no sign-in with a password. {_ports(server)}"
    if "SMTPUTF8" in words:
        return f"{server} takes only addresses in ASCII."
    return f"{server} does not speak as a mail server should: {words}"


def _no_tls(problem: ssl.SSLError, server: Server) -> str:
    if isinstance(problem, ssl.SSLCertVerificationError):
        reason = getattr(problem, "verify_message", "") or problem
        return (
            f"The certificate of {server.host} is not accepted: {reason}."
            " A certificate authority of your own is named by the setting CA_FILE."
        )
    return f"{server} does not speak TLS in the way chosen. {_ports(server)}"


def _ports(server: Server) -> str:
    """Most often port and security do not fit each other."""
    return (
        "Port 465 usually wants TLS from the start, port 587 STARTTLS."
        if server.security != MailServer.Security.NONE
        else "Many servers want TLS: usually STARTTLS on port 587, or TLS from the start on port 465."
    )


def _connection(server: Server) -> smtplib.SMTP:
    if server.security == MailServer.Security.TLS:
        return smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT, context=_tls())
    return smtplib.SMTP(server.host, server.port, timeout=TIMEOUT)


def _tls() -> ssl.SSLContext:
    context = ssl.create_default_context()
    if settings.CA_FILE:
        context.load_verify_locations(settings.CA_FILE)
    return context
