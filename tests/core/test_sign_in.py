"""Who comes in, and where they come out."""

import pytest
from django.urls import reverse

from core.actions.signing_in import WRONG
from core.models import Role, TrailEvent, User
from tests.make import PASSWORD, make_user

SIGN_IN = "/sign-in/"


@pytest.fixture
def ada(db):
    return make_user("Ada Lindgren", Role.SUPER, password=PASSWORD)


def test_e_mail_in_any_case_and_password_sign_in(ada, client, trail):
    reply = client.post(SIGN_IN, {"email": "ADA.Lindgren@meridian.example", "password": PASSWORD})

    assert (reply.status_code, reply.headers["Location"]) == (302, "/")
    assert client.get("/").status_code == 200
    assert trail() == ["core.signed_in"]


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("ada.lindgren@meridian.example", "wrong geese"),
        ("nobody@meridian.example", PASSWORD),
        ("left@meridian.example", PASSWORD),
        ("none.yet@meridian.example", PASSWORD),
    ],
)
def test_every_refusal_says_the_same(email, password, ada, client, trail):
    make_user(
        "Peter Kovacs", email="left@meridian.example", password=PASSWORD, status=User.Status.DEACTIVATED
    )
    make_user("Kim Sorensen", email="none.yet@meridian.example")

    reply = client.post(SIGN_IN, {"email": email, "password": password})

    assert reply.status_code == 422
    assert WRONG in reply.content.decode()
    assert client.get("/").status_code == 302
    assert trail() == ["core.sign_in_failed"]


def test_a_failed_try_is_told_of_the_person_if_known_else_of_the_house(ada, client):
    client.post(SIGN_IN, {"email": ada.email, "password": "wrong geese"})
    client.post(SIGN_IN, {"email": "nobody@meridian.example", "password": "wrong geese"})

    told = list(TrailEvent.objects.order_by("pk").values_list("object_type", "object_id", "address"))
    assert told == [("core.user", ada.pk, "127.0.0.1"), ("core.organisation", "1", "127.0.0.1")]


def test_the_trail_never_holds_what_was_typed(ada, client):
    client.post(SIGN_IN, {"email": "geese-over-the-fjord@meridian.example", "password": "wrong geese"})

    assert "geese" not in str(TrailEvent.objects.values_list())


@pytest.mark.parametrize(
    ("wanted", "reached"),
    [
        ("/settings/outbox/?status=failed", "/settings/outbox/?status=failed"),
        ("https://elsewhere.example/", "/"),
        ("//elsewhere.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
    ],
)
def test_next_leads_to_our_own_pages_only(wanted, reached, ada, client):
    reply = client.post(SIGN_IN, {"email": ada.email, "password": PASSWORD, "next": wanted})

    assert reply.headers["Location"] == reached


def test_a_mailed_link_survives_signing_in(ada, client):
    page = client.get("/settings/outbox/", follow=True)

    assert page.redirect_chain == [("/sign-in/?next=/settings/outbox/", 302)]
    assert '<input type="hidden" name="next" value="/settings/outbox/">' in page.content.decode()


def test_signing_out_needs_a_post_and_is_told(ada, sign_in, trail):
    browser = sign_in(ada)

    shown, sent = browser.get("/sign-out/"), browser.post("/sign-out/")

    assert (shown.status_code, sent.status_code) == (405, 302)
    assert sent.headers["Clear-Site-Data"] == '"cache"'
    assert browser.get("/").status_code == 302
    assert trail() == ["core.signed_out"]


def test_a_person_deactivated_while_signed_in_is_out_at_once(ada, sign_in):
    browser = sign_in(ada)
    User.objects.filter(pk=ada.pk).update(status=User.Status.DEACTIVATED)

    reply = browser.get("/")

    assert reply.headers["Location"].startswith(SIGN_IN)


def test_htmx_is_sent_to_sign_in_as_a_whole_page(ada, client):
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/connectors/?only=mine"}

    reply = client.get(reverse("core:sign_in"), headers=headers)

    assert reply.headers["HX-Redirect"] == "/sign-in/?next=%2Fconnectors%2F%3Fonly%3Dmine"


def test_the_password_is_typed_hidden_and_never_shown_again(ada, client):
    reply = client.post(SIGN_IN, {"email": ada.email, "password": "wrong geese"})

    assert "wrong geese" not in reply.content.decode()
