"""How long somebody is known, and what ends it."""

import pytest
import time_machine
from django.contrib.sessions.models import Session

from core.actions.sessions import end_sessions
from core.errors import Denied
from core.models import Organisation, Role, User
from tests.make import PASSWORD, make_user

START = "2026-05-04 09:00"
MINUTE = 60


@pytest.fixture
def clock():
    with time_machine.travel(START, tick=False) as moving:
        yield moving


def is_in(browser, **headers):
    return browser.get("/", headers=headers).status_code == 200


def why_over(browser):
    """What the sign-in page says about the session before."""
    return browser.get("/", follow=True).content.decode()


@pytest.mark.parametrize(
    ("who", "minutes", "stays"),
    [
        ("basic", 239, True),
        ("basic", 240, False),
        ("super", 59, True),
        ("super", 60, False),
        ("read_only", 60, False),
    ],
)
def test_who_is_away_for_too_long_signs_in_again(who, minutes, stays, cast, sign_in, clock):
    browser = sign_in(cast[who])

    clock.shift(minutes * MINUTE)

    assert is_in(browser) == stays


def test_who_is_there_all_day_signs_in_again_after_twelve_hours(cast, sign_in, clock):
    browser, seen = sign_in(cast["basic"]), []

    for _ in range(12):
        clock.shift(59 * MINUTE)
        seen.append(is_in(browser))
    clock.shift(12 * MINUTE)

    assert all(seen)
    assert "After 12 hours everybody signs in again." in why_over(browser)


def test_the_sign_in_page_says_why_and_leads_back(cast, sign_in, clock):
    browser = sign_in(cast["super"])
    clock.shift(61 * MINUTE)

    page = browser.get("/settings/outbox/?status=failed", follow=True)

    assert page.redirect_chain == [("/sign-in/?next=/settings/outbox/%3Fstatus%3Dfailed", 302)]
    assert "You were away for an hour or longer; sign in again." in page.content.decode()
    assert 'value="/settings/outbox/?status=failed"' in page.content.decode()


def test_a_form_sent_too_late_leads_back_to_the_page_it_stood_on(cast, sign_in, clock):
    browser, place = sign_in(cast["super"]), f"/people/{cast['basic'].pk}/"
    clock.shift(61 * MINUTE)

    sent = browser.post(f"{place}sessions/end/", headers={"Referer": f"http://testserver{place}"})
    unknown = browser.post(f"{place}sessions/end/", headers={"Referer": "http://elsewhere.example/"})

    assert sent.headers["Location"] == f"/sign-in/?next={place}"
    assert unknown.headers["Location"] == "/sign-in/?next=/"


def test_the_reason_is_forgotten_once_one_is_in_again(db, client, clock):
    ada = make_user("Ada Lindgren", Role.SUPER, password=PASSWORD)
    typed = {"email": ada.email, "password": PASSWORD}
    client.post("/sign-in/", typed)
    clock.shift(61 * MINUTE)
    client.get("/")
    client.post("/sign-in/", typed)

    client.post("/sign-out/")

    assert "You were away" not in client.get("/sign-in/").content.decode()


def test_the_lengths_are_the_organisations(cast, sign_in, clock):
    Organisation.current()
    Organisation.objects.update(session_minutes=45, idle_minutes=5, administrator_idle_minutes=30)
    basic, administrator = sign_in(cast["basic"]), sign_in(cast["super"])

    clock.shift(6 * MINUTE)

    assert "You were away for 5 minutes" in why_over(basic)
    assert "You were away for 5 minutes" in why_over(administrator), "never later than everybody else"


def test_a_page_that_renews_itself_keeps_no_session_alive(cast, sign_in, clock):
    left_alone, at_work = sign_in(cast["super"]), sign_in(cast["super"])

    for _ in range(3):
        clock.shift(25 * MINUTE)
        polled = is_in(left_alone, **{"X-Polls": "yes", "HX-Request": "true"})
        worked = is_in(at_work)

    assert worked
    assert not polled


def test_htmx_is_led_to_sign_in_as_a_whole_page(cast, sign_in, clock):
    browser = sign_in(cast["super"])
    clock.shift(61 * MINUTE)
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/connectors/"}

    reply = browser.get("/connectors/", headers=headers, follow=True)

    assert reply.headers["HX-Redirect"] == "/sign-in/?next=%2Fconnectors%2F"


def test_being_there_is_written_down_once_a_minute_at_most(cast, sign_in, clock):
    browser = sign_in(cast["basic"])
    browser.get("/")
    first = Session.objects.get().get_decoded()["seen_at"]

    clock.shift(59)
    browser.get("/")
    unchanged = Session.objects.get().get_decoded()["seen_at"]
    clock.shift(1)
    browser.get("/")

    assert unchanged == first
    assert Session.objects.get().get_decoded()["seen_at"] == first + 60


def test_a_session_without_stamps_is_none(cast, sign_in):
    browser = sign_in(cast["basic"])
    session = browser.session
    del session["began_at"]
    session.save()

    assert "Sign in again." in why_over(browser)


def test_signing_in_takes_a_new_session_key(db, client):
    make_user("Ada Lindgren", Role.SUPER, password=PASSWORD)
    session = client.session
    session["planted"] = "before"
    session.save()
    client.cookies["reeve_session"] = session.session_key

    client.post("/sign-in/", {"email": "ada.lindgren@meridian.example", "password": PASSWORD})

    assert client.session.session_key != session.session_key
    assert not Session.objects.filter(pk=session.session_key).exists()


def test_ending_sessions_ends_every_one_at_once(cast, sign_in, trail):
    browsers = [sign_in(cast["basic"]) for _ in range(2)]
    other = sign_in(cast["super"])

    end_sessions(cast["basic"], by=cast["super"])

    assert [is_in(each) for each in browsers] == [False, False]
    assert is_in(other)
    assert trail() == ["core.sessions_ended"]


def test_a_session_that_was_ended_stays_so_when_the_person_comes_back(cast, sign_in):
    browser = sign_in(cast["basic"])
    end_sessions(cast["basic"], by=None)
    User.objects.filter(pk=cast["basic"].pk).update(status=User.Status.DEACTIVATED)

    User.objects.filter(pk=cast["basic"].pk).update(status=User.Status.ACTIVE)

    assert not is_in(browser)


@pytest.mark.parametrize(("who", "may"), [("super", True), ("basic", True), ("connector_admin", False)])
def test_sessions_are_ended_by_oneself_or_a_super_administrator(who, may, cast, sign_in, trail):
    browser = sign_in(cast["basic"])

    try:
        end_sessions(cast["basic"], by=cast[who])
        ended = True
    except Denied:
        ended = False

    assert ended == may
    assert is_in(browser) == (not may)
    assert trail() == (["core.sessions_ended"] if may else [])
