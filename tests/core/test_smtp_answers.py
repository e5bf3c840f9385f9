"""What a mail server answers decides whether a letter was sent, fails or waits, and others with it."""

import smtplib
from datetime import timedelta

import pytest
from django.utils.timezone import now

from core.actions import mail_server
from core.actions.mail_server import NEVER, Typed
from core.jobs.letters import send_mail
from core.jobs.mail_server import check_mail_server
from core.jobs.smtp import Meaning, meaning
from core.models import Role
from core.queries.letters import bounce_of
from tests.mailing import Server, serving
from tests.make import make_letter, make_user

IDNA = "grace@xn--exmple-cua.com"


class Curt(Server):
    """Takes letters, but will not say goodbye as it should."""

    async def handle_QUIT(self, server, session, envelope):  # noqa: N802
        return "421 Busy"


class Gone(Server):
    """Takes letters and is gone before the goodbye."""

    async def handle_QUIT(self, server, session, envelope):  # noqa: N802
        server.transport.abort()
        return "221 Bye"


@pytest.fixture
def server(db, settings, unused_port):
    settings.MAIL_URL = f"smtp://127.0.0.1:{unused_port}"
    with serving(unused_port) as server:
        yield server


@pytest.mark.parametrize("kind", [Curt, Gone])
def test_a_letter_that_was_taken_is_sent_whatever_is_said_to_the_goodbye(kind, db, settings, unused_port):
    settings.MAIL_URL = f"smtp://127.0.0.1:{unused_port}"
    letter, other = make_letter(), make_letter()

    with serving(unused_port, kind()) as server:
        send_mail(letter.pk)
        send_mail(letter.pk)

    letter.refresh_from_db()
    other.refresh_from_db()
    assert (letter.status, letter.problem, other.problem) == ("sent", "", "")
    assert len(server.taken) == 1


def test_a_server_that_takes_a_letter_is_good_whatever_it_says_to_the_goodbye(db, settings, unused_port):
    settings.MAIL_URL = ""
    ada = make_user("Ada Lindgren", Role.SUPER)
    typed = Typed("127.0.0.1", unused_port, "none", "", "Reeve <reeve@x.example>")
    candidate = mail_server.save(typed, by=ada, seen=NEVER)

    with serving(unused_port, Curt()):
        check_mail_server(candidate.pk)

    candidate.refresh_from_db()
    assert (candidate.status, candidate.problem) == ("in_force", "")


def test_an_address_that_no_plain_server_takes_fails_at_once_and_stops_nobody_else(db, settings, unused_port):
    settings.MAIL_URL = f"smtp://127.0.0.1:{unused_port}"
    odd, other = make_letter(to="gräce@meridian.example"), make_letter()

    with serving(unused_port, enable_SMTPUTF8=False) as server:
        send_mail(odd.pk)
        send_mail(other.pk)

    odd.refresh_from_db()
    other.refresh_from_db()
    assert (odd.status, odd.attempts) == ("failed", 1)
    assert odd.problem == f"127.0.0.1, port {unused_port} takes only addresses in ASCII."
    assert bounce_of(odd.to) == odd
    assert (other.status, other.problem) == ("sent", "")
    assert len(server.taken) == 1


def test_a_domain_with_other_letters_is_written_so_that_any_server_takes_it(db, settings, unused_port):
    settings.MAIL_URL = f"smtp://127.0.0.1:{unused_port}"
    letter = make_letter(to="grace@exämple.com", reply_to="grace@exämple.com")

    with serving(unused_port, enable_SMTPUTF8=False) as server:
        send_mail(letter.pk)

    letter.refresh_from_db()
    assert letter.status == "sent"
    assert letter.to == "grace@exämple.com"
    assert (server.taken[0]["To"], server.taken[0]["Reply-To"]) == (IDNA, IDNA)


def test_a_domain_that_cannot_be_fails_alone(server):
    odd, other = make_letter(to=f"grace@{'ä' * 70}.example"), make_letter()

    send_mail(odd.pk)
    send_mail(other.pk)

    odd.refresh_from_db()
    other.refresh_from_db()
    assert (odd.status, other.status) == ("failed", "sent")
    assert odd.problem.startswith("It cannot be written as a mail: ")


def test_a_sender_that_no_plain_server_takes_is_not_the_addresses_fault(db, settings, unused_port):
    settings.MAIL_URL, settings.MAIL_FROM = f"smtp://127.0.0.1:{unused_port}", "räve@x.example"
    letter = make_letter()

    with serving(unused_port, enable_SMTPUTF8=False):
        send_mail(letter.pk)

    letter.refresh_from_db()
    assert (letter.status, letter.bounced) == ("queued", False)


@pytest.mark.parametrize(
    ("part", "answer"),
    [
        ("to_sender", "530 5.7.0 Sign in first"),
        ("to_sender", "550 5.7.1 Not yours"),
        ("answer", "530 Sign in first"),
    ],
)
def test_a_server_that_refuses_us_fails_no_letter_and_all_rest(part, answer, server):
    letter, other = make_letter(), make_letter()
    setattr(server, part, answer)

    send_mail(letter.pk)

    letter.refresh_from_db()
    other.refresh_from_db()
    assert (letter.status, other.status) == ("queued", "queued")
    assert answer in letter.problem
    assert other.problem == letter.problem
    assert other.due_at > now()


@pytest.mark.parametrize("answer", ["554 5.7.1 Relay access denied", "550 relay not permitted"])
def test_a_recipient_refused_by_policy_means_later_for_this_letter_alone(answer, server):
    letter, other = make_letter(), make_letter(due_at=now() - timedelta(minutes=1))
    server.answer = answer

    send_mail(letter.pk)

    letter.refresh_from_db()
    other.refresh_from_db()
    assert (letter.status, letter.bounced) == ("queued", False)
    assert answer[4:] in letter.problem
    assert (other.status, other.problem) == ("queued", "")
    assert other.due_at < now()


@pytest.mark.parametrize(
    ("problem", "expected"),
    [
        (smtplib.SMTPSenderRefused(552, b"5.3.4 Too long", "reeve@x.example"), Meaning.FAILED),
        (smtplib.SMTPSenderRefused(451, b"Come back", "reeve@x.example"), Meaning.REST),
        (smtplib.SMTPDataError(554, b"Looks like spam"), Meaning.FAILED),
        (smtplib.SMTPDataError(452, b"Disk full"), Meaning.LATER),
        (smtplib.SMTPRecipientsRefused({"x@x.example": (450, b"Greylisted")}), Meaning.LATER),
        (smtplib.SMTPRecipientsRefused({"x@x.example": (550, b"5.1.1 Nobody")}), Meaning.BOUNCED),
        (smtplib.SMTPAuthenticationError(535, b"Wrong"), Meaning.REST),
        (smtplib.SMTPHeloError(550, b"Who are you?"), Meaning.REST),
        (smtplib.SMTPServerDisconnected("gone"), Meaning.REST),
        (smtplib.SMTPNotSupportedError("STARTTLS extension not supported by server."), Meaning.REST),
    ],
)
def test_every_answer_has_a_meaning(problem, expected):
    assert meaning(problem, to="grace@meridian.example") == expected
