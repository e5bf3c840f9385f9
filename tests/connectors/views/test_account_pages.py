"""Deciding about accounts on screen, one or many; and the page of one."""

import pytest
from django.urls import reverse
from django.utils.timezone import now

from connectors.models import Account
from core.models import Role
from tests.make import make_account, make_connected, make_connector, make_user


@pytest.fixture
def admin(db):
    return make_user("Ada Lindgren", Role.SUPER, Role.BASIC)


@pytest.fixture
def browser(admin, sign_in):
    return sign_in(admin)


@pytest.fixture
def app(admin):
    return make_connected(admin).app


@pytest.fixture
def change(app):
    return reverse("connectors:change_accounts", args=[app.pk])


@pytest.fixture
def url(app):
    return reverse("connectors:accounts", args=[app.pk])


def page_of(reply):
    return " ".join(reply.content.decode().split())


def test_ticked_accounts_get_an_owner(browser, app, change, url):
    one, two = make_account(app, "One"), make_account(app, "Two")
    kim = make_user("Kim Sorensen")
    asked = page_of(browser.get(change, {"account": [one.pk, two.pk]}))
    assert "Change 2 accounts" in asked

    typed = {"account": [one.pk, two.pk], "number": "2", "do": "owner", "owner": [kim.pk]}
    reply = browser.post(change, typed)

    assert reply.headers["Location"] == url
    assert Account.objects.filter(person=kim, matched_by="hand").count() == 2


def test_all_that_match_are_changed_and_one_comes_back_to_the_list_as_it_was(browser, app, change, url):
    for number in range(60):
        make_account(app, f"Person {number}")
    make_account(app, "Off", status="disabled")
    listed = page_of(browser.get(url, {"status": "enabled"}))
    assert f'href="{change}?all=1&amp;status=enabled">Change all 60 that match' in listed

    reply = browser.post(change, {"all": "1", "status": "enabled", "number": "60", "do": "system"})

    assert reply.headers["Location"] == f"{url}?status=enabled"
    assert Account.objects.filter(type="system").count() == 60


def test_one_click_sets_what_the_vendors_marks_propose(browser, app, url, change):
    make_account(app, "Robot", marks=["api"])
    make_account(app, "Grace Kim")
    assert "Proposed: Service account, for 1 account<" in page_of(browser.get(url))

    browser.post(change, {"all": "1", "type": "proposed", "do": "service", "number": "1"})

    assert Account.objects.get(type="service").name == "Robot"
    assert "Proposed: Service account, for" not in page_of(browser.get(url))


@pytest.mark.parametrize(
    ("typed", "status", "sentence"),
    [
        ({"do": "owner"}, 422, "Choose one person."),
        ({"do": "nonsense"}, 422, "Choose what is to be done."),
        ({"do": "clear", "number": "9"}, 409, "1 accounts fit by now, and 9 did when you looked."),
    ],
)
def test_what_cannot_be_done_is_said(typed, status, sentence, browser, app, change):
    account = make_account(app)

    reply = browser.post(change, {"account": [account.pk], "number": "1", **typed})

    assert reply.status_code == status
    assert sentence in page_of(reply)


def test_whose_their_own_account_is_nobody_says_and_the_page_keeps_what_was_chosen(
    browser, admin, app, change
):
    account = make_account(app, email=admin.email.upper())

    reply = browser.post(change, {"account": [account.pk], "number": "1", "do": "clear"})

    assert reply.status_code == 403
    assert "is your own account, or goes by your e-mail" in page_of(reply)
    assert f'name="account" value="{account.pk}"' in page_of(reply)


def test_without_script_a_person_is_found_by_a_button(browser, app, change):
    account, kim = make_account(app), make_user("Kim Sorensen")
    typed = {"account": [account.pk], "number": "1", "do": "owner", "owner_words": "sorensen"}

    reply = browser.post(change, {**typed, "owner_find": "1"})

    assert reply.status_code == 200
    assert f'name="owner" value="{kim.pk}"' in page_of(reply)
    assert 'value="owner" checked' in page_of(reply)


def test_the_page_of_an_account_says_who_decided_and_leads_back(browser, app, admin, change):
    account, kim = make_account(app), make_user("Kim Sorensen")
    url = reverse("connectors:account", args=[app.pk, account.pk])

    reply = browser.post(change, {"account": [account.pk], "number": "1", "do": "owner", "owner": [kim.pk]})

    assert reply.headers["Location"] == url
    page = page_of(browser.get(url))
    assert "Set by hand, by <bdi>Ada Lindgren</bdi>" in page
    assert "Match by itself again" in page
    assert "set the owner of the account" in page_of(browser.get(url, {"tab": "timeline"}))


def test_an_account_that_no_connector_reads_any_more_says_so(browser, app):
    stale = make_account(app, source="coupa:old.coupahost.com", is_external=True)
    make_connector(app=app, name="Old tenant", source=stale.source, deleted_at=now())

    page = page_of(browser.get(reverse("connectors:account", args=[app.pk, stale.pk])))

    assert "Old tenant</bdi>, deleted: no longer read since" in page
    assert "No connector reads it any more." in page
    assert "External" in page


def test_who_does_not_govern_is_offered_nothing(app, sign_in, db):
    reader = sign_in(make_user("Rita Reader", Role.READ_ONLY))
    account = make_account(app, marks=["api"])

    pages = page_of(reader.get(reverse("connectors:accounts", args=[app.pk])))
    pages += page_of(reader.get(reverse("connectors:account", args=[app.pk, account.pk])))

    for word in ("Set owner", "Set type", "Change all", "Change those ticked", "Set all proposed"):
        assert word not in pages
