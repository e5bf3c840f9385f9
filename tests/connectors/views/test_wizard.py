"""Setting a connector up in the browser: catalogue, app, owners."""

import pytest
from django.urls import reverse

from connectors.models import App, Connector, ConnectorOwner
from core.models import OutgoingMail, Role, User
from tests.make import make_app, make_connector, make_user


@pytest.fixture
def admin(db):
    return make_user("Marcus Adeyemi", Role.CONNECTOR)


@pytest.fixture
def browser(admin, sign_in, nudges):
    return sign_in(admin)


@pytest.fixture
def begun(admin):
    """A connector as step 1 leaves it."""
    return make_connector(admin, created_by=admin)


def text(reply):
    return reply.content.decode()


@pytest.mark.parametrize("words", ["coupa", "Coupa v2", "PROCUREMENT", ""])
def test_the_catalogue_is_searched_by_what_people_type(words, browser):
    reply = browser.get("/connectors/add/", {"q": words})

    assert "/connectors/add/coupa/" in text(reply)


def test_the_catalogue_says_when_nothing_fits(browser):
    reply = browser.get("/connectors/add/", {"q": "<Okta>"})

    assert "/connectors/add/coupa/" not in text(reply)
    assert "&lt;Okta&gt;" in text(reply)


def test_a_vendor_nobody_knows_is_not_found(browser):
    assert browser.get("/connectors/add/okta/").status_code == 404


def test_a_found_app_becomes_managed_and_its_owners_come_next(browser, admin):
    found = make_app(
        "Coupa", status=App.Status.UNMANAGED, found_through='Okta app "Coupa SSO"', found_users=64
    )

    page = browser.get("/connectors/add/coupa/")
    reply = browser.post("/connectors/add/coupa/", {"how": "found", "found": found.pk})

    connector = Connector.objects.get()
    found.refresh_from_db()
    assert "Okta app &quot;Coupa SSO&quot;" in text(page)
    assert reply.headers["Location"] == reverse("connectors:owners", args=[connector.pk])
    assert (connector.app, found.status) == (found, App.Status.MANAGED)
    assert list(connector.owners_now()) == [admin]


def test_a_second_connector_goes_to_a_managed_app(browser):
    managed = make_app("Coupa")

    browser.post("/connectors/add/coupa/", {"how": "managed", "managed": managed.pk})

    assert Connector.objects.get().app == managed
    assert App.objects.count() == 1


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({}, "Choose one of the three ways."),
        ({"how": "theft"}, "Choose one of the three ways."),
        ({"how": "found"}, "Choose one of the apps that were found."),
        ({"how": "managed"}, "Choose one of the managed apps."),
        ({"how": "managed", "managed": "nothing"}, "That app is no longer managed; choose again."),
        ({"how": "new", "name": "  "}, "Give the new app a name."),
        ({"how": "new", "name": "\x01\x0b"}, "Give the new app a name."),
        ({"how": "new", "name": "x" * 201}, "A name has at most 200 letters."),
    ],
)
def test_an_app_that_cannot_be_is_refused_with_a_sentence(typed, sentence, browser):
    reply = browser.post("/connectors/add/coupa/", typed)

    assert reply.status_code == 422
    assert sentence in text(reply)
    assert not Connector.objects.exists()


@pytest.mark.parametrize("is_first", [True, False])
def test_a_second_app_of_a_name_is_made_only_by_whoever_says_so(is_first, browser, begun):
    make_app("Travel Desk")
    url = "/connectors/add/coupa/" if is_first else reverse("connectors:app", args=[begun.pk])
    typed = {"how": "new", "name": "travel desk"}

    refused = browser.post(url, typed)
    number = App.objects.filter(search_text="travel desk").count()
    made = browser.post(url, {**typed, "is_another": "on"})

    assert refused.status_code == 422
    assert "There is an app called &quot;travel desk&quot; already." in text(refused)
    assert 'name="is_another"' in text(refused)
    assert 'value="travel desk"' in text(refused)
    assert (number, made.status_code) == (1, 302)
    assert App.objects.filter(search_text="travel desk").count() == 2


def test_the_name_of_a_new_app_is_kept_on_one_line(browser):
    browser.post("/connectors/add/coupa/", {"how": "new", "name": "Coupa\r\nBcc:\u2028all"})

    assert Connector.objects.get().app.name == "Coupa Bcc: all"


def test_a_managed_app_is_not_taken_for_a_found_one(browser):
    managed = make_app("Coupa")

    reply = browser.post("/connectors/add/coupa/", {"how": "found", "found": managed.pk})

    assert reply.status_code == 422
    assert "That app is no longer found and not managed" in text(reply)


