"""A NUL is no text: whatever part of a request holds one, the answer is 400 and not a broken page."""

from io import BytesIO

import pytest
from django.http import HttpResponse, UnreadablePostError
from django.test import RequestFactory

from core.http import refuse_large, refuse_unreadable
from tests.make import make_connector, make_letter

ASKED = [
    "/password/%00/x/",
    "/setup/%00/",
    "/people/matches/?q=%00",
    "/people/matches/?q=a&not=%00",
    "/people/matches/?%00=a",
    "/settings/outbox/?after=%00",
    "/settings/outbox/%00/",
    "/connectors/%00/",
    "/connectors/?q=%00",
    "/applications/?after=%00",
    "/applications/%00/accounts/%00/",
]


@pytest.mark.parametrize("address", ASKED)
def test_an_address_with_a_nul_is_refused_with_a_sentence(address, cast, sign_in):
    make_letter()

    reply = sign_in(cast["super"]).get(address)

    assert reply.status_code == 400
    assert "holds a character that no text holds" in reply.content.decode()
    assert "Content-Security-Policy" in reply.headers


def test_a_form_with_a_nul_is_refused_and_changes_nothing(cast, sign_in, trail):
    browser, connector = sign_in(cast["super"]), make_connector(cast["super"])
    place = f"/connectors/{connector.pk}"
    forms = [
        (f"{place}/owners/", {"owners": [cast["basic"].pk, "\0"]}),
        (f"{place}/owners/", {"owners_find": "1", "owners_words": "\0"}),
        (f"{place}/ask-again/", {"owner": "\0"}),
        (f"{place}/settings/", {"client_id": "b1f9\0", "domain": "acme.coupahost.com", "mode": "read"}),
        ("/connectors/add/coupa/", {"how": "new", "name": "Coupa\0"}),
        ("/theme/", {"theme": "dark", "next": "/\0"}),
        ("/password/", {"email": "grace\0@meridian.example"}),
    ]

    answers = [browser.post(address, data).status_code for address, data in forms]

    assert answers == [400] * len(forms)
    assert list(connector.owners_now()) == [cast["super"]]
    assert trail() == []


@pytest.mark.parametrize(("length", "answer"), [("12000000", 200), ("12000001", 413), ("9" * 30, 413)])
def test_a_body_that_says_it_is_too_large_is_refused_before_it_is_read(length, answer, db):
    request = RequestFactory().post("/theme/", CONTENT_LENGTH=length)

    reply = refuse_large(lambda request: HttpResponse("answered"))(request)

    assert reply.status_code == answer


@pytest.mark.parametrize(("length", "answer"), [("64000000", 200), ("64000001", 413)])
def test_a_view_may_take_larger_bodies_than_others(length, answer, db):
    request = RequestFactory().post("/connectors/some/settings/", CONTENT_LENGTH=length)

    reply = refuse_large(lambda request: HttpResponse("answered"))(request)

    assert reply.status_code == answer


def test_an_address_that_leads_nowhere_takes_no_more(db):
    request = RequestFactory().post("/nowhere/", CONTENT_LENGTH="12000001")

    assert refuse_large(lambda request: HttpResponse("answered"))(request).status_code == 413


def test_too_large_is_said_with_a_sentence_to_strangers_too(db, client):
    reply = client.post("/sign-in/", {"email": "grace@meridian.example"}, CONTENT_LENGTH="12000001")

    assert reply.status_code == 413
    assert "larger than 12 MB" in reply.content.decode()
    assert "Content-Security-Policy" in reply.headers


def test_a_cookie_with_a_nul_is_refused(db, client):
    reply = client.get("/", headers={"Cookie": 'reeve_session="\\000abcdefgh"'})

    assert reply.status_code == 400


def test_htmx_gets_the_sentence_as_a_toast(cast, sign_in):
    reply = sign_in(cast["basic"]).get("/people/matches/?q=%00", headers={"HX-Request": "true"})

    assert reply.status_code == 400
    assert "data-toast" in reply.content.decode()
    assert "<html" not in reply.content.decode()


def test_a_form_that_breaks_off_is_refused(db):
    class Broken(BytesIO):
        def read(self, size=None):
            raise UnreadablePostError("gone")

    request = RequestFactory().post("/theme/", "theme=dark", "application/x-www-form-urlencoded")
    request._stream = Broken()

    reply = refuse_unreadable(lambda request: HttpResponse("answered"))(request)

    assert reply.status_code == 400


def test_what_only_looks_like_a_nul_is_answered(cast, sign_in):
    reply = sign_in(cast["basic"]).get("/people/matches/", {"q": "%00 \\0 &#0;"})

    assert reply.status_code == 200
