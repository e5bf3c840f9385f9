"""Changing one's password, knowing the present one."""

import pytest
from axes.models import AccessAttempt

from core.actions.lockout import LOCKED
from core.actions.signing_in import WRONG_AGAIN
from core.models import IdentityProvider, Organisation, OutgoingMail, Role
from tests.make import PASSWORD, make_user

PAGE = "/profile/password/"
NEW = "another nine grey geese"
TYPED = {"present": PASSWORD, "password": NEW, "again": NEW}


@pytest.fixture
def grace(db):
    make_user("Ada Lindgren", Role.SUPER)
    return make_user("Grace Kim", Role.BASIC, password=PASSWORD)


def test_one_stays_signed_in_here_and_nowhere_else_and_gets_a_letter(grace, sign_in, trail):
    here, elsewhere = sign_in(grace), sign_in(grace)

    reply = here.post(PAGE, TYPED)

    grace.refresh_from_db()
    assert reply.headers["Location"] == "/profile/"
    assert grace.check_password(NEW)
    assert here.get("/").status_code == 200
    assert elsewhere.get("/").status_code == 302
    assert [mail.letter for mail in OutgoingMail.objects.all()] == ["password_changed"]
    assert trail() == ["core.proven_again", "core.password_changed"]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"present": "wrong geese"}, WRONG_AGAIN),
        ({"again": "another ten grey geese"}, "The two passwords differ."),
        ({"password": "short", "again": "short"}, "too short"),
        ({"present": ""}, "This field is required."),
    ],
)
def test_what_is_wrong_is_said_and_nothing_changes(changes, sentence, grace, sign_in):
    reply = sign_in(grace).post(PAGE, {**TYPED, **changes})

    grace.refresh_from_db()
    assert reply.status_code == 422
    assert sentence in reply.content.decode()
    assert grace.check_password(PASSWORD)


def test_it_cannot_be_used_to_guess_the_password(grace, sign_in):
    browser = sign_in(grace)
    for _ in range(5):
        browser.post(PAGE, {**TYPED, "present": "wrong geese"}, REMOTE_ADDR="198.51.100.7")

    reply = browser.post(PAGE, TYPED, REMOTE_ADDR="198.51.100.7")

    grace.refresh_from_db()
    assert LOCKED in reply.content.decode()
    assert grace.check_password(PASSWORD)


def test_nothing_that_was_typed_is_kept(grace, sign_in):
    sign_in(grace).post(PAGE, {**TYPED, "present": "wrong geese"})

    kept = str(list(AccessAttempt.objects.values()))

    assert grace.email in kept
    assert "geese" not in kept


def test_who_has_none_is_led_to_a_mailed_link(grace, sign_in):
    browser = sign_in(make_user("Kim Sorensen", Role.BASIC))

    page, reply = browser.get(PAGE).content.decode(), browser.post(PAGE, TYPED)

    assert "You have no password." in page
    assert reply.status_code == 409


def test_where_passwords_are_closed_to_one_the_page_says_so(grace, sign_in):
    IdentityProvider.objects.create(status="in_force", label="Meridian ID", issuer="https://id.example")
    Organisation.current()
    Organisation.objects.update(passwords_for="super")
    browser = sign_in(grace)

    page, reply = browser.get(PAGE).content.decode(), browser.post(PAGE, TYPED)

    grace.refresh_from_db()
    assert "only Super Administrators use a password" in page
    assert reply.status_code == 409
    assert grace.check_password(PASSWORD)
