"""Codes after the password: set up, asked for, used once, lost."""

import re

import pytest
import time_machine
from django.core.management import call_command

from core.actions import second_factor
from core.actions.lockout import LOCKED
from core.actions.password import password_link
from core.actions.second_factor import WRONG_CODE
from core.models import OutgoingMail, Role, SecondFactor, TrailEvent
from tests.coding import CODE, PAGE, code_of, set_up, with_password
from tests.connectors.sync.test_races import at_once
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


def test_a_first_code_puts_it_in_force_and_shows_ten_recovery_codes_once(ada, sign_in, trail):
    browser = sign_in(ada)
    browser.post(f"{PAGE}begin/")
    shown = browser.get(PAGE).content.decode()
    confirmed = browser.post(f"{PAGE}confirm/", {"code": code_of(ada)}).content.decode()

    later = browser.get(PAGE).content.decode()

    factor = SecondFactor.objects.get()
    secret = second_factor.shared_secret(factor)
    assert "<svg" in shown
    assert " style=" not in shown
    assert secret in shown.replace(" ", "")
    assert len(re.findall(r"<code>[a-z2-7-]{29}</code>", confirmed)) == 10
    assert "10 of 10" in later
    assert secret not in later.replace(" ", "")
    assert trail() == ["core.second_factor_set_up"]


def test_neither_secret_nor_codes_stand_in_the_database(ada, sign_in):
    codes = set_up(sign_in(ada), ada)

    kept = str(SecondFactor.objects.values().get()) + str(list(TrailEvent.objects.values()))

    secret = second_factor.shared_secret(SecondFactor.objects.get())
    assert secret not in kept
    assert not [code for code in codes if code in kept or code.replace("-", "") in kept]


def test_until_it_is_confirmed_it_is_not_asked_for(ada, sign_in, client):
    sign_in(ada).post(f"{PAGE}begin/")

    assert with_password(client, ada).headers["Location"] == "/"


def test_a_wrong_first_code_confirms_nothing(ada, sign_in):
    browser = sign_in(ada)
    browser.post(f"{PAGE}begin/")

    reply = browser.post(f"{PAGE}confirm/", {"code": "000000"})

    assert reply.status_code == 422
    assert WRONG_CODE in reply.content.decode()
    assert SecondFactor.objects.get().confirmed_at is None


def test_after_the_password_nothing_opens_before_the_code(ada, sign_in, client, clock, trail):
    set_up(sign_in(ada), ada)
    clock.shift(60)
    after_password = with_password(client, ada, next="/settings/outbox/?status=failed")
    home = client.get("/")

    after_code = client.post(CODE, {"code": code_of(ada)})

    assert after_password.headers["Location"] == CODE
    assert home.headers["Location"] == "/sign-in/?next=/"
    assert after_code.headers["Location"] == "/settings/outbox/?status=failed"
    assert client.get("/").status_code == 200
    assert TrailEvent.objects.get(action="core.signed_in").change == {"proof": "password and code"}


def test_a_mailed_link_asks_for_the_code_too(ada, sign_in, client, clock):
    set_up(sign_in(ada), ada)
    clock.shift(60)
    new = "another nine grey geese"

    reply = client.post(password_link(ada), {"password": new, "again": new, "next": "/connectors/"})

    assert reply.headers["Location"] == CODE
    assert client.post(CODE, {"code": code_of(ada)}).headers["Location"] == "/connectors/"


