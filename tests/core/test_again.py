"""Sensitive acts want a fresh sign-in, and nothing typed is lost by it."""

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.http import HttpResponse
from django.urls import include, path
from django.views.decorators.http import require_POST

from core.actions.lockout import LOCKED
from core.actions.signing_in import WRONG_AGAIN
from core.http import fresh_sign_in, fresh_sign_in_to_send
from core.http.fresh import LOST, MOST_HELD
from core.models import IdentityProvider, Role
from tests.make import PASSWORD, make_user

SECRET = "canary-7f3a91"
arrived: list[tuple[str, str, dict[str, str], dict[str, str]]] = []


@fresh_sign_in
def guarded(request, word):
    arrived.append((request.method, word, request.POST.dict(), request.GET.dict()))
    return HttpResponse("done")


@fresh_sign_in_to_send
def guarded_to_send(request):
    return HttpResponse(f"seen by {request.method}")


urlpatterns = [
    path("guarded/<str:word>/", guarded),
    path("to-send/", guarded_to_send),
    path("post-only/", require_POST(fresh_sign_in(lambda request: HttpResponse("done")))),
    path("", include("config.urls")),
]
pytestmark = [pytest.mark.urls(__name__)]


@pytest.fixture
def ada(db):
    arrived.clear()
    return make_user("Ada Lindgren", Role.SUPER, password=PASSWORD)


@pytest.fixture
def clock():
    with time_machine.travel("2026-05-04 09:00", tick=False) as moving:
        yield moving


@pytest.fixture
def stale(ada, sign_in, clock):
    """A browser in which Ada signed in eleven minutes ago."""
    browser = sign_in(ada)
    clock.shift(11 * 60)
    return browser


def test_proving_anew_gives_the_session_a_new_key(stale):
    before = stale.session.session_key

    stale.post("/sign-in/again/", {"password": PASSWORD, "next": "/"})

    assert stale.session.session_key != before
    assert not Session.objects.filter(pk=before).exists()
    assert stale.get("/").status_code == 200


def typed_again(browser, asked, password=PASSWORD):
    """What follows on the page that asks for the password."""
    context = browser.get(asked.headers["Location"]).context
    fields = {"next": context["next"], "held": context["held"], "password": password}
    return browser.post("/sign-in/again/", fields, follow=True)


def test_a_fresh_sign_in_passes(ada, sign_in, clock):
    browser = sign_in(ada)
    clock.shift(10 * 60)

    assert browser.post("/guarded/a/", {"secret": SECRET}).content == b"done"
    assert arrived == [("POST", "a", {"secret": SECRET}, {})]


def test_looking_later_asks_for_the_password_and_comes_back(stale):
    asked = stale.get("/guarded/a/?b=c")
    assert asked.headers["Location"] == "/sign-in/again/?next=%2Fguarded%2Fa%2F%3Fb%3Dc"

    reply = typed_again(stale, asked)

    assert reply.redirect_chain == [("/guarded/a/?b=c", 302)]
    assert arrived == [("GET", "a", {}, {"b": "c"})]


def test_a_secret_sent_late_arrives_after_the_password_and_stands_in_no_page(stale, trail):
    asked = stale.post("/guarded/a/?b=c", {"secret": SECRET, "name": "Größe"})
    page = stale.get(asked.headers["Location"])
    reply = typed_again(stale, asked)

    assert reply.content == b"done"
    assert arrived == [("POST", "a", {"secret": SECRET, "name": "Größe"}, {"b": "c"})]
    assert "What you sent is kept" in page.content.decode()
    assert SECRET not in page.content.decode() + str(asked.headers) + str(reply.redirect_chain)
    assert trail() == ["core.proven_again"]


def test_what_waits_is_sealed_in_the_session_and_used_up(stale):
    asked = stale.post("/guarded/a/", {"secret": SECRET})
    waiting = dict(stale.session["held"])
    typed_again(stale, asked)

    again = stale.post("/sign-in/again/", {"held": next(iter(waiting))}, follow=True)

    assert len(waiting) == 1
    assert SECRET not in str(waiting)
    assert not stale.session["held"]
    assert len(arrived) == 1
    assert again.redirect_chain == [("/", 302)]


def test_a_wrong_password_keeps_what_waits(stale, trail):
    asked = stale.post("/guarded/a/", {"secret": SECRET})

    wrong = typed_again(stale, asked, "wrong geese")
    right = typed_again(stale, asked)

    assert wrong.status_code == 422
    assert WRONG_AGAIN in wrong.content.decode()
    assert "wrong geese" not in wrong.content.decode()
    assert right.content == b"done"
    assert trail() == ["core.sign_in_failed", "core.proven_again"]


