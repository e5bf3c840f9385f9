"""The page about mail: what is typed, refused, kept and shown."""

from datetime import timedelta

import pytest
from django.utils.timezone import now

from core.actions import mail_server
from core.actions.mail_server import NEVER, Typed
from core.jobs.mail_server import check_mail_server
from core.models import MailServer, Role
from core.queries.mail_server import password_of
from tests.mailing import SECRET, USER, Server, serving, with_sign_in
from tests.make import make_mail_server, make_user

PAGE = "/settings/mail/"
SAVE = "/settings/mail/save/"
SENDER = "Reeve <reeve@x.example>"


@pytest.fixture
def ada(db, settings):
    settings.MAIL_URL = ""
    return make_user("Ada Lindgren", Role.SUPER, Role.BASIC)


def typed(port, **changes):
    plain = {
        "host": "127.0.0.1",
        "port": port,
        "security": "none",
        "username": "",
        "sender": SENDER,
    }
    return Typed(**{**plain, **changes})


def tried(typed_in, *, by):
    candidate = mail_server.save(typed_in, by=by, seen=seen())
    check_mail_server(candidate.pk)
    candidate.refresh_from_db()
    return candidate


def seen():
    row = mail_server.shown()
    return row.saved_at if row else NEVER


def saved():
    row = mail_server.shown()
    assert row is not None
    return row


def form_of(**changes):
    plain = {"host": "mail.example", "port": 587, "security": "starttls", "sender": "reeve@x.example"}
    return {**plain, "changed_at": seen().isoformat(), **changes}


def test_a_wrong_password_is_said_and_what_was_typed_is_kept(ada, unused_port, sign_in):
    server = Server()
    with serving(unused_port, server, **with_sign_in(server)):
        candidate = tried(typed(unused_port, username=USER, password="canary-of-a-typo"), by=ada)

        page = sign_in(ada).get(PAGE).content.decode()
        again = tried(typed(unused_port, username=USER, sender="Desk <desk@x.example>"), by=ada)

    assert "refused the user and password: 535" in candidate.problem
    assert 'value="127.0.0.1"' in page
    assert f'value="{USER}"' in page
    assert "does not work" in page
    assert "canary-of-a-typo" not in page
    assert "535" in again.problem, "the password that waited was tried again"
    assert password_of(again) == "canary-of-a-typo"


def test_the_environment_wins_and_the_page_says_so(ada, settings, sign_in):
    settings.MAIL_URL = "smtp+tls://reeve:canary-in-the-environment@mail.example"
    browser = sign_in(ada)

    page = browser.get(PAGE).content.decode()
    reply = browser.post(SAVE, form_of())

    assert "They win over this page" in page
    assert "mail.example" in page
    assert "canary" not in page
    assert "Save and try it" not in page
    assert reply.status_code == 409
    assert MailServer.objects.count() == 0


def test_saving_leads_to_the_page_which_asks_again_until_it_is_settled(ada, sign_in, unused_port):
    browser, htmx = sign_in(ada), {"HX-Request": "true"}

    reply = browser.post(SAVE, form_of(host="127.0.0.1", port=unused_port, security="none"))
    waiting = browser.get(PAGE).content.decode()
    part = browser.get(PAGE, headers=htmx)
    check_mail_server(saved().pk)
    over = browser.get(PAGE, headers=htmx).content.decode()

    assert reply.headers["Location"] == PAGE
    assert "127.0.0.1 is being tried" in waiting
    assert "every 1s" in waiting
    assert "<html" not in part.content.decode()
    assert "does not work" in over
    assert "every 1s" not in over


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"host": "http://mail.example"}, "Enter the host alone"),
        ({"host": "mail example"}, "Enter the host alone"),
        ({"host": ""}, "This field is required."),
        ({"port": 0}, "greater than or equal to 1"),
        ({"port": "smtp"}, "Enter a whole number."),
        ({"security": "ssl"}, "Select a valid choice"),
        ({"sender": "Reeve"}, "Enter it as Name"),
        ({"sender": "Reeve <räve@x.example>"}, "must be in ASCII"),
        ({"username": "räve", "password": "x"}, "ASCII"),
        ({"password": "pässword"}, "ASCII"),
        ({"username": "reeve"}, "Enter the password of this user too."),
        ({"security": "none", "username": "reeve", "password": "x"}, "Without TLS"),
    ],
)
def test_odd_settings_are_refused_with_a_sentence_and_kept_in_the_form(changes, sentence, ada, sign_in):
    reply = sign_in(ada).post(SAVE, form_of(**{"sender": "Desk <desk@kept.example>", **changes}))

    page = reply.content.decode()
    assert reply.status_code == 422
    assert sentence in page
    assert "sender" in changes or "desk@kept.example" in page
    assert MailServer.objects.count() == 0


def test_a_stale_form_shows_both_values_and_never_a_password(ada, sign_in):
    row = make_mail_server(SECRET, username=USER)
    stale = form_of(host="mine.example", username=USER, password="canary-typed-late")
    MailServer.objects.update(saved_at=now() + timedelta(seconds=5), host="theirs.example")

    reply = sign_in(ada).post(SAVE, stale)

    page = reply.content.decode()
    assert reply.status_code == 409
    assert "mine.example" in page
    assert "theirs.example" in page
    assert "canary-typed-late" not in page
    assert SECRET not in page
    assert MailServer.objects.get() == row
