"""What people do with connectors, by clicking, in one instance with many tenants."""

import re

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from core.models import Role
from tests.browser.launching import TOO_WIDE
from tests.browser.steps import A_SYNC, USERS, choose_new_app, connect, csv, fact, follow
from tests.browser.test_journeys import set_password_by_letter
from tests.browser.world import Look, World, type_settings
from tests.fakes.coupa import FakeCoupa
from tests.make import PASSWORD

pytestmark = pytest.mark.browser

GRACE, MARCUS = "grace@meridian.example", "marcus@meridian.example"
FEWER = 30


@pytest.fixture
def world(company: World) -> World:
    return company


@pytest.fixture
def context(administrator: BrowserContext) -> BrowserContext:
    return administrator


def test_an_app_of_a_list_a_managed_one_and_a_new_one_get_a_connector(world: World, page: Page, good: Look):
    page.goto(f"{world.url}/applications/")
    page.get_by_role("link", name="Import an app list").click()
    good(page)
    page.get_by_label("CSV file").set_input_files(
        csv("okta.csv", "provider,name,external ID,users", "Okta,Travel Desk,0oa1,41", "Okta,Wiki,0oa2,7")
    )
    page.get_by_role("button", name="Read the list").click()
    expect(page.get_by_role("heading", name="What the list would change")).to_be_visible()
    good(page)
    page.get_by_role("button", name="Apply the list").click()
    expect(page.get_by_role("link", name="Travel Desk", exact=True)).to_be_visible()
    good(page)

    add_connector(page, good)
    page.get_by_role("radio", name="An app found but not managed yet").check()
    page.get_by_role("radio", name="Travel Desk").check()
    good(page)
    page.get_by_role("button", name="Next: owners").click()
    expect(page.get_by_text("Travel Desk, found through Okta").first).to_be_visible()
    good(page)

    add_connector(page)
    page.get_by_role("radio", name="An app we manage already").check()
    page.get_by_role("table", name="Managed apps").get_by_role("radio", name="Travel Desk").check()
    page.get_by_role("button", name="Next: owners").click()
    expect(page.get_by_role("heading", name="Who looks after this connector?")).to_be_visible()

    add_connector(page)
    choose_new_app(page, "Expenses")
    expect(page.get_by_role("heading", name="Who looks after this connector?")).to_be_visible()

    page.get_by_role("link", name="Connectors").first.click()
    expect(page.locator("tbody tr", has_text="Travel Desk")).to_have_count(2)
    expect(page.locator("tbody tr", has_text="Expenses")).to_have_count(1)
    good(page)
    page.get_by_role("link", name="Applications").first.click()
    expect(page.locator("tbody").get_by_role("link", name="Travel Desk", exact=True)).to_be_visible()
    page.get_by_role("link", name=re.compile("^Unmanaged")).click()
    expect(page.get_by_role("link", name="Wiki", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="Travel Desk", exact=True)).to_have_count(0)


def add_connector(page: Page, good: Look | None = None) -> None:
    """From the list of connectors, by the name of the vendor and by that of the driver."""
    page.get_by_role("link", name="Connectors").first.click()
    page.get_by_role("link", name="Add connector").first.click()
    for words in ("coupa", "Coupa v2"):
        page.get_by_label("Find a kind of app").fill(words)
        page.keyboard.press("Enter")
        expect(page.get_by_label("Find a kind of app")).to_have_value(words)
        expect(page.get_by_role("link", name="Coupa v2", exact=True)).to_be_visible()
    if good:
        good(page)
    page.get_by_role("link", name="Coupa v2", exact=True).click()


def test_an_owner_without_any_other_role_connects_and_looks_after_it(
    world: World, tenants: dict[str, FakeCoupa], browser: Browser, accessible: Look, good: Look
):
    world.make_person("Grace Kim", GRACE)
    world.make_person("Marcus Adeyemi", MARCUS, role=Role.CONNECTOR, password=PASSWORD)
    with browser.new_context() as other:
        hand_over(world, other.new_page())

    with browser.new_context(viewport={"width": 1440, "height": 900}) as other:
        grace = other.new_page()
        set_password_by_letter(world, grace, accessible)
        tenant = tenants["handover"]
        type_settings(grace, tenant, secret=tenant.client_secret)
        grace.get_by_role("button", name="Test", exact=True).click()
        expect(grace.get_by_role("heading", name="These settings work")).to_be_visible(timeout=A_SYNC)
        expect(grace.get_by_role("row", name=re.compile("core.user.read"))).to_contain_text("Granted")
        good(grace)
        tenant.misbehave(slow=0.2)
        type_settings(grace, tenant, secret=tenant.client_secret)
        grace.get_by_role("button", name="Save and start the first sync").click()
        expect(grace.locator(".r-head").get_by_text("Syncing")).to_be_visible(timeout=A_SYNC)
        good(grace)
        tenant.behave()
        expect(grace.get_by_role("heading", name="Connected")).to_be_visible(timeout=A_SYNC)
        expect(grace.locator(".r-head").get_by_text("Connected")).to_be_visible()
        look_after(grace, good)
        links = grace.get_by_role("navigation", name="Main").get_by_role("listitem")
        expect(links).to_have_text([re.compile("Home"), re.compile("Reviews"), re.compile("Connectors")])