def test_the_picker_of_found_apps_explains_itself_when_empty(browser):
    reply = browser.get("/connectors/add/coupa/")

    assert "None yet. Apps are found in the list that your identity provider gives" in text(reply)
    assert 'href="/applications/import/"' in text(reply)


def test_going_back_changes_the_app(browser, begun):
    reply = browser.post(reverse("connectors:app", args=[begun.pk]), {"how": "new", "name": "Travel Desk"})

    begun.refresh_from_db()
    assert reply.status_code == 302
    assert begun.app.name == "Travel Desk"


def test_others_named_as_owners_are_written_to_and_settings_come_next(browser, begun, admin):
    grace = make_user("Grace Kim")

    reply = browser.post(
        reverse("connectors:owners", args=[begun.pk]), {"owners": [admin.pk, grace.pk], "then": "settings"}
    )

    assert reply.headers["Location"] == reverse("connectors:settings", args=[begun.pk])
    assert OutgoingMail.objects.get().to == grace.email
    assert set(begun.owners_now()) == {admin, grace}


def test_who_hands_over_and_leaves_sees_whom_we_asked(browser, begun):
    grace, tom = make_user("Grace Kim"), make_user("Tom Okafor")

    reply = browser.post(
        reverse("connectors:owners", args=[begun.pk]),
        {"owners": [grace.pk, tom.pk], "then": "leave"},
        follow=True,
    )

    assert "We asked <bdi>Grace Kim and Tom Okafor</bdi> to finish this" in text(reply)
    assert reply.context["connector"] == begun


def test_an_owner_without_a_role_who_takes_themself_out_lands_on_home(begun, sign_in, nudges):
    grace, tom = make_user("Grace Kim"), make_user("Tom Okafor")
    ConnectorOwner.objects.create(connector=begun, user=grace)

    reply = sign_in(grace).post(
        reverse("connectors:owners", args=[begun.pk]), {"owners": [tom.pk], "then": "settings"}
    )

    assert reply.headers["Location"] == "/"


def test_without_script_people_are_found_and_those_chosen_are_kept(browser, begun, admin):
    grace, gone = make_user("Grace Kim"), make_user("Grace Gone", status=User.Status.DEACTIVATED)

    reply = browser.post(
        reverse("connectors:owners", args=[begun.pk]),
        {"owners": [admin.pk], "owners_words": "grace", "owners_find": "1"},
    )

    assert reply.status_code == 200
    assert list(reply.context["chosen"]) == [admin]
    assert list(reply.context["matches"]) == [grace]
    assert gone not in reply.context["matches"]
    assert list(begun.owners_now()) == [admin]


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ([], "Name at least one owner."),
        (["nobody"], "deactivated or unknown"),
        (["gone"], "deactivated or unknown"),
    ],
)
def test_owners_that_cannot_be_are_refused_with_a_sentence(keys, sentence, browser, begun, admin):
    make_user("Peter Kovacs", id="gone", status=User.Status.DEACTIVATED)

    reply = browser.post(reverse("connectors:owners", args=[begun.pk]), {"owners": keys, "then": "leave"})

    assert reply.status_code == 422
    assert sentence in text(reply)
    assert list(begun.owners_now()) == [admin]


def test_the_sentence_about_letters_follows_the_choice(browser, begun, admin):
    grace = make_user("Grace <b>Kim</b>")
    url = reverse("connectors:owners", args=[begun.pk])

    reply = browser.get(url, {"owners": [admin.pk, grace.pk]}, headers={"HX-Request": "true"})

    assert "We will e-mail <bdi>Grace &lt;b&gt;Kim&lt;/b&gt;</bdi> that their help is needed." in text(reply)
    assert "<html" not in text(reply)


def test_help_is_asked_for_again_by_a_button(browser, begun):
    grace = make_user("Grace Kim")
    ConnectorOwner.objects.create(connector=begun, user=grace)
    url = reverse("connectors:ask_again", args=[begun.pk])

    first, second = browser.post(url, {"owner": grace.pk}), browser.post(url, {"owner": grace.pk})

    assert (first.status_code, second.status_code) == (302, 409)
    assert "less than ten minutes ago" in text(second)
    assert OutgoingMail.objects.count() == 1


def test_help_is_not_asked_of_somebody_who_is_no_owner(browser, begun):
    stranger = make_user("Tomas Novak")

    reply = browser.post(reverse("connectors:ask_again", args=[begun.pk]), {"owner": stranger.pk})

    assert reply.status_code == 404
    assert not OutgoingMail.objects.exists()
