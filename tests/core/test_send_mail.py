"""Letters go out once, later, or never, and the row says which."""

import ssl
from datetime import timedelta
from email import message_from_bytes
from email.policy import default

import pytest
import time_machine
from aiosmtpd.controller import Controller
from django.utils.timezone import now

from core import jobs
from core.actions.password import person_of
from core.jobs.letters import TRIES, send_mail, sweep_mail
from core.mailbox import PASSWORD_LINK, post
from core.models import OutgoingMail, User
from tests.make import make_app, make_connector, make_letter, make_user


class Server:
    """A mail server that keeps what it takes, and answers what it is told."""

    def __init__(self):
        self.answer = "250 OK"
        self.taken = []

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        if self.answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.answer

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        self.taken.append(message_from_bytes(envelope.content, policy=default))
        return "250 OK"


@pytest.fixture
def server(db, settings, unused_port):
    server = Server()
    controller = Controller(server, hostname="127.0.0.1", port=unused_port)
    controller.start()
    settings.MAIL_URL = f"smtp://127.0.0.1:{unused_port}"
    yield server
    controller.stop()


def test_a_letter_goes_out_as_text_and_html_with_its_own_message_id(server):
    letter = make_letter(subject="Your help is needed to connect Łódź", reply_to="ada@meridian.example")

    send_mail(letter.pk)

    letter.refresh_from_db()
    message = server.taken[0]
    assert (letter.status, letter.problem) == ("sent", "")
    assert letter.sent_at is not None
    assert message["Message-ID"] == f"<{letter.pk}@testserver>"
    assert message["Subject"] == letter.subject
    assert message["Reply-To"] == "ada@meridian.example"
    assert message.get_body(["plain"]).get_content().split() == letter.text.split()
    assert message.get_body(["html"]).get_content().strip() == letter.html.strip()


def test_told_twice_a_letter_goes_out_once(server):
    letter = make_letter()

    send_mail(letter.pk)
    send_mail(letter.pk)

    assert len(server.taken) == 1


def test_a_letter_in_another_workers_hands_is_left_alone(server):
    letter = make_letter(leased_until=now() + timedelta(minutes=1))

    send_mail(letter.pk)

    assert server.taken == []


def test_a_final_refusal_is_kept_with_the_servers_words(server):
    letter = make_letter()
    server.answer = "550 5.1.1 No such person"

    send_mail(letter.pk)

    letter.refresh_from_db()
    assert letter.status == OutgoingMail.Status.FAILED
    assert letter.problem == "The mail server answered 550: 5.1.1 No such person"


def test_a_passing_refusal_means_later_and_then_it_goes_out(server):
    letter = make_letter()
    server.answer = "451 Come back"

    send_mail(letter.pk)
    send_mail(letter.pk)
    server.answer = "250 OK"
    with time_machine.travel(now() + timedelta(minutes=2)):
        send_mail(letter.pk)

    letter.refresh_from_db()
    assert (letter.status, letter.problem, letter.attempts) == ("sent", "", 2)
    assert len(server.taken) == 1


def test_a_server_that_is_away_means_later(db, settings, unused_port):
    settings.MAIL_URL = f"smtp://127.0.0.1:{unused_port}"
    letter = make_letter()

    send_mail(letter.pk)

    letter.refresh_from_db()
    assert letter.status == OutgoingMail.Status.QUEUED
    assert letter.due_at > now()
    assert "could not be used" in letter.problem


def test_after_about_two_days_it_is_given_up(server):
    letter, start = make_letter(), now()
    server.answer = "451 Come back"

    for _ in range(TRIES):
        letter.refresh_from_db()
        with time_machine.travel(letter.due_at + timedelta(seconds=1)):
            send_mail(letter.pk)

    letter.refresh_from_db()
    assert letter.status == OutgoingMail.Status.FAILED
    assert timedelta(days=1.5) < letter.due_at - start < timedelta(days=2.5)


def test_without_a_mail_server_letters_wait(db, settings, nudges):
    settings.MAIL_URL = ""
    letter = make_letter()

    send_mail(letter.pk)
    sweep_mail()

    letter.refresh_from_db()
    assert (letter.status, letter.attempts) == ("queued", 0)
    assert nudges == []


@pytest.mark.parametrize("subject", ["Connect Coupa\rBcc: all", "Connect\u2028Coupa", "Connect\x85Coupa"])
def test_a_letter_that_is_no_mail_fails_with_a_sentence(subject, server):
    letter = make_letter(subject=subject)

    send_mail(letter.pk)

    letter.refresh_from_db()
    assert letter.status == OutgoingMail.Status.FAILED
    assert letter.problem.startswith("It cannot be written as a mail: ")
    assert letter.leased_until is None
    assert server.taken == []


@pytest.mark.parametrize("odd", ["\r", "\x0b", "\x1c", "\x85", "\u2028", "\u2029"])
def test_what_breaks_lines_in_a_name_does_not_stop_the_letter(odd, server):
    app = make_app(f"Coupa{odd}Bcc: all@meridian.example")
    letter = post(
        "owner_help", to=make_user("Grace Kim"), key="1", connector=make_connector(app=app), who="Ada"
    )

    send_mail(letter.pk)

    letter.refresh_from_db()
    assert (letter.status, letter.problem) == ("sent", "")
    assert server.taken[0]["Subject"] == "Your help is needed to connect Coupa Bcc: all@meridian.example"


def test_a_certificate_that_is_not_accepted_means_later(server, monkeypatch):
    def refuse(message):
        raise ssl.SSLCertVerificationError("self-signed certificate")

    monkeypatch.setattr(jobs, "_deliver", refuse)
    letter = make_letter()

    send_mail(letter.pk)

    letter.refresh_from_db()
    assert letter.status == OutgoingMail.Status.QUEUED


def test_the_link_is_made_when_the_letter_goes_and_stays_out_of_the_outbox(server):
    grace = make_user("Grace Kim")
    text = f"Set a password: {PASSWORD_LINK}?next=/"
    letter = make_letter(
        recipient=grace, to=grace.email, text=text, html=f'<a href="{PASSWORD_LINK}?next=/">Go</a>'
    )

    send_mail(letter.pk)

    letter.refresh_from_db()
    sent = server.taken[0].get_body(["plain"]).get_content()
    pk, token = sent.split("/password/")[1].split("/?next=")[0].split("/")
    assert person_of(pk, token) == grace
    assert letter.text == text
    assert token not in letter.html


def test_no_link_is_mailed_to_a_person_who_left(server):
    gone = make_user("Peter Kovacs", status=User.Status.DEACTIVATED)
    letter = make_letter(recipient=gone, to=gone.email, text=PASSWORD_LINK)

    send_mail(letter.pk)

    letter.refresh_from_db()
    assert letter.status == OutgoingMail.Status.FAILED
    assert server.taken == []


@pytest.mark.django_db(transaction=True)
def test_the_sweeper_tells_of_letters_that_are_due_and_free(settings, nudges):
    settings.MAIL_URL = "smtp://127.0.0.1:1"
    due = make_letter()
    make_letter(due_at=now() + timedelta(hours=1))
    make_letter(leased_until=now() + timedelta(minutes=1))
    make_letter(status=OutgoingMail.Status.SENT)
    lost = make_letter(leased_until=now() - timedelta(minutes=1))

    sweep_mail()

    assert sorted(nudges) == sorted([("core.send_mail", due.pk), ("core.send_mail", lost.pk)])
