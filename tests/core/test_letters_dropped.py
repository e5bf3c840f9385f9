"""While the maintenance switch is on, no letter is kept for later, and none goes out."""

import pytest
from django.urls import reverse
from django.utils.timezone import now

from core.actions import mail_server
from core.jobs.letters import send_mail
from core.jobs.mail_server import check_mail_server, sweep_mail_servers
from core.models import MailServer, Organisation, OutgoingMail, Role
from tests.mailing import serving
from tests.make import make_letter, make_mail_server, make_user

PAGE = "/settings/mail/"
SAVE = "/settings/mail/save/"


@pytest.fixture
def ada(db, settings):
    settings.MAIL_URL = ""
    return make_user("Ada Lindgren", Role.SUPER, Role.BASIC)


def switch(*, drops):
    Organisation.current()
    Organisation.objects.update(drops_letters=drops, drops_letters_since=now() if drops else None)


def form_of(port, **changes):
    plain = {"host": "127.0.0.1", "port": port, "security": "none", "sender": "reeve@x.example"}
    return {**plain, "changed_at": mail_server.NEVER.isoformat(), **changes}


def test_no_letter_is_sent_again_into_a_queue_that_would_go_out_later(ada, sign_in, unused_port, trail):
    make_mail_server(host="127.0.0.1", port=unused_port, security="none")
    letter = make_letter(status=OutgoingMail.Status.FAILED, bounced=True, failed_at=now())
    browser, page = sign_in(ada), reverse("core:letter", args=[letter.pk])
    before = browser.get(page).content.decode()
    switch(drops=True)

    shown = browser.get(page).content.decode()
    again = browser.post(reverse("core:letter_again", args=[letter.pk]))
    address = browser.post(reverse("core:try_address_again"), {"address": letter.to})
    switch(drops=False)
    with serving(unused_port) as server:
        send_mail(letter.pk)

    letter.refresh_from_db()
    assert "Try again" in before
    assert "Try again" not in shown
    assert (again.status_code, address.status_code) == (409, 409)
    assert "Switch them on first" in again.content.decode()
    assert (letter.status, letter.bounced) == ("failed", True)
    assert server.taken == []
    assert trail() == []


def test_no_mail_server_is_saved_and_what_was_typed_is_kept(ada, sign_in, unused_port, trail):
    switch(drops=True)
    browser = sign_in(ada)

    page = browser.get(PAGE).content.decode()
    reply = browser.post(SAVE, form_of(unused_port, sender="Desk <desk@kept.example>"))

    assert "Save and try it" not in page
    assert reply.status_code == 422
    assert "no mail server can be tried. Switch them on first." in reply.content.decode()
    assert "desk@kept.example" in reply.content.decode()
    assert MailServer.objects.count() == 0
    assert trail() == []


@pytest.mark.django_db(transaction=True)
def test_a_mail_server_that_is_being_tried_waits_until_letters_are_switched_on(
    ada, sign_in, unused_port, nudges
):
    waiting = make_mail_server(
        status=MailServer.Status.CHECKING, host="127.0.0.1", port=unused_port, security="none", saved_by=ada
    )
    switch(drops=True)

    with serving(unused_port) as server:
        sweep_mail_servers()
        check_mail_server(waiting.pk)
        page = sign_in(ada).get(PAGE).content.decode()
        taken_before = len(server.taken)
        switch(drops=False)
        check_mail_server(waiting.pk)

    waiting.refresh_from_db()
    assert nudges == []
    assert taken_before == 0
    assert "127.0.0.1 waits to be tried" in page
    assert "every 1s" not in page
    assert (waiting.status, len(server.taken)) == ("in_force", 1)


def test_no_button_sends_anything_from_the_mail_page(ada, sign_in):
    make_mail_server()
    make_letter(to="gone@x.example", status=OutgoingMail.Status.FAILED, bounced=True, failed_at=now())
    browser, acts = sign_in(ada), ("Send a test to me", "Try this address again")

    before = browser.get(PAGE).content.decode()
    switch(drops=True)
    after = browser.get(PAGE).content.decode()

    assert all(act in before for act in acts)
    assert not any(act in after for act in acts)


@pytest.mark.parametrize(
    ("with_server", "words"), [(True, "on its way again"), (False, "waits in the outbox")]
)
def test_what_is_sent_again_says_whether_it_can_go_out(with_server, words, ada, sign_in):
    letter = make_letter(status=OutgoingMail.Status.FAILED)
    if with_server:
        make_mail_server()

    page = sign_in(ada).post(reverse("core:letter_again", args=[letter.pk]), follow=True).content.decode()

    assert words in page


@pytest.mark.parametrize(
    ("with_server", "words"), [(True, "again."), (False, "again once a mail server is set.")]
)
def test_an_address_that_is_tried_again_says_whether_letters_can_go_out(with_server, words, ada, sign_in):
    letter = make_letter(status=OutgoingMail.Status.FAILED, bounced=True)
    if with_server:
        make_mail_server()

    reply = sign_in(ada).post(reverse("core:try_address_again"), {"address": letter.to}, follow=True)

    assert f"Letters to {letter.to} are tried {words}" in reply.content.decode()
