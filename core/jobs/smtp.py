"""Speaks SMTP; nothing else in this house does. Hands a letter in, and puts what goes wrong into words."""

import smtplib
import socket
import ssl
from contextlib import suppress
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from enum import Enum, auto

from django.conf import settings
from django.utils.encoding import punycode
from django.utils.timezone import now

from core.models import MailServer
from core.queries.mail_server import Server

TIMEOUT = 30  # seconds for each answer of the mail server
FINAL = 500
"""From here on an answer is for good; from 400 on it means later (RFC 5321, section 4.2.1)."""
OF_A_LETTER = (smtplib.SMTPSenderRefused, smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError)
"""Answers to a letter. All else is about the server, before it was asked to take one."""


class Meaning(Enum):
    """What becomes of a letter that was not taken."""

    LATER = auto()
    """This one is tried again."""
    REST = auto()
    """The server is away or does not let us in: all letters rest."""
    BOUNCED = auto()
    """The address takes no letters, for good."""
    FAILED = auto()
    """This letter is not wanted, for good."""


def message(
    server: Server, *, to: str, subject: str, text: str, html: str, key: str, reply_to: str = ""
) -> EmailMessage:
    """A letter as mail, text and HTML. The same `key` makes the same Message-ID.

    Raises ValueError for what no mail can hold.
    """
    written = EmailMessage(policy=SMTP)
    written["Subject"] = subject
    written["From"] = server.sender
    written["To"] = _plain(to)
    if reply_to:
        written["Reply-To"] = _plain(reply_to)
    written["Date"] = format_datetime(now())
    written["Message-ID"] = f"<{key}@{settings.MAIL_DOMAIN}>"
    written["Auto-Submitted"] = "auto-generated"
    written.set_content(text, cte="quoted-printable")
    written.add_alternative(html, subtype="html", cte="quoted-printable")
    return written


def deliver(written: EmailMessage, server: Server) -> None:
    """Hand it to the server; raises what smtplib, ssl and sockets raise.

    A goodbye that goes wrong does not count: by then the server has the letter, or its refusal was said.
    """
    smtp = _connection(server)
    try:
        if server.security == MailServer.Security.STARTTLS:
            smtp.starttls(context=_tls())
        if server.username:
            smtp.login(server.username, server.password)
        smtp.send_message(written)
    finally:
        with suppress(smtplib.SMTPException, OSError):
            smtp.quit()
        smtp.close()


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


def meaning(problem: smtplib.SMTPException, *, to: str) -> Meaning:
    """Whether it is about us, the address `to`, or the letter, and whether it is for good.

    530 wants a sign-in (RFC 4954). 552 to the sender says that this letter is too long (RFC 1870).
    """
    code, words = answer(problem)
    if isinstance(problem, smtplib.SMTPNotSupportedError):
        is_odd = "SMTPUTF8" in words and not _plain(to).isascii()
        return Meaning.BOUNCED if is_odd else Meaning.REST
    if code == 530 or (isinstance(problem, smtplib.SMTPSenderRefused) and code != 552):
        return Meaning.REST
    if not isinstance(problem, OF_A_LETTER):
        return Meaning.REST
    if code < FINAL or (isinstance(problem, smtplib.SMTPRecipientsRefused) and _is_policy(words)):
        return Meaning.LATER
    return Meaning.BOUNCED if isinstance(problem, smtplib.SMTPRecipientsRefused) else Meaning.FAILED


def _is_policy(words: str) -> bool:
    """Whether a recipient may be refused because of us, which somebody can put right: 5.7 is about policy
    and sign-in (RFC 3463), and servers that give no such code speak of relaying (RFC 5321, section 7.9)."""
    return words.startswith("5.7.") or "relay" in words.lower()


def _plain(address: str) -> str:
    """With its domain in ASCII (RFC 5890) where what stands before it is ASCII: any server takes that.

    Raises UnicodeError, a ValueError, for a domain that no name server can know.
    """
    before, _, domain = address.rpartition("@")
    return f"{before}@{punycode(domain)}" if before.isascii() and not domain.isascii() else address


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
