"""Applications: what was read, found again by people."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.timezone import now

from connectors.models import App
from core.models import Role
from tests.make import (
    make_account,
    make_app,
    make_connected,
    make_connector,
    make_entitlement,
    make_grant,
    make_user,
)


@pytest.fixture
def admin(db):
    return make_user("Marcus Adeyemi", Role.CONNECTOR)


@pytest.fixture
def browser(admin, sign_in):
    browser = sign_in(admin)
    browser.get("/")  # the first page ever makes the row of the organisation
    return browser


@pytest.fixture
def app(admin):
    return make_connected(admin).app


def text(reply):
    return reply.content.decode()


def url_of(page, *keys):
    return reverse(f"connectors:{page}", args=keys)


def queries_of(browser, url):
    with CaptureQueriesContext(connection) as queries:
        browser.get(url)
    return len(queries)


def test_apps_stand_under_managed_or_unmanaged(browser):
    make_app("Coupa")
    make_app("Warehouse Board", status=App.Status.UNMANAGED, found_through='Okta app "wb-prod"')

    managed, unmanaged = browser.get("/applications/"), browser.get("/applications/?tab=unmanaged")

    assert [row.name for row in managed.context["page"].rows] == ["Coupa"]
    assert [row.name for row in unmanaged.context["page"].rows] == ["Warehouse Board"]
    assert "Okta app &quot;wb-prod&quot;" in text(unmanaged)


def test_an_app_owner_sees_their_app_and_no_other(sign_in, db):
    grace = make_user("Grace Kim")
    make_app("Coupa", grace)
    make_app("Payroll")

    reply = sign_in(grace).get("/applications/")

    assert [row.name for row in reply.context["page"].rows] == ["Coupa"]


@pytest.mark.parametrize("tab", ["managed", "unmanaged"])
def test_an_empty_list_says_how_it_fills(tab, browser):
    page = text(browser.get("/applications/", {"tab": tab}))

    assert {"managed": "No managed app yet", "unmanaged": "No unmanaged app"}[tab] in page


def test_the_overview_counts_and_leads_on(browser, app):
    make_grant(make_account(app), make_entitlement(app))
    make_account(app, "Gone", gone_at=now())

    page = text(browser.get(url_of("application", app.pk)))

    assert f'href="{url_of("accounts", app.pk)}">1</a>' in page
    assert f'href="{url_of("entitlements", app.pk)}?kind=role">1</a>' in page


def test_the_overview_of_an_unread_app_says_so(browser):
    connector = make_connector()

    assert "Nothing was read yet" in text(browser.get(url_of("application", connector.app_id)))


def test_accounts_are_found_by_parts_of_names_without_accents(browser, app):
    make_account(app, "Łukasz Brännström")
    make_account(app, "Grace Kim")

    reply = browser.get(url_of("accounts", app.pk), {"q": "BRANN"})

    assert [row.name for row in reply.context["page"].rows] == ["Łukasz Brännström"]


def test_pages_of_accounts_follow_on_each_other_both_ways(browser, app):
    for number in range(120):
        make_account(app, f"Person {number:03}")
    url = url_of("accounts", app.pk)

    first = browser.get(url)
    second = browser.get(url, {"after": first.context["page"].after, "number": 50})
    back = browser.get(url, {"before": second.context["page"].before, "number": 0})

    assert [row.name for row in second.context["page"].rows][::49] == ["Person 050", "Person 099"]
    assert list(back.context["page"].rows) == list(first.context["page"].rows)
    assert "51-100 of 120" in text(second)


def test_accounts_are_sorted_the_other_way_round(browser, app):
    make_account(app, "Anna")
    make_account(app, "Zoe")

    reply = browser.get(url_of("accounts", app.pk), {"sort": "-name"})

    assert [row.name for row in reply.context["page"].rows] == ["Zoe", "Anna"]


@pytest.mark.parametrize("page", ["accounts", "entitlements"])
def test_lists_ask_the_database_as_often_for_forty_as_for_two(page, browser, app):
    def fill(many):
        for _ in range(many):
            make_grant(make_account(app, person=make_user()), make_entitlement(app))

    fill(2)
    few = queries_of(browser, url_of(page, app.pk))
    fill(38)

    assert queries_of(browser, url_of(page, app.pk)) == few


def test_the_list_of_apps_asks_as_often_for_twenty_as_for_two(browser, admin):
    for number in range(2):
        make_connected(app=make_app(f"App {number}", admin))
    few = queries_of(browser, "/applications/")
    for number in range(2, 20):
        make_connected(app=make_app(f"App {number}", admin))

    assert queries_of(browser, "/applications/") == few


def test_holders_ask_as_often_for_forty_as_for_two(browser, app):
    entitlement = make_entitlement(app)
    for _ in range(2):
        make_grant(make_account(app, person=make_user()), entitlement)
    few = queries_of(browser, url_of("entitlement", app.pk, entitlement.pk))
    for _ in range(38):
        make_grant(make_account(app, person=make_user()), entitlement)

    assert queries_of(browser, url_of("entitlement", app.pk, entitlement.pk)) == few


def test_entitlements_are_filtered_by_kind_with_their_holders_counted(browser, app):
    buyer, plant = make_entitlement(app, "Buyer"), make_entitlement(app, "Plant", kind="group")
    make_grant(make_account(app), buyer)
    make_grant(make_account(app), buyer, gone_at=now())

    reply = browser.get(url_of("entitlements", app.pk), {"kind": "role"})

    assert [(row.name, row.holder_count) for row in reply.context["page"].rows] == [("Buyer", 1)]
    assert plant.name not in [row.name for row in reply.context["page"].rows]


def test_an_entitlement_lists_those_who_hold_it_now(browser, app):
    buyer = make_entitlement(app, "Buyer")
    make_grant(make_account(app, "Anna"), buyer)
    make_grant(make_account(app, "Bert"), buyer, gone_at=now())

    reply = browser.get(url_of("entitlement", app.pk, buyer.pk), {"tab": "now"})

    assert [row.account.name for row in reply.context["page"].rows] == ["Anna"]


def test_an_account_shows_what_it_holds_what_it_held_and_what_was_sent(browser, app):
    grace = make_user("Grace Kim", title="Buyer")
    account = make_account(app, person=grace, profile={"login": "g.kim", "api-user": False, "note": None})
    make_grant(account, make_entitlement(app, "Capex <Approver>"))
    make_grant(account, make_entitlement(app, "Old Role"), gone_at=now(), gone_run=7)

    url = url_of("account", app.pk, account.pk)
    page = "".join(text(browser.get(url, {"tab": tab})) for tab in ("", "past", "details"))

    assert "Capex &lt;Approver&gt;" in page
    assert "No longer seen by sync 7" in page
    assert "<code>api-user</code></dt> <dd>false</dd>" in " ".join(page.split())


def test_an_account_without_owner_says_why(browser, app):
    account = make_account(app, match_hint="two share this e-mail")

    assert "two share this e-mail" in text(browser.get(url_of("account", app.pk, account.pk)))


def test_an_account_of_another_app_is_not_found_under_this_one(browser, app):
    other = make_account(make_app("Payroll"))

    assert browser.get(url_of("account", app.pk, other.pk)).status_code == 404


def test_further_accounts_of_a_person_are_named_only_where_the_app_may_be_seen(sign_in, db):
    tom, grace = make_user("Tom Okafor"), make_user("Grace Kim")
    mine, hidden = make_app("Coupa", tom), make_app("Payroll")
    account = make_account(mine, person=grace)
    make_account(mine, person=grace, login="g.old")
    make_account(hidden, person=grace, login="g.secret")

    page = text(sign_in(tom).get(url_of("account", mine.pk, account.pk)))

    assert "g.old" in page
    assert "g.secret" not in page
