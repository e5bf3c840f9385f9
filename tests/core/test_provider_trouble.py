"""Whatever a provider does wrong: nobody is let in, the page says what it was, and no secret gets about."""

import logging
import re
from typing import Any

import httpx
import pytest
from django.apps import apps
from django.contrib.sessions.models import Session
from django.test import Client

from core.models import Role, TrailEvent
from core.sign_in import oidc
from tests.make import make_user
from tests.providing import come, is_in, make_provider, said, sent_off

ADA = "ada.lindgren@meridian.example"
DISCOVERY, KEYS, TOKEN = "/.well-known/openid-configuration", "/keys", "/token"

type Cases = dict[str, tuple[dict[str, Any], str]]
"""What the provider does, and the sentence that says so."""

ON_THE_WAY_BACK: Cases = {
    "wrong nonce": ({"claims": {"nonce": "of-another"}}, "answers another question than ours (nonce)"),
    "no nonce": ({"claims": {"nonce": None}}, "answers another question than ours (nonce)"),
    "wrong audience": ({"claims": {"aud": "another-client"}}, "meant for another client"),
    "many audiences": ({"claims": {"aud": ["reeve-console", "b"]}}, "given to another client (azp)"),
    "wrong party": ({"claims": {"azp": "another-client"}}, "given to another client (azp)"),
    "odd audience": ({"claims": {"aud": {"reeve-console": 1}}}, "meant for another client"),
    "wrong issuer": ({"claims": {"iss": "https://elsewhere.example"}}, "of another issuer"),
    "no subject": ({"claims": {"sub": ""}}, "does not say whom it is about (sub)"),
    "expired": ({"claims": {"exp": "-3600"}}, "The ID token has expired"),
    "never expires": ({"claims": {"exp": None}}, "The ID token has expired"),
    "expires as a word": ({"claims": {"exp": "tomorrow"}}, "The ID token has expired"),
    "made long ago": ({"claims": {"iat": "-3600"}}, "was not made just now (iat)"),
    "made tomorrow": ({"claims": {"iat": "+86400"}}, "was not made just now (iat)"),
    "unverified": ({"claims": {"email_verified": False}}, "does not say that your e-mail is verified"),
    "verified as a word": (
        {"claims": {"email_verified": "yes"}},
        "does not say that your e-mail is verified",
    ),
    "no e-mail": ({"claims": {"email": None}}, "did not say what your e-mail is"),
    "odd e-mail": ({"claims": {"email": ["ada"]}}, "did not say what your e-mail is"),
    "unsigned": ({"signing": "none"}, "not signed with one of RS256, ES256, EdDSA"),
    "signed with our secret": ({"signing": "secret"}, "not signed with one of RS256, ES256, EdDSA"),
    "signed by a stranger": ({"signing": "stranger"}, "The signature of the ID token is not the provider"),
    "state mixed up": ({"state": "of-another"}, "belongs to no sign-in of this browser"),
    "mixed up provider": ({"issuer_told": "https://elsewhere.example"}, "came from another provider"),
    "no ID token": ({"body": {TOKEN: '{"access_token": "at", "token_type": "Bearer"}'}}, "sent no ID token"),
    "ID token is none": ({"body": {TOKEN: '{"id_token": "a.b.c"}'}}, "an ID token that cannot be read"),
    "ID token is a number": ({"body": {TOKEN: '{"id_token": 7}'}}, "sent no ID token"),
    "tokens are none": ({"body": {TOKEN: "[]"}}, "but not with tokens"),
    "tokens are no JSON": ({"body": {TOKEN: "<html>"}}, "but not with tokens"),
    "invalid client": (
        {"body": {TOKEN: '{"error": "invalid_client"}'}},
        "does not accept the client ID and secret",
    ),
    "invalid grant": ({"body": {TOKEN: '{"error": "invalid_grant"}'}}, "refused the code: invalid_grant."),
    "odd error": ({"body": {TOKEN: '{"error": {"x": "y"}}'}}, "refused the code: without a reason"),
    "tokens answer 500": ({"status": {TOKEN: 500}}, "answered /token with 500."),
    "tokens answer 400": ({"status": {TOKEN: 400}}, "sent no ID token"),
    "tokens elsewhere": ({"status": {TOKEN: 307}}, "answered /token with a redirect"),
    "too many tokens": ({"size": {TOKEN: 1024 * 1024 + 1}}, "sent more than 1 MB"),
    "keys answer 500": ({"status": {KEYS: 500}}, "answered /keys with 500."),
    "keys are missing": ({"status": {KEYS: 404}}, "answered /keys with 404."),
    "keys are none": ({"body": {KEYS: '{"keys": "none"}'}}, "list of keys is none"),
    "keys are of no kind": (
        {"body": {KEYS: '{"keys": [7, {}, {"kty": "RSA"}]}'}},
        "signature of the ID token is not",
    ),
}
ON_THE_WAY_THERE: Cases = {
    "no discovery": ({"status": {DISCOVERY: 404}}, "answered /.well-known/openid-configuration with 404."),
    "discovery answers 503": ({"status": {DISCOVERY: 503}}, "configuration with 503."),
    "discovery elsewhere": ({"status": {DISCOVERY: 302}}, "with a redirect, never followed"),
    "discovery is no JSON": ({"body": {DISCOVERY: "<html>"}}, "but not with JSON"),
    "discovery is a list": ({"body": {DISCOVERY: "[]"}}, "but not with a JSON object"),
    "discovery is endless": ({"size": {DISCOVERY: 1024 * 1024 + 1}}, "sent more than 1 MB"),
    "another name": ({"document": {"issuer": "https://elsewhere.example"}}, "enter its issuer exactly so"),
    "no token endpoint": ({"document": {"token_endpoint": None}}, "lacks token_endpoint"),
    "tokens without TLS": (
        {"document": {"token_endpoint": "http://elsewhere.example/token"}},
        "elsewhere.example to be asked without https",
    ),
    "keys without TLS": (
        {"document": {"jwks_uri": "http://10.0.0.1/keys"}},
        "10.0.0.1 to be asked without https",
    ),
    "script for an address": (
        {"document": {"authorization_endpoint": "javascript:alert(1)"}},
        "names an address that is none",
    ),
    "broken address": ({"document": {"jwks_uri": "https://[broken/keys"}}, "names an address that is none"),
}


