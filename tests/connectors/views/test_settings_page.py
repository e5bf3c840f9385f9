"""Step 3: what is typed is kept, a secret never comes back, the guide names the scopes."""

from dataclasses import replace

import pytest
from django.urls import reverse

from connectors import registry
from connectors.contract import Setting
from connectors.models import Connector, SettingsCandidate
from connectors.views.guide import guide, scope_sets
from core.models import Role
from tests.make import make_connected, make_connector, make_user

CANARY = "canary-secret-4711"
TYPED = {
    "domain": "https://Acme.CoupaHost.com/user/home",
    "client_id": " b1f9 ",
    "client_secret": CANARY,
    "mode": "read-write",
}


@pytest.fixture
def grace(db):
    return make_user("Grace Kim", Role.BASIC)


@pytest.fixture
def browser(grace, sign_in, nudges):
    return sign_in(grace)


@pytest.fixture
def begun(grace):
    return make_connector(grace)


def url_of(connector):
    return reverse("connectors:settings", args=[connector.pk])


def test_saving_leads_to_the_live_page_while_a_worker_checks(browser, begun, nudges):
    reply = browser.post(url_of(begun), TYPED)

    candidate = SettingsCandidate.objects.get(connector=begun)
    assert reply.headers["Location"] == reverse("connectors:live", args=[begun.pk])
    assert candidate.settings["domain"] == "acme.coupahost.com"
    assert candidate.status == SettingsCandidate.Status.WAITING


@pytest.mark.parametrize(
    ("field", "value"),
    [("domain", "https://coupa.example"), ("client_id", " "), ("client_secret", ""), ("mode", "destroy")],
)
def test_a_mistake_is_answered_at_its_field_and_loses_nothing_but_the_secret(field, value, browser, begun):
    reply = browser.post(url_of(begun), {**TYPED, field: value})

    page = reply.content.decode()
    assert reply.status_code == 422
    assert reply.context["form"].errors[field]
    assert reply.context["form"]["client_id"].value() == (value if field == "client_id" else " b1f9 ")
    assert CANARY not in page
    assert not SettingsCandidate.objects.exists()


def test_no_page_of_the_room_shows_a_secret(browser, begun):
    browser.post(url_of(begun), TYPED)

    pages = [
        browser.get(reverse(f"connectors:{name}", args=[begun.pk])).content.decode()
        for name in ("settings", "connector", "live", "progress", "owners")
    ]

    assert all(CANARY not in page for page in pages)


def test_a_refusal_stands_on_the_page_with_what_was_typed(browser, begun, grace):
    SettingsCandidate.objects.create(
        connector=begun,
        status=SettingsCandidate.Status.REFUSED,
        settings={},
        sealed="",
        typed={"domain": "acme.coupahost.com", "client_id": "b1f9", "mode": "read-write"},
        problem="Coupa refused the client ID and secret.",
        saved_by=grace,
    )

    reply = browser.get(url_of(begun))

    assert "Coupa refused the client ID and secret." in reply.content.decode()
    assert reply.context["form"]["client_id"].value() == "b1f9"
    assert reply.context["form"]["mode"].value() == "read-write"


def test_the_page_says_who_set_the_secret_and_that_empty_keeps_it(browser, grace):
    connector = make_connected(grace, sealed="sealed", secret_set_by=grace)
    Connector.objects.filter(pk=connector.pk).update(secret_set_at=connector.created_at)

    page = browser.get(url_of(connector)).content.decode()

    assert "leave empty to keep it" in page
    assert "Grace Kim" in page
    assert 'value="acme.coupahost.com"' in page


def test_every_scope_of_every_access_is_on_the_page(browser, begun):
    spec = registry.spec("coupa")

    page = browser.get(url_of(begun)).content.decode()

    sets = scope_sets(spec)
    assert [each.value for each in sets] == ["read", "read-write"]
    assert all(f"<code>{scope}</code>" in page for each in sets for scope in each.scopes)
    assert "{scopes}" not in page


def test_a_guide_is_one_list_around_the_place_of_the_scopes():
    spec = registry.spec("coupa")

    drawn = guide(spec)

    assert drawn.before.count('<ol class="r-guide">') == 1
    assert "<ol" not in drawn.after
    assert "</ol>" in drawn.after


def test_a_step_is_a_paragraph_also_where_the_guide_has_no_place_for_scopes():
    drawn = guide(registry.spec("file"))

    assert drawn.before.count("<li>") == drawn.before.count("</p>\n</li>") > 3
    assert drawn.after == ""
    assert scope_sets(registry.spec("file")) == []


def test_a_vendor_without_a_choice_of_access_has_one_set_of_scopes():
    spec = replace(registry.spec("coupa"), settings=(Setting("domain", "Domain"),))

    sets = scope_sets(spec)

    assert [(each.value, each.label) for each in sets] == [("", "")]
