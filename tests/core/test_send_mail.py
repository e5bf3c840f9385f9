"""Letters go out once, later, or never, and the row says which."""

import ssl
from datetime import timedelta

import pytest
import time_machine
from django.utils.timezone import now

from core.actions.password import person_of
from core.jobs import smtp
from core.jobs.letters import REST, SWEPT, TRIES, send_mail, sweep_mail
from core.mailbox import INVITATION_LINK, PASSWORD_LINK, post
from core.models import Organisation, OutgoingMail, User
from core.queries.letters import bounce_of
from tests.mailing import SECRET, USER, Server, serving, with_sign_in
from tests.make import make_app, make_connector, make_letter, make_mail_server, make_user


@pytest.fixture
def server(db, settings, unused_port):
    settings.MAIL_URL = f"smtp://127.0.0.1:{unused_port}"
    with serving(unused_port) as server:
        yield server


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


@pytest.mark.parametrize("mark", [PASSWORD_LINK, INVITATION_LINK])
def test_a_link_that_signs_in_never_goes_to_an_address_they_no_longer_have(mark, server):
    grace = make_user("Grace Kim")
    letter = make_letter(recipient=grace, to="grace@typo.example", text=f"Come in: {mark}")

    send_mail(letter.pk)

    letter.refresh_from_db()
    assert letter.status == "failed"
    assert letter.problem == "Their e-mail changed since; ask for a new link."
    assert server.taken == []


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
    assert letter.problem == f"Nothing answers at 127.0.0.1, port {unused_port}."


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
    def refuse(written, server):
        raise ssl.SSLCertVerificationError(1, "self-signed certificate")

    monkeypatch.setattr(smtp, "deliver", refuse)
    letter = make_letter()

    send_mail(letter.pk)

    letter.refresh_from_db()
    assert letter.status == OutgoingMail.Status.QUEUED
    assert letter.problem.startswith("The certificate of 127.0.0.1 is not accepted: self-signed certificate.")


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


def test_a_sweep_takes_the_oldest_and_leaves_the_others_to_the_next(
    db, settings, nudges, django_assert_num_queries
):
    settings.MAIL_URL = "smtp://127.0.0.1:1"
    start = now() - timedelta(days=1)
    for number in range(SWEPT + 5):
        make_letter(due_at=start + timedelta(seconds=number))
    Organisation.current()

    with django_assert_num_queries(2):
        sweep_mail()


def test_while_a_server_is_away_one_worker_finds_out_for_all(db, settings, unused_port):
    settings.MAIL_URL = f"smtp://127.0.0.1:{unused_port}"
    first, second = make_letter(), make_letter()
    held = make_letter(leased_until=now() + timedelta(minutes=1))

    send_mail(first.pk)

    for letter in (first, second, held):
        letter.refresh_from_db()
    assert second.due_at - now() > REST - timedelta(seconds=5)
    assert (second.problem, second.attempts) == (first.problem, 0)
    assert held.problem == ""


def test_a_server_of_the_settings_page_is_signed_in_to(db, settings, unused_port):
    settings.MAIL_URL = ""
    make_mail_server(
        SECRET,
        host="127.0.0.1",
        port=unused_port,
        security="none",
        username=USER,
        sender="Desk <desk@meridian.example>",
    )
    letter, server = make_letter(), Server()

    with serving(unused_port, server, **with_sign_in(server)):
        send_mail(letter.pk)

    letter.refresh_from_db()
    assert (letter.status, letter.problem) == ("sent", "")
    assert server.signed_in == 1
    assert server.taken[0]["From"] == "Desk <desk@meridian.example>"


def test_the_environment_wins_over_the_settings_page(server):
    make_mail_server(host="127.0.0.1", port=1)
    letter = make_letter()

    send_mail(letter.pk)

    assert len(server.taken) == 1


def test_a_password_that_cannot_be_opened_means_later(db, settings):
    settings.MAIL_URL = ""
    row = make_mail_server(SECRET, username=USER)
    letter = make_letter()
    type(row).objects.update(sealed="00000000.AAAA")

    send_mail(letter.pk)

    letter.refresh_from_db()
    assert letter.status == OutgoingMail.Status.QUEUED
    assert letter.problem.startswith("The password of the mail server cannot be opened")


def test_while_letters_are_dropped_nothing_is_sent_and_nothing_new_is_kept(server, nudges):
    Organisation.current()
    before = make_letter()
    Organisation.objects.update(drops_letters=True, drops_letters_since=now())
    grace = make_user("Grace Kim")

    dropped = post("password_link", to=grace, key="1", onward="/")
    send_mail(before.pk)
    send_mail(dropped.pk)
    sweep_mail()

    before.refresh_from_db()
    dropped.refresh_from_db()
    assert (before.status, dropped.status) == ("queued", "dropped")
    assert server.taken == []
    assert nudges == []


def test_what_waited_goes_out_after_the_maintenance_and_what_was_dropped_never(server):
    letter, dropped = make_letter(), make_letter(status=OutgoingMail.Status.DROPPED)

    send_mail(letter.pk)
    send_mail(dropped.pk)

    assert [message["Message-ID"] for message in server.taken] == [f"<{letter.pk}@testserver>"]


@pytest.mark.parametrize(
    ("answer", "bounces"),
    [
        ("550 5.1.1 No such person", True),
        ("553 Mailbox name not allowed", True),
        ("554 5.7.1 Relay access denied", False),
        ("530 5.7.0 Sign in first", False),
        ("451 Come back", False),
    ],
)
def test_an_address_bounces_when_it_is_refused_for_good_itself(answer, bounces, server):
    letter = make_letter(to="gone@meridian.example")
    server.answer = answer

    send_mail(letter.pk)

    found = bounce_of("gone@meridian.example")
    assert found == (letter if bounces else None)


def test_a_refused_text_is_not_the_addresses_fault(server):
    letter = make_letter()
    server.to_text = "550 Not like this"

    send_mail(letter.pk)

    letter.refresh_from_db()
    assert (letter.status, letter.bounced) == ("failed", False)


def test_an_address_that_takes_a_letter_bounces_no_longer(server):
    make_letter(to="back@meridian.example", status=OutgoingMail.Status.FAILED, bounced=True)
    other = make_letter(to="gone@meridian.example", status=OutgoingMail.Status.FAILED, bounced=True)

    send_mail(make_letter(to="back@meridian.example").pk)

    assert bounce_of("back@meridian.example") is None
    assert bounce_of("gone@meridian.example") == other