@pytest.fixture
def ada(db):
    return make_user("Ada Lindgren", Role.SUPER, Role.BASIC)


@pytest.mark.parametrize("case", ON_THE_WAY_BACK)
def test_a_provider_that_answers_wrongly_lets_nobody_in(case, ada, provider, fake, trail):
    habits, sentence = ON_THE_WAY_BACK[case]
    fake.misbehave(**habits)
    browser = Client()

    reply = come(browser, fake, ADA, next="/settings/outbox/")

    assert sentence in said(browser, reply)
    assert not is_in(browser)
    assert trail() == ["core.provider_refused"]
    assert sentence in TrailEvent.objects.get().change["problem"]


@pytest.mark.parametrize("case", ON_THE_WAY_THERE)
def test_a_provider_that_cannot_be_asked_is_told_of_on_the_sign_in_page(case, ada, provider, fake, trail):
    habits, sentence = ON_THE_WAY_THERE[case]
    fake.misbehave(**habits)
    browser = Client()

    reply = browser.get("/sign-in/with-provider/?next=/settings/outbox/")

    assert reply.headers["Location"] == "/sign-in/?next=%2Fsettings%2Foutbox%2F"
    assert sentence in said(browser, reply)
    assert not is_in(browser)
    assert trail() == ["core.provider_refused"]


def test_a_provider_that_is_not_there_is_said_to_be_unreachable(ada, fake, unused_port):
    make_provider(fake, issuer=f"http://127.0.0.1:{unused_port}")
    browser = Client()

    reply = browser.get("/sign-in/with-provider/")

    assert "127.0.0.1 could not be reached." in said(browser, reply)