def test_the_page_cannot_be_used_to_guess_passwords(stale):
    asked = stale.post("/guarded/a/", {"secret": SECRET}, REMOTE_ADDR="198.51.100.7")
    fields = {"held": "", "password": "wrong geese"}
    for _ in range(5):
        last = stale.post("/sign-in/again/", fields, REMOTE_ADDR="198.51.100.7")

    right = stale.post("/sign-in/again/", {"password": PASSWORD}, REMOTE_ADDR="198.51.100.7")

    assert asked.status_code == 302
    assert LOCKED in last.content.decode()
    assert LOCKED in right.content.decode()
    assert arrived == []


def test_what_waits_arrives_only_where_it_was_sent(stale):
    asked = stale.post("/guarded/a/", {"secret": SECRET})
    held = stale.get(asked.headers["Location"]).context["held"]
    stale.post("/sign-in/again/", {"password": PASSWORD})

    elsewhere = stale.post("/guarded/b/", {"held": held})

    assert elsewhere.status_code == 409
    assert LOST.split(".")[0] in elsewhere.content.decode()
    assert arrived == []


def test_what_somebody_else_sent_is_nobodys(stale, sign_in, clock):
    asked = stale.post("/guarded/a/", {"secret": SECRET})
    session = stale.session
    thief = sign_in(make_user("Marcus Adeyemi", Role.CONNECTOR))
    stolen = thief.session
    stolen["held"] = session["held"]
    stolen.save()

    reply = thief.post("/guarded/a/", {"held": next(iter(session["held"]))})

    assert asked.status_code == 302
    assert reply.status_code == 409
    assert arrived == []


def test_two_windows_do_not_mix_what_they_sent(stale):
    first = stale.post("/guarded/a/", {"secret": "first"})
    second = stale.post("/guarded/b/", {"secret": "second"})
    typed_again(stale, first)

    typed_again_in_second = stale.post(
        "/sign-in/again/", {"held": second.headers["Location"].split("held=")[1]}, follow=True
    )

    assert typed_again_in_second.content == b"done"
    assert [(word, typed["secret"]) for _, word, typed, _ in arrived] == [("a", "first"), ("b", "second")]


def test_no_more_than_a_few_forms_wait(stale):
    for number in range(MOST_HELD + 3):
        stale.post("/guarded/a/", {"number": number})

    assert len(stale.session["held"]) == MOST_HELD


def test_a_page_that_may_be_seen_asks_only_when_sent_to(stale):
    looked, sent = stale.get("/to-send/"), stale.post("/to-send/", {"a": "b"})

    assert looked.content == b"seen by GET"
    assert sent.headers["Location"].startswith("/sign-in/again/?")


def test_htmx_is_led_to_the_password_as_a_whole_page(stale):
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/connectors/?a=b"}

    reply = stale.post("/guarded/a/", {"secret": SECRET}, headers=headers)

    assert reply.headers["HX-Redirect"] == "/sign-in/again/?next=%2Fconnectors%2F%3Fa%3Db"
    assert "held" not in stale.session


def test_giving_up_leads_back_to_the_page_of_the_form(stale):
    asked = stale.post("/post-only/", {}, headers={"Referer": "http://testserver/settings/outbox/"})

    page = stale.get(asked.headers["Location"]).content.decode()

    assert '<a class="btn btn-quiet" href="/settings/outbox/">Cancel</a>' in page


def test_who_has_no_password_signs_in_again_with_the_provider_and_then_sends(db, sign_in, clock):
    arrived.clear()
    IdentityProvider.objects.create(status="in_force", label="Meridian ID", issuer="https://id.example")
    browser = sign_in(make_user("Grace Kim", Role.SUPER))
    clock.shift(11 * 60)
    asked = browser.post("/guarded/a/", {"secret": SECRET})
    page = browser.get(asked.headers["Location"])
    session = browser.session  # as the provider's way back leaves it
    session["proven_at"] += 11 * 60
    session.save()

    back = browser.get(page.context["back"])
    sent = browser.post("/sign-in/again/", {"held": back.context["held"]}, follow=True)

    assert "Sign in again with Meridian ID" in page.content.decode()
    assert 'name="password"' not in page.content.decode()
    assert "You signed in again." in back.content.decode()
    assert sent.content == b"done"
    assert arrived == [("POST", "a", {"secret": SECRET}, {})]


def test_who_has_neither_is_told_how_to_get_a_password(db, sign_in, clock):
    browser = sign_in(make_user("Grace Kim", Role.SUPER))
    clock.shift(11 * 60)

    page = browser.get("/guarded/a/", follow=True).content.decode()

    assert "You have no password here." in page


def test_somebody_fresh_is_not_asked(ada, sign_in):
    reply = sign_in(ada).get("/sign-in/again/?next=/settings/outbox/")

    assert reply.headers["Location"] == "/settings/outbox/"
