"""The pages of applications: lists and their filters, new, manage, forget, the way to a connector."""

import csv
import io

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.timezone import now

from connectors.models import CREDENTIAL, App, AppOwner
from connectors.queries.downloads import OFFERS
from core.exports import write_csv
from core.models import Organisation, Role
from tests.make import (
    SOURCE,
    make_account,
    make_app,
    make_connected,
    make_connector,
    make_entitlement,
    make_grant,
    make_user,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada(db):
    return make_user("Ada Lindgren", Role.SUPER)


@pytest.fixture
def tom(db):
    return make_user("Tom Okafor", Role.BASIC)


@pytest.fixture
def browser(ada, sign_in):
    browser = sign_in(ada)
    browser.get("/")  # the first page ever makes the row of the organisation
    return browser


def text(reply):
    return reply.content.decode()


def names(reply):
    return [row.name for row in reply.context["page"].rows]


def url_of(page, *keys):
    return reverse(f"connectors:{page}", args=keys)


def queries_of(browser, url):
    with CaptureQueriesContext(connection) as queries:
        browser.get(url)
    return len(queries)


def make_found(name="Warehouse", **fields):
    number = App.objects.count()
    defaults = {"provider": "Okta", "provider_id": str(number), "found_through": f'Okta app "{name}"'}
    return make_app(name, status=App.Status.UNMANAGED, **{**defaults, **fields})


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ({}, ["Ariba", "Coupa", "Payroll", "Travel"]),
        ({"only": "no-owner"}, ["Payroll", "Travel"]),
        ({"only": "mine"}, ["Coupa"]),
        ({"only": "unlisted"}, ["Travel"]),
        ({"q": "OKAFOR"}, ["Ariba"]),
        ({"q": "pay"}, ["Payroll"]),
        ({"provider": "Okta"}, ["Travel"]),
        ({"state": "connected"}, ["Coupa"]),
        ({"state": "none"}, ["Ariba", "Travel"]),
        ({"only": "nonsense", "state": "nonsense"}, ["Ariba", "Coupa", "Payroll", "Travel"]),
    ],
)
def test_the_list_is_narrowed_and_the_file_holds_the_same(asked, wanted, browser, ada, tom):
    make_app("Ariba", tom)
    make_connected(app=make_app("Coupa", ada))
    make_connector(app=make_app("Payroll", make_user("Left", status="deactivated")))
    make_app("Travel", provider="Okta", provider_id="1", unlisted_at=now())

    reply = browser.get("/applications/", asked)

    assert names(reply) == wanted
    filters = {each.value: each.number for each in reply.context["filters"]}
    assert filters == {"no-owner": 2, "mine": 1, "unlisted": 1}
    (offer,) = (each for each in OFFERS if each.kind == "connectors.apps")
    file = io.StringIO()
    write_csv(file, offer.heads(ada, asked), offer.rows(ada, asked), zone=Organisation.current().zone)
    assert [row["App"] for row in csv.DictReader(io.StringIO(file.getvalue()))] == wanted


@pytest.mark.parametrize("tab", ["managed", "unmanaged"])
def test_a_list_asks_as_often_for_sixty_apps_as_for_three(tab, browser, tom):
    def fill(first, last):
        for number in range(first, last):
            if tab == "managed":
                app = make_app(f"App {number}", tom, provider="Okta", provider_id=str(number))
                make_connected(app=app)
            else:
                make_found(f"App {number}", unlisted_at=now())

    fill(0, 3)
    few = queries_of(browser, f"/applications/?tab={tab}")
    fill(3, 60)

    assert queries_of(browser, f"/applications/?tab={tab}") == few


def test_the_connectors_of_an_app_are_counted_apart(browser):
    app = make_app("Coupa")
    other = "coupa:test.coupahost.com"
    make_connected(app=app, name="Production")
    make_connected(app=app, name="Test", source=other)
    for source, number in ((SOURCE, 3), (other, 1)):
        for _ in range(number):
            held = make_entitlement(app, source=source)
            account = make_account(app, source=source)
            make_grant(account, held)
            make_grant(account, make_entitlement(app, source=source, kind=CREDENTIAL))

    reply = browser.get(url_of("app_connectors", app.pk))

    rows = [
        (each.name, each.account_count, each.entitlement_count, each.held_count)
        for each in reply.context["reading"]
    ]
    assert rows == [("Production", 3, 3, 3), ("Test", 1, 1, 1)]
    assert "counted apart" in text(reply)


