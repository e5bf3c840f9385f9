"""A password by mail: asked for by anyone, answered to nobody, good once."""

import re

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.utils.timezone import now

from core.actions.password import password_link
from core.mailbox import PASSWORD_LINK
from core.models import OutgoingMail, Role, User
from tests.make import PASSWORD, make_user

ASK = "/password/"
NEW = {"password": "another nine grey geese", "again": "another nine grey geese"}


@pytest.fixture
def grace(db):
    make_user("Ada Lindgren", Role.SUPER)
    return make_user("Grace Kim", Role.BASIC)


@pytest.fixture
def mail(settings):
    settings.MAIL_URL = "smtp://127.0.0.1:1"


def test_whoever_is_asked_for_the_page_says_the_same(grace, mail, client, trail):
    make_user("Peter Kovacs", email="left@meridian.example", status=User.Status.DEACTIVATED)

    pages = [
        _without_token(client.post(ASK, {"email": email}))
        for email in (grace.email, "nobody@meridian.example", "left@meridian.example")
    ]

    assert pages[0] == pages[1] == pages[2]
    assert list(OutgoingMail.objects.values_list("to", flat=True)) == [grace.email]
    assert trail() == ["core.password_link_asked"]


def test_the_outbox_never_holds_a_link_that_signs_in(grace, mail, client):
    client.post(ASK, {"email": grace.email, "next": "/connectors/"})

    letter = OutgoingMail.objects.get()
    assert f"{PASSWORD_LINK}?next=/connectors/" in letter.text
    assert f"{PASSWORD_LINK}?next=/connectors/" in letter.html
    assert grace.pk not in letter.text + letter.html


def test_asking_again_and_again_posts_one_letter_and_is_told_once(grace, mail, client, trail):
    with time_machine.travel("2026-05-04 09:04"):
        for _ in range(5):
            client.post(ASK, {"email": grace.email})

    assert OutgoingMail.objects.count() == 1
    assert trail() == ["core.password_link_asked"]


def test_after_five_minutes_or_a_corrected_e_mail_there_is_another(grace, mail, client):
    with time_machine.travel("2026-05-04 09:04") as clock:
        client.post(ASK, {"email": grace.email})
        User.objects.filter(pk=grace.pk).update(email="g.kim@meridian.example")
        client.post(ASK, {"email": "g.kim@meridian.example"})
        clock.shift(5 * 60 + 1)
        client.post(ASK, {"email": "g.kim@meridian.example"})

    letters = OutgoingMail.objects.order_by("created_at").values_list("to", flat=True)
    assert list(letters) == [grace.email, "g.kim@meridian.example", "g.kim@meridian.example"]


def test_without_mail_the_page_says_who_can_help(grace, settings, client):
    settings.MAIL_URL = ""

    page = client.get(ASK).content.decode()

    assert "Mail is not set up here" in page
    assert "./dev manage reset_link" in page


def test_the_link_sets_the_password_signs_in_and_leads_on(grace, client, trail):
    link = password_link(grace)

    reply = client.post(link, {**NEW, "next": "/settings/"})

    grace.refresh_from_db()
    assert (reply.status_code, reply.headers["Location"]) == (302, "/settings/")
    assert grace.check_password(NEW["password"])
    assert client.get("/").status_code == 200
    assert trail() == ["core.password_set", "core.signed_in"]


def test_the_link_works_once(grace, client):
    link = password_link(grace)
    client.post(link, NEW)

    reply = client.post(link, {"password": PASSWORD, "again": PASSWORD})

    grace.refresh_from_db()
    assert reply.status_code == 409
    assert grace.check_password(NEW["password"])


def test_the_link_works_for_an_hour(grace, client):
    link = password_link(grace)

    with time_machine.travel(now().timestamp() + 3700):
        reply = client.get(link)

    assert reply.status_code == 409
    assert "older than an hour" in reply.content.decode()


def test_the_link_of_a_person_who_left_works_no_more(grace, client):
    link = password_link(grace)
    User.objects.filter(pk=grace.pk).update(status=User.Status.DEACTIVATED)

    reply = client.post(link, NEW)

    assert reply.status_code == 409


def test_a_password_that_another_one_replaces_is_told_by_letter(grace, client):
    first = make_user("Kim Sorensen", Role.BASIC)
    grace.set_password(PASSWORD)
    grace.save()

    for person in (first, grace):
        client.post(password_link(person), NEW)

    assert [(mail.letter, mail.to) for mail in OutgoingMail.objects.all()] == [
        ("password_changed", grace.email)
    ]


def test_a_new_password_ends_other_sessions(grace, sign_in, client):
    elsewhere = sign_in(grace)

    client.post(password_link(grace), NEW)

    assert elsewhere.get("/").status_code == 302


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        ({"password": "another nine grey geese", "again": "another ten grey geese"}, "differ"),
        ({"password": "short", "again": "short"}, "too short"),
        ({"password": "grace.kim@meridian.example", "again": "grace.kim@meridian.example"}, "too similar"),
    ],
)
def test_a_bad_password_is_refused_with_a_sentence(answers, sentence, grace, client):
    reply = client.post(password_link(grace), answers)

    assert reply.status_code == 422
    assert sentence in reply.content.decode()


def test_the_command_prints_a_link_that_works(grace, client, capsys, trail):
    call_command("reset_link", "Grace.Kim@meridian.example")

    link = capsys.readouterr().out.strip()
    assert client.post(link, NEW).status_code == 302
    assert trail()[0] == "core.password_link_made"


def test_the_command_refuses_who_is_not_here(grace):
    with pytest.raises(CommandError, match="Nobody active"):
        call_command("reset_link", "nobody@meridian.example")


def _without_token(reply):
    return re.sub(r'value="[A-Za-z0-9]{64}"', "", reply.content.decode())
