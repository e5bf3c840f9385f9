"""Codes guessed from many addresses: ten wrong ones lock for the person, wherever they come from."""

import pytest
import time_machine
from django.core.management import call_command

from core.actions.lockout import NO_CODES
from core.actions.password import password_link
from core.models import OutgoingMail, Role
from tests.coding import CODE, code_of, set_up, with_password
from tests.make import PASSWORD, make_user


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel("2026-05-04 09:00:10", tick=False) as moving:
        yield moving


@pytest.fixture
def ada(db):
    return make_user("Ada Lindgren", Role.SUPER, Role.BASIC, password=PASSWORD)


@pytest.fixture
def grace(ada):
    return make_user("Grace Kim", Role.BASIC, password=PASSWORD)


def wrong_codes(client, count, *, first=0):
    """The last answer to so many, four from each address."""
    for number in range(first, first + count):
        reply = client.post(CODE, {"code": "000000"}, REMOTE_ADDR=f"198.51.100.{number // 4}")
    return reply.content.decode()


@pytest.fixture
def guessed(grace, sign_in, client, clock):
    """Somebody who knows her password typed ten wrong codes, from many addresses."""
    set_up(sign_in(grace), grace)
    clock.shift(60)
    with_password(client, grace)
    wrong_codes(client, 9)
    return wrong_codes(client, 1, first=9)


def test_ten_wrong_codes_lock_from_wherever_they_come_and_the_person_hears_of_it(
    guessed, grace, client, trail
):
    right = client.post(CODE, {"code": code_of(grace)}, REMOTE_ADDR="203.0.113.9")
    wrong_codes(client, 20, first=40)

    letter = OutgoingMail.objects.get()
    assert NO_CODES in guessed
    assert NO_CODES in right.content.decode()
    assert letter.subject == "Codes of your second factor are locked for 15 minutes"
    assert "10 wrong codes" in letter.text
    assert trail().count("core.sign_in_failed") == 10
    assert trail().count("core.locked_out") == 1


def test_a_mailed_link_does_not_forget_wrong_codes(grace, sign_in, client, clock):
    set_up(sign_in(grace), grace)
    clock.shift(60)
    with_password(client, grace)
    wrong_codes(client, 9)
    new = "another nine grey geese"
    client.post(password_link(grace), {"password": new, "again": new})

    assert NO_CODES in wrong_codes(client, 1, first=100)


def test_locked_codes_open_after_a_quarter_of_an_hour(guessed, grace, client, clock):
    clock.shift(15 * 60 + 1)
    with_password(client, grace)

    assert client.post(CODE, {"code": code_of(grace)}).status_code == 302


def test_an_operator_opens_locked_codes_at_once(guessed, grace, client):
    call_command("unlock", grace.email)

    assert client.post(CODE, {"code": code_of(grace)}).status_code == 302


def test_the_last_super_administrator_is_never_locked_at_the_machine_itself(ada, sign_in, client, clock):
    set_up(sign_in(ada), ada)
    clock.shift(60)
    with_password(client, ada)
    for _ in range(12):
        client.post(CODE, {"code": "000000"})

    reply = client.post(CODE, {"code": code_of(ada)})

    assert reply.status_code == 302
    assert not OutgoingMail.objects.exists()