def hand_over(world: World, marcus: Page) -> None:
    """A Connector Administrator leaves the rest to Grace."""
    marcus.goto(f"{world.url}/connectors/add/coupa/")
    marcus.get_by_label("E-mail").fill(MARCUS)
    marcus.get_by_label("Password").fill(PASSWORD)
    marcus.get_by_role("button", name="Sign in").click()
    choose_new_app(marcus, "Spend")
    marcus.get_by_placeholder("Name or e-mail").press_sequentially("grace")
    marcus.get_by_text(GRACE).wait_for()
    marcus.keyboard.press("Enter")
    marcus.get_by_role("button", name="Hand over and leave").click()
    expect(marcus.get_by_role("heading", name="We asked Grace Kim to finish")).to_be_visible()


def look_after(page: Page, good: Look) -> None:
    """The log, another name, other times."""
    page.get_by_role("link", name="Open the whole log").click()
    expect(page.get_by_role("heading", name="Log")).to_be_visible()
    good(page)
    page.get_by_label("Breadcrumb").get_by_role("link", name="Spend").click()
    good(page)
    page.get_by_role("link", name="Rename the connector").click()
    page.get_by_label("Name").fill("Spend, Nordics")
    good(page)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Spend, Nordics")).to_be_visible()
    page.get_by_role("link", name="Edit the schedule").click()
    page.get_by_label("How often").select_option(label="Every 6 hours")
    page.get_by_role("button", name="Show for what is chosen above").click()
    expect(page.get_by_label("How often")).to_have_value("360")
    good(page)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Every 6 hours")).to_be_visible()


def test_a_run_that_lost_half_is_held_discarded_and_confirmed_when_true(
    world: World, tenants: dict[str, FakeCoupa], page: Page, good: Look
):
    tenant = tenants["held"]
    address = connect(world, page, tenant, "Held")
    for identity in list(tenant.tenant.order)[FEWER:]:
        tenant.remove_user(str(identity))

    sync_and_be_held(page, good)
    page.get_by_role("link", name="See what would go").click()
    expect(page.locator("tbody tr")).to_have_count(USERS - FEWER)
    good(page)
    page.goto(address)
    answer(page, "Discard this run", "The export at Coupa was cut.")
    expect(number_of_accounts(page)).to_have_text(str(USERS))
    expect(page.locator("tbody tr", has_text="discarded by")).to_have_count(1)

    sync_and_be_held(page)
    answer(page, "Confirm changes", "Half of the company was sold.")
    page.goto(address)
    expect(number_of_accounts(page)).to_have_text(str(FEWER))
    good(page)
    page.locator("tbody tr", has_text="confirmed by").get_by_role("link", name="Open").click()
    expect(fact(page, "Confirmed")).to_contain_text('"Half of the company was sold."')
    good(page)
    page.get_by_role("link", name="What changed").click()
    expect(page.locator("tbody tr").first).to_be_visible()
    good(page)


def sync_and_be_held(page: Page, good: Look | None = None) -> None:
    page.get_by_role("button", name="Sync now").click()
    expect(page.get_by_role("heading", name="This sync was held. Old data is kept.")).to_be_visible(
        timeout=A_SYNC
    )
    if good:
        good(page)
    page.get_by_role("link", name="Look").click()
    expect(page.get_by_role("heading", name="Old data is kept.")).to_be_visible()
    if good:
        good(page)


def number_of_accounts(page: Page) -> Locator:
    return page.locator(".r-stats li", has_text="accounts").first.get_by_role("link")


def answer(page: Page, what: str, reason: str) -> None:
    """A held run, in the dialog."""
    page.get_by_role("button", name=what).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reason").fill(reason)
    dialog.get_by_role("button", name=what).click()


