"""The pages of one application: owners, settings, delete."""

import pytest
from django.urls import reverse

from connectors.models import AppOwner, Connector
from core.models import Role
from tests.make import make_account, make_app, make_connected, make_entitlement, make_grant, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada(db):
    return make_user("Ada Lindgren", Role.SUPER)


@pytest.fixture
def tom(db):
    return make_user("Tom Okafor", Role.BASIC)


@pytest.fixture
def browser(ada, sign_in):
    return sign_in(ada)


def text(reply):
    return reply.content.decode()


def names(reply):
    return [row.name for row in reply.context["page"].rows]


def url_of(page, *keys):
    return reverse(f"connectors:{page}", args=keys)


def test_owners_are_searched_for_without_script_and_saved(browser, tom):
    app = make_app("Coupa", tom)
    buyer = make_entitlement(app, "Buyer")
    url = url_of("app_owners", app.pk)
    changed = app.changed_at.isoformat()

    found = browser.post(
        url, {"owners": [tom.pk], "changed_at": changed, "holders_find": "1", "holders_words": "buy"}
    )
    assert list(found.context["holders_found"]) == [buyer]
    assert list(found.context["chosen"]) == [tom]
    browser.post(url, {"owners": [tom.pk], "holders": [buyer.pk], "changed_at": changed})

    assert sorted(row.label for row in AppOwner.objects.filter(app=app)) == ["Holders of Buyer", "Tom Okafor"]
    assert "whoever holds it now" in text(browser.get(url_of("application", app.pk)))


def test_owners_changed_meanwhile_are_shown_beside_what_was_chosen(browser, ada, tom):
    app = make_app("Coupa", tom)
    url, seen = url_of("app_owners", app.pk), app.changed_at.isoformat()
    browser.post(url, {"owners": [ada.pk], "changed_at": seen})

    reply = browser.post(url, {"owners": [tom.pk], "changed_at": seen})

    assert reply.status_code == 409
    assert [each.saved for each in reply.context["form"].differences] == ["Ada Lindgren"]
    assert list(app.owners_now()) == [ada]


def test_an_entitlement_one_may_not_see_is_not_named(sign_in):
    ines = make_user("Ines Moreau", Role.APPLICATION)
    app, hidden = make_app("Coupa", ines), make_entitlement(make_app("Payroll"), "Boss")
    typed = {"owners": [ines.pk], "changed_at": app.changed_at.isoformat()}
    browser = sign_in(ines)

    reply = browser.post(url_of("app_owners", app.pk), {**typed, "holders": [hidden.pk]})
    found = browser.post(
        url_of("app_owners", app.pk), {**typed, "holders_find": "1", "holders_words": "boss"}
    )

    assert reply.status_code == 422
    assert not list(found.context["holders_found"])


def test_who_takes_themselves_out_is_led_to_what_they_may_see(sign_in, tom):
    ines = make_user("Ines Moreau", Role.APPLICATION)
    app = make_app("Coupa", ines)

    reply = sign_in(ines).post(
        url_of("app_owners", app.pk), {"owners": [tom.pk], "changed_at": app.changed_at.isoformat()}
    )

    assert reply.headers["Location"] == "/applications/"


def test_settings_show_where_requesters_and_reviewers_look(browser):
    app = make_app("Coupa")
    typed = {
        "name": "Coupa",
        "description": "Procure <to> pay",
        "icon": "coins",
        "annotations": "cost-centre: 4711\nurl: https://coupa.example/x",
        "changed_at": app.changed_at.isoformat(),
    }

    assert browser.post(url_of("app_settings", app.pk), typed).status_code == 302

    page = text(browser.get(url_of("application", app.pk)))
    assert "Procure &lt;to&gt; pay" in page
    assert "#i-coins" in page
    assert "https://coupa.example/x" in page
    assert 'value="coins"\n                   checked' in text(browser.get(url_of("app_settings", app.pk)))


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"name": " "}, "Give it a name."),
        ({"icon": "reeve"}, "Choose one of the icons."),
        ({"annotations": "no colon"}, "is not key: value"),
        ({"annotations": "two words: x"}, "is not key: value"),
        ({"annotations": "a: 1\na: 2"}, "The key a stands there twice."),
        ({"annotations": "\n".join(f"k{n}: x" for n in range(17))}, "at most 16 annotations"),
        ({"annotations": "k: " + "x" * 4096}, "at most 4,096 bytes"),
    ],
)
def test_settings_that_cannot_be_say_why_and_keep_what_was_typed(typed, sentence, browser):
    app = make_app("Coupa")
    good = {"name": "Coupa", "description": "Kept", "changed_at": app.changed_at.isoformat()}

    reply = browser.post(url_of("app_settings", app.pk), {**good, **typed})

    assert reply.status_code == 422
    assert sentence in text(reply)
    assert "Kept" in text(reply)


def test_settings_changed_meanwhile_are_shown_beside_what_was_typed(browser):
    app = make_app("Coupa")
    seen = app.changed_at.isoformat()
    browser.post(url_of("app_settings", app.pk), {"name": "Coupa 2", "changed_at": seen})

    typed = {"name": "Coupa 3", "icon": "", "when_asked": "confirmed", "changed_at": seen}
    reply = browser.post(url_of("app_settings", app.pk), typed)

    assert reply.status_code == 409
    assert [(each.typed, each.saved) for each in reply.context["form"].differences] == [
        ("Coupa 3", "Coupa 2")
    ]


def test_deleting_names_what_goes_and_auditors_can_look_at_it_afterwards(browser, sign_in, ada):
    app = make_app("Archive", make_user("Grace Kim"))
    make_grant(make_account(app), make_entitlement(app))

    page = text(browser.get(url_of("delete_app", app.pk)))
    assert "1 account<" in page
    assert "Grace Kim" in page
    wrong = browser.post(url_of("delete_app", app.pk), {"typed": "archive"})
    assert wrong.status_code == 422
    browser.post(url_of("delete_app", app.pk), {"typed": "Archive"})

    assert names(browser.get("/applications/")) == []
    auditor = sign_in(make_user("Vera Stein", Role.READ_ONLY))
    assert "Deleted on" in text(auditor.get(url_of("application", app.pk)))
    assert sign_in(make_user("Grace", Role.BASIC)).get(url_of("application", app.pk)).status_code == 404
    assert browser.get(url_of("app_settings", app.pk)).status_code == 403


def test_an_app_that_is_read_leads_to_the_connectors_that_go_first(browser):
    connector = make_connected(app=make_app("Coupa"))

    page = text(browser.get(url_of("delete_app", connector.app_id)))

    assert "Delete its connectors first" in page
    assert url_of("connector", connector.pk) in page
    assert "Delete the app" not in page
    reply = browser.post(url_of("delete_app", connector.app_id), {"typed": "Coupa"})
    assert reply.status_code == 422
    assert Connector.objects.here().count() == 1