@pytest.mark.parametrize(("steps", "is_good"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_code_is_good_one_step_early_or_late(steps, is_good, ada, sign_in, client, clock):
    set_up(sign_in(ada), ada)
    clock.shift(5 * 60)
    with_password(client, ada)

    reply = client.post(CODE, {"code": code_of(ada, steps=steps)})

    assert (reply.status_code == 302) == is_good


def test_a_code_works_once_and_none_before_it_afterwards(ada, sign_in, client, clock):
    set_up(sign_in(ada), ada)
    clock.shift(5 * 60)
    seen, older = code_of(ada), code_of(ada, steps=-1)
    with_password(client, ada)
    client.post(CODE, {"code": seen})
    client.post("/sign-out/")
    with_password(client, ada)

    replies = [client.post(CODE, {"code": each}) for each in (seen, older)]

    assert [reply.status_code for reply in replies] == [422, 422]


def test_a_code_may_be_typed_with_blanks(ada, sign_in, client, clock):
    set_up(sign_in(ada), ada)
    clock.shift(60)
    with_password(client, ada)
    code = code_of(ada)

    assert client.post(CODE, {"code": f" {code[:3]} {code[3:]}"}).status_code == 302


def test_a_recovery_code_works_once(ada, sign_in, client, clock, trail):
    code = set_up(sign_in(ada), ada)[3]
    with_password(client, ada)
    first = client.post(CODE, {"code": code.upper().replace("-", " ")})
    client.post("/sign-out/")
    with_password(client, ada)

    second = client.post(CODE, {"code": code})

    assert (first.status_code, second.status_code) == (302, 422)
    assert len(SecondFactor.objects.get().recovery) == 9
    assert trail().count("core.recovery_code_used") == 1


def test_new_recovery_codes_end_the_old(ada, sign_in, client):
    browser = sign_in(ada)
    old = set_up(browser, ada)[0]

    page = browser.post(f"{PAGE}codes/").content.decode()
    new = re.findall(r"<code>([a-z2-7-]{29})</code>", page)[0]

    with_password(client, ada)
    assert client.post(CODE, {"code": old}).status_code == 422
    assert client.post(CODE, {"code": new}).status_code == 302


def test_wrong_codes_lock_like_wrong_passwords(grace, sign_in, client, clock):
    set_up(sign_in(grace), grace)
    clock.shift(60)
    with_password(client, grace)
    for _ in range(5):
        last = client.post(CODE, {"code": "000000"})

    right = client.post(CODE, {"code": code_of(grace)})

    assert LOCKED in last.content.decode()
    assert LOCKED in right.content.decode()
    assert LOCKED in with_password(client, grace).content.decode()
    assert OutgoingMail.objects.get().letter == "locked_out"


def test_a_recovery_code_cannot_be_guessed_even_from_the_database(ada, sign_in):
    code = set_up(sign_in(ada), ada)[0]

    assert len(code.replace("-", "")) * 5 >= 112, "bits: what a plain hash needs to be safe"


@pytest.mark.django_db(transaction=True)
def test_two_clicks_on_set_up_at_once_break_nothing(ada):
    outcomes = at_once(lambda: second_factor.begin(by=ada), lambda: second_factor.begin(by=ada))

    assert outcomes == [None, None]
    assert SecondFactor.objects.get().confirmed_at is None


def test_the_code_is_awaited_for_ten_minutes(ada, sign_in, client, clock):
    set_up(sign_in(ada), ada)
    with_password(client, ada)

    clock.shift(10 * 60 + 1)

    assert client.post(CODE, {"code": code_of(ada)}).headers["Location"] == "/sign-in/?next=%2F"


def test_who_takes_too_long_is_told_and_still_gets_where_they_were_going(ada, sign_in, client, clock):
    set_up(sign_in(ada), ada)
    with_password(client, ada, next="/settings/outbox/?status=failed")
    page = client.get(CODE).content.decode()
    clock.shift(10 * 60 + 1)

    late = client.post(CODE, {"code": code_of(ada)}, follow=True)

    assert 'href="/sign-in/?next=/settings/outbox/%3Fstatus%3Dfailed">Start over' in page
    assert "That took more than ten minutes; sign in again." in late.content.decode()
    assert late.context["next"] == "/settings/outbox/?status=failed"


def test_a_password_changed_meanwhile_ends_the_wait(ada, sign_in, client, clock):
    set_up(sign_in(ada), ada)
    clock.shift(60)
    with_password(client, ada)
    ada.set_password("another nine grey geese")
    ada.save(update_fields=["password"])

    assert client.post(CODE, {"code": code_of(ada)}).headers["Location"] == "/sign-in/?next=%2F"


def test_taking_it_away_is_told_by_letter_and_the_password_is_enough_again(ada, sign_in, client, trail):
    browser = sign_in(ada)
    set_up(browser, ada)

    browser.post(f"{PAGE}remove/")

    assert with_password(client, ada).headers["Location"] == "/"
    assert "core.second_factor_removed" in trail()
    assert "You took your second factor away." in OutgoingMail.objects.get().text


@pytest.mark.parametrize(
    ("who", "answer"), [("super", 302), ("connector_admin", 403), ("read_only", 403), ("basic", 404)]
)
def test_only_a_super_administrator_takes_somebody_elses_away(who, answer, cast, sign_in, trail):
    helpdesk = cast["helpdesk"]
    set_up(sign_in(helpdesk), helpdesk)

    reply = sign_in(cast[who]).post(f"/people/{helpdesk.pk}/second-factor/remove/")

    taken = answer == 302
    assert reply.status_code == answer
    assert SecondFactor.objects.exists() == (not taken)
    assert trail() == ["core.second_factor_set_up", *(["core.second_factor_removed"] if taken else [])]
    assert [mail.to for mail in OutgoingMail.objects.all()] == ([helpdesk.email] if taken else [])


def test_an_operator_takes_a_lost_one_away(grace, sign_in, client):
    set_up(sign_in(grace), grace)

    call_command("unlock", grace.email, "--second-factor")

    assert with_password(client, grace).headers["Location"] == "/"
    assert "An operator took your second factor away." in OutgoingMail.objects.get().text


def test_it_is_shown_only_after_a_fresh_sign_in(ada, sign_in, clock):
    browser = sign_in(ada)
    browser.post(f"{PAGE}begin/")

    clock.shift(11 * 60)

    assert browser.get(PAGE).headers["Location"].startswith("/sign-in/again/")


def test_a_secret_whose_key_is_gone_is_told_of(ada, sign_in, settings):
    browser = sign_in(ada)
    browser.post(f"{PAGE}begin/")
    settings.SEALING_KEYS = ["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="]

    reply = browser.get(PAGE)

    assert reply.status_code == 409
    assert "its key is gone" in reply.content.decode()