def test_a_slow_provider_is_not_waited_for_longer_than_promised(ada, provider, fake, monkeypatch):
    monkeypatch.setattr(oidc.door, "LONGEST_WAIT", 0.3)
    fake.misbehave(slow={DISCOVERY: 1.0})
    browser = Client()

    reply = browser.get("/sign-in/with-provider/")

    assert "did not answer within" in said(browser, reply)


def test_who_cannot_be_asked_is_left_alone_for_half_a_minute(ada, provider, fake, trail):
    fake.misbehave(status={DISCOVERY: 503})
    browsers = [Client() for _ in range(3)]
    first = browsers[0].get("/sign-in/with-provider/")
    fake.behave()

    second = browsers[1].get("/sign-in/with-provider/")
    oidc.forget(provider.issuer)
    third = browsers[2].get("/sign-in/with-provider/")

    assert "with 503." in said(browsers[0], first)
    assert "with 503." in said(browsers[1], second), "it was not asked again"
    assert third.headers["Location"].startswith(provider.issuer)


def test_refusals_of_nobody_known_are_told_once_a_minute_an_address(ada, provider, fake, trail):
    for _ in range(4):
        browser = Client()
        browser.get(fake.answer(sent_off(browser), ADA, agrees=False))
    browser.get(fake.answer(sent_off(browser), ADA, agrees=False), REMOTE_ADDR="198.51.100.7")

    assert trail() == ["core.provider_refused"] * 2


def test_http_is_spoken_to_this_machine_alone():
    door = oidc.door.Door("https://login.example")

    with pytest.raises(oidc.ProviderTrouble, match="without https"):
        door.handle_request(httpx.Request("GET", "http://127.0.0.1:8000/latest/meta-data"))


def test_a_refusal_of_the_person_leads_back_with_next_kept(ada, provider, fake):
    browser = Client()
    address = sent_off(browser, next="/settings/outbox/")

    reply = browser.get(fake.answer(address, ADA, agrees=False))

    assert reply.headers["Location"] == "/sign-in/?next=%2Fsettings%2Foutbox%2F"
    assert "The provider did not let you in, or you refused." in said(browser, reply)


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        ("server_error", "The provider refused: server_error."),
        ("<b>x</b>", "The provider refused: without a reason"),
    ],
)
def test_errors_are_repeated_only_where_they_are_codes(error, sentence, ada, provider, fake):
    browser = Client()
    state = re.search(r"state=([^&]+)", sent_off(browser))
    assert state

    reply = browser.get("/sign-in/provider/back/", {"state": state[1], "error": error, "iss": fake.issuer})

    assert sentence in said(browser, reply)


def test_an_answer_without_the_issuer_that_was_promised_is_not_believed(ada, provider, fake):
    browser = Client()
    back = re.sub(r"&iss=[^&]+", "", fake.answer(sent_off(browser), ADA))

    reply = browser.get(back)

    assert "came from another provider" in said(browser, reply)
    assert not is_in(browser)


def test_no_code_token_or_secret_gets_about(ada, provider, fake, caplog, monkeypatch):
    caplog.set_level(logging.DEBUG)
    kept: list[str] = []
    real = httpx.Response.__init__

    def listening(self, *args, **kwargs):
        real(self, *args, **kwargs)
        text = bytes(kwargs.get("content") or b"").decode(errors="replace")
        kept.extend(re.findall(r'"(?:access_token|id_token)": "([^"]+)"', text))

    monkeypatch.setattr(httpx.Response, "__init__", listening)
    browser = Client()
    answers = []
    for habits in ({}, {"claims": {"nonce": "x"}}, {"status": {TOKEN: 500}}, {"signing": "stranger"}):
        fake.misbehave(**habits)
        back = fake.answer(sent_off(browser), ADA)
        found = re.search(r"code=([^&]+)", back)
        assert found
        kept.append(found[1])
        reply = browser.get(back)
        answers.append(f"{reply.headers} {reply.cookies} {browser.get(reply.headers['Location']).content!r}")
        browser.logout()

    rows = [str(list(model._default_manager.values())) for model in apps.get_models() if model is not Session]
    everything = "\n".join([*answers, *rows, caplog.text])

    assert len(kept) >= 8
    assert [secret for secret in [*kept, fake.client_secret] if secret in everything] == []
