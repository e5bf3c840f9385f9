"""The settings page: tried out without being kept, moved to another tenant; and the guide, for anybody."""

import pytest
from django.urls import reverse

from connectors.models import Connector, SettingsCandidate, SettingsTest
from tests.make import make_account, make_connected, make_user

TYPED = {"domain": "acme.coupahost.com", "client_id": "reeve", "client_secret": "canary-4711", "mode": "read"}
PIECE = {"HX-Request": "true", "HX-Target": "test"}


@pytest.fixture
def owner(db):
    return make_user("Grace Kim")


@pytest.fixture
def connected(owner):
    return make_connected(owner, sealed="sealed")


@pytest.fixture
def url(connected):
    return reverse("connectors:test_settings", args=[connected.pk])


def test_a_test_is_begun_and_looked_at_again_by_itself(sign_in, owner, url):
    visitor = sign_in(owner)

    begun = visitor.post(url, TYPED, headers=PIECE)
    SettingsTest.objects.update(status="done", scopes=[["core.user.read", "granted"], ["email", "unknown"]])
    ended = visitor.get(url, headers=PIECE)

    assert 'hx-trigger="every 1s"' in begun.text
    assert "<html" not in begun.text
    assert "every 1s" not in ended.text
    assert "core.user.read" in ended.text
    assert "Not known" in ended.text


def test_without_script_the_whole_page_keeps_what_was_typed_but_no_secret(sign_in, owner, url):
    page = sign_in(owner).post(url, {**TYPED, "client_id": "another-client"})

    assert page.status_code == 200
    assert 'value="another-client"' in page.text
    assert "canary-4711" not in page.text
    assert "Testing with Coupa" in page.text


def test_what_cannot_work_is_said_and_nothing_is_tested(sign_in, owner, url):
    piece = sign_in(owner).post(url, {**TYPED, "domain": "acme.example.com"}, headers=PIECE)

    assert piece.status_code == 422
    assert "A Coupa domain ends in" in piece.text
    assert not SettingsTest.objects.exists()


def test_the_answer_is_for_whoever_asked(sign_in, connected, owner, url):
    sign_in(owner).post(url, TYPED)
    other = make_user("Tom Okafor")
    connected.ownerships.create(user=other)

    assert "Testing with" not in sign_in(other).get(url).text


def test_another_domain_asks_for_the_name_of_the_present_tenant(sign_in, owner, connected):
    make_account(connected.app)
    Connector.objects.update(driver="coupa")
    url = reverse("connectors:settings", args=[connected.pk])
    visitor = sign_in(owner)

    refused = visitor.post(url, {**TYPED, "domain": "other.coupahost.com", "ends": "acme"})
    taken = visitor.post(url, {**TYPED, "domain": "other.coupahost.com", "ends": "acme.coupahost.com"})

    assert refused.status_code == 422
    assert "This is another tenant than acme.coupahost.com" in refused.text
    assert 'value="acme"' in refused.text
    assert taken.status_code == 302
    assert SettingsCandidate.objects.get().ends_source == "coupa:acme.coupahost.com"


def test_the_guide_is_read_without_signing_in(client, db):
    page = client.get(reverse("connectors:guide", args=["coupa"]))

    assert page.status_code == 200
    for words in (
        "OAuth2/OpenID Connect Clients",
        "JWKS URI",
        "Show/Hide",
        "Identifier",
        "core.accounting.read",
    ):
        assert words in page.text
    for scope in ("core.business_entity", "core.common", "core.user_group", "core.user"):
        assert f"{scope}.read" in page.text
        assert f"{scope}.write" in page.text
    assert "<svg" in page.text


def test_there_is_no_guide_of_what_is_not_known(client, db):
    assert client.get(reverse("connectors:guide", args=["ariba"])).status_code == 404