def test_another_tenant_is_read_only_once_the_present_one_was_named_and_its_rows_stay_as_history(
    world: World, tenants: dict[str, FakeCoupa], page: Page, good: Look
):
    before, after = tenants["before"], tenants["after"]
    connect(world, page, before, "Merged")
    page.get_by_role("link", name="Edit the settings").click()
    type_settings(page, after, secret=after.client_secret)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text(f"This is another tenant than {before.host}").first).to_be_visible()
    good(page)

    page.get_by_label(f"Type {before.host} to end").fill(before.host)
    page.get_by_label("Client secret").fill(after.client_secret)
    page.get_by_role("button", name="Save", exact=True).click()

    expect(page.get_by_role("heading", name="Connected")).to_be_visible(timeout=A_SYNC)
    good(page)
    page.get_by_role("link", name="See the accounts").click()
    expect(page.get_by_text(f"of {USERS}")).to_be_visible()
    page.get_by_text("More filters").click()
    page.get_by_label("Seen by the last sync").select_option(label="No longer seen at the app")
    page.get_by_role("button", name="Find").click()
    expect(page.get_by_text(f"of {USERS}")).to_be_visible()
    page.locator("tbody a").first.click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(fact(page, "Source")).to_have_text(f"coupa:{before.host}")
    good(page)


def test_a_sync_under_way_is_stopped_and_begun_again(
    world: World, tenants: dict[str, FakeCoupa], page: Page, good: Look
):
    tenant = tenants["slow"]
    address = connect(world, page, tenant, "Slow")
    tenant.misbehave(slow=2)
    page.get_by_role("button", name="Sync now").click()
    expect(page.get_by_role("heading", name="Reading Slow")).to_be_visible(timeout=A_SYNC)
    page.goto(address)
    good(page)

    page.get_by_role("button", name="Stop and start again").click()
    page.get_by_role("dialog").get_by_role("button", name="Stop and start again").click()
    expect(page.get_by_role("heading", name="Reading Slow")).to_be_visible(timeout=A_SYNC)
    page.goto(address)
    page.get_by_role("button", name="Stop", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name=re.compile("^Stop")).click()
    page.goto(address)
    expect(page.get_by_role("button", name="Sync now")).to_be_enabled(timeout=A_SYNC)
    expect(page.locator("tbody tr", has_text="Stopped")).to_have_count(2)
    good(page)

    tenant.behave()
    page.get_by_role("button", name="Sync now").click()
    expect(page.get_by_role("heading", name="Connected")).to_be_visible(timeout=A_SYNC)


def test_files_are_handed_in_and_replaced_on_a_phone(world: World, page: Page, accessible: Look):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{world.url}/connectors/add/")
    page.get_by_role("link", name="File", exact=True).click()
    choose_new_app(page, "Old payroll")
    follow(page.get_by_role("button", name="Next: settings"))
    accessible(page)
    page.get_by_label("System").fill("Old payroll")
    page.get_by_label("Accounts").set_input_files(
        csv("accounts.csv", "User ID,Email,Name,Status", "1,a@x.example,Ann Ash,active", "2,,Bo Birch,active")
    )
    page.get_by_label("Access").set_input_files(
        csv("access.csv", "User ID,Resource Type,Resource Name,Entitlement", "1,Role,Clerk,member")
    )
    page.get_by_role("button", name="Save and start the first sync").click()
    expect(page.get_by_role("heading", name="Connected")).to_be_visible(timeout=A_SYNC)
    expect(page.get_by_role("link", name="2 accounts", exact=True)).to_be_visible()
    accessible(page)

    follow(page.get_by_role("link", name="Runs, settings, schedule"))
    accessible(page)
    page.get_by_label("More for Old payroll").click()
    expect(page.get_by_role("link", name="Delete")).to_be_in_viewport(ratio=1)
    page.get_by_role("link", name="Replace a file").first.click()
    page.get_by_label("Accounts").set_input_files(
        csv("newer.csv", "User ID,Email,Name,Status", *(f"{n},,Person {n},active" for n in range(1, 4)))
    )
    accessible(page)
    page.get_by_role("button", name="Save", exact=True).click()

    expect(page.get_by_role("link", name="3 accounts", exact=True)).to_be_visible(timeout=A_SYNC)
    assert not page.evaluate(TOO_WIDE)
    page.get_by_role("link", name="See the accounts").click()
    expect(page.get_by_role("link", name="Person 3", exact=True)).to_be_visible()
    accessible(page)