def test_the_connectors_of_an_app_ask_as_often_for_sixty_as_for_three(browser):
    app = make_app("Coupa")
    for number in range(3):
        make_connected(app=app, name=f"C{number}")
    few = queries_of(browser, url_of("app_connectors", app.pk))
    for number in range(3, 60):
        make_connected(app=app, name=f"C{number}")

    assert queries_of(browser, url_of("app_connectors", app.pk)) == few


def test_an_app_is_made_and_leads_on_to_its_connector(browser, ada):
    typed = {"name": "Coupa", "owners": [ada.pk], "source": "connector"}

    reply = browser.post(url_of("new_app"), typed)

    app = App.objects.get()
    assert reply.headers["Location"] == f"/connectors/add/?app={app.pk}"
    catalogue = browser.get(reply.headers["Location"])
    assert f"/connectors/add/coupa/?app={app.pk}" in text(catalogue)
    wizard = browser.get(f"/connectors/add/coupa/?app={app.pk}")
    assert (wizard.context["how"], wizard.context["chosen"]) == ("managed", app.pk)


def test_who_runs_no_connectors_is_offered_none(sign_in):
    ines = make_user("Ines Moreau", Role.APPLICATION)

    reply = sign_in(ines).get(url_of("new_app"))

    assert [value for value, _ in reply.context["sources"]] == ["none"]
    assert "A Connector Administrator can add a connector" in text(reply)


def test_a_taken_name_keeps_what_was_typed_and_asks_whether_it_is_another(browser, ada):
    make_app("Coupa")
    typed = {"name": "coupa", "description": "Second", "owners": [ada.pk], "source": "none"}

    reply = browser.post(url_of("new_app"), typed)

    assert reply.status_code == 422
    assert "This is another app of that name" in text(reply)
    assert "Second" in text(reply)
    assert browser.post(url_of("new_app"), {**typed, "is_another": "on"}).status_code == 302
    assert App.objects.count() == 2


def test_found_apps_are_managed_from_their_list_and_a_second_time_is_a_conflict(browser, ada, tom):
    one, two = make_found("Warehouse"), make_found("Travel")
    page = text(browser.get("/applications/?tab=unmanaged"))
    assert f"/applications/manage/?app={one.pk}" in page

    asked = text(browser.get(url_of("manage_apps"), {"app": [one.pk, two.pk]}))
    assert "Warehouse" in asked
    typed = {"app": [one.pk, two.pk], "owners": [tom.pk]}

    assert browser.post(url_of("manage_apps"), typed).status_code == 302
    assert browser.post(url_of("manage_apps"), typed).status_code == 409
    assert App.objects.managed().owned_by(tom).count() == 2


def test_the_managed_tab_says_what_else_was_found(browser):
    make_found("Warehouse", found_users=1022)
    make_found("Travel", found_users=None)

    page = text(browser.get("/applications/"))

    assert "2 more apps were found, used 1,022 times." in page
    assert "The largest is <bdi>Warehouse</bdi>" in page


def test_managing_wants_an_owner(browser):
    reply = browser.post(url_of("manage_apps"), {"app": [make_found().pk]})

    assert reply.status_code == 422
    assert "Name at least one owner." in text(reply)


def test_a_connector_administrator_takes_a_found_app_in_the_wizard(sign_in):
    app = make_found("Warehouse", found_users=1022)
    browser = sign_in(make_user("Marcus Adeyemi", Role.CONNECTOR))

    shown = browser.get(f"/connectors/add/coupa/?app={app.pk}")
    assert (shown.context["how"], shown.context["chosen"]) == ("found", app.pk)
    assert "1,022" in text(shown)
    browser.post("/connectors/add/coupa/", {"how": "found", "found": app.pk})

    app.refresh_from_db()
    assert app.status == "managed"


def test_the_app_one_comes_from_is_shown_however_many_there_are(sign_in):
    for number in range(60):
        make_found(f"App {number:02}")
    last = make_found("Zebra")
    browser = sign_in(make_user("Marcus Adeyemi", Role.CONNECTOR))

    reply = browser.get(f"/connectors/add/coupa/?app={last.pk}")
    searched = browser.get("/connectors/add/coupa/?how=found&q=zeb")

    assert reply.context["found"][0] == last
    assert "The first 50 are shown" in text(reply)
    assert list(searched.context["found"]) == [last]


def test_a_list_is_forgotten_by_the_number_of_its_apps(browser):
    make_found("Warehouse")
    make_app("Payroll", provider="Okta", provider_id="9")
    url = url_of("forget_apps")

    page = text(browser.get(url, {"provider": "Okta"}))
    assert "1 unmanaged app of <bdi>Okta</bdi>" in page
    assert "1 managed app of it stays" in page
    assert browser.post(url, {"provider": "Okta", "number": "7"}).status_code == 409
    assert browser.post(url, {"provider": "Okta", "number": ""}).status_code == 422
    browser.post(url, {"provider": "Okta", "number": "1"})

    assert names(browser.get("/applications/?tab=unmanaged")) == []
    assert names(browser.get("/applications/")) == ["Payroll"]


def test_an_app_without_connector_says_so_and_leads_to_one(browser):
    app = make_app("Payroll")

    page = text(browser.get(url_of("application", app.pk)))

    assert "No connector reads this app" in page
    assert f"/connectors/add/?app={app.pk}" in page


@pytest.mark.parametrize("words", ["coupa", "Coupa v2", "COUPA V2"])
def test_the_catalogue_finds_coupa_by_either_name(words, browser):
    reply = browser.get("/connectors/add/", {"q": words})

    assert [spec.kind for spec in reply.context["specs"]] == ["coupa"]


def test_apps_with_few_owners_count_the_people_who_hold_what_makes_owners(browser, tom):
    many, one, none = make_app("Many"), make_app("One"), make_app("None")
    for app, number in ((many, 2), (one, 1), (none, 0)):
        held = make_entitlement(app)
        AppOwner.objects.create(app=app, entitlement=held)
        for _ in range(number):
            make_grant(make_account(app, person=make_user()), held)
        make_grant(make_account(app, person=make_user("Left", status="deactivated")), held)

    reply = browser.get("/applications/questions/", {"question": "few-owners"})

    assert names(reply) == ["None", "One"]


def test_an_owner_both_by_name_and_by_holding_counts_once(browser):
    app, grace = make_app("Coupa"), make_user("Grace Kim")
    held = make_entitlement(app)
    AppOwner.objects.create(app=app, user=grace)
    AppOwner.objects.create(app=app, entitlement=held)
    make_grant(make_account(app, person=grace), held)

    reply = browser.get("/applications/questions/", {"question": "few-owners"})

    assert [row.owner_count for row in reply.context["page"].rows] == [1]


@pytest.mark.parametrize("page", ["connector", "application", "accounts"])
def test_an_app_with_a_symbol_shows_it_wherever_its_badge_stands(page, browser):
    app = make_app("Coupa")
    App.objects.filter(pk=app.pk).update(icon="coins")
    connector = make_connected(app=app)

    shown = text(browser.get(url_of(page, connector.pk if page == "connector" else app.pk)))

    head = shown.split("r-app r-app--l")[1].split("<h1>")[0]
    assert "#i-coins" in head


def test_a_basic_user_who_owns_a_connector_sees_that_and_nothing_else(sign_in):
    grace = make_user("Grace Kim", Role.BASIC)
    connector = make_connector(grace, app=make_app("Coupa"))
    hidden = make_connected(app=make_app("Payroll"))
    browser = sign_in(grace)

    for page in ("settings", "connector", "owners"):
        assert browser.get(url_of(page, connector.pk)).status_code == 200
    for page in ("application", "accounts", "entitlements", "app_owners", "app_settings", "delete_app"):
        assert browser.get(url_of(page, connector.app_id)).status_code == 404
    assert browser.get(url_of("connector", hidden.pk)).status_code == 404
    for url in ("/connectors/add/", "/applications/new/", "/applications/import/", "/people/imports/"):
        assert browser.get(url).status_code == 403
    home = text(browser.get("/"))
    assert 'href="/connectors/"' in home
    assert 'href="/applications/"' not in home
    for url in ("/trail/", "/settings/", "/people/"):
        assert f'href="{url}"' not in home
