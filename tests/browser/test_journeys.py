"""The journeys people make, in a real browser, with an accessibility check on every page they meet."""

import re

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.steps import choose_new_app, follow
from tests.browser.world import EMAIL, Look, World, link_in
from tests.make import PASSWORD

pytestmark = pytest.mark.browser

A_SYNC = 30_000  # milliseconds for a small one


@pytest.fixture
def world(tmp_path):
    with World(tmp_path) as everything:
        yield everything


def test_first_run_makes_the_first_administrator_and_the_link_works_once(
    world: World, page: Page, browser: Browser, accessible: Look
):
    page.goto(world.url)
    accessible(page)
    expect(page.get_by_text("manage setup_link")).to_be_visible()
    page.goto(world.setup_link)
    accessible(page)
    page.get_by_label("Name").fill("Mara Ellison")
    page.get_by_label("E-mail").fill(EMAIL)
    page.get_by_label("Password").fill("short")
    page.get_by_role("button", name="Create administrator").click()
    expect(page.get_by_text("too short")).to_be_visible()
    expect(page.get_by_label("Name")).to_have_value("Mara Ellison")
    accessible(page)

    world.first_administrator(page)

    accessible(page)
    expect(page.get_by_text("Connect Coupa")).to_be_visible()
    with browser.new_context() as other:
        late = other.new_page()
        late.goto(world.setup_link)
        expect(late.get_by_role("button", name="Create administrator")).to_have_count(0)
        late.goto(world.url)
        late.get_by_label("E-mail").fill(EMAIL.upper())
        late.get_by_label("Password").fill(PASSWORD)
        late.get_by_role("button", name="Sign in").click()
        expect(late.get_by_role("heading", name="Waiting for you")).to_be_visible()


def connect(world: World, page: Page, accessible: Look) -> None:
    """From the list of connectors through the wizard to Connected."""
    follow(page.get_by_role("link", name="Connectors").first)
    accessible(page)
    follow(page.get_by_role("link", name="Add connector").first)
    accessible(page)
    page.get_by_label("Find a kind of app").fill("procurement")
    page.keyboard.press("Enter")
    follow(page.get_by_role("link", name="Coupa v2", exact=True))
    accessible(page)
    choose_new_app(page, "Coupa")
    accessible(page)
    follow(page.get_by_role("button", name="Next: settings"))
    accessible(page)
    world.type_settings(page, secret=world.coupa.client_secret)
    page.get_by_role("button", name="Save and start the first sync").click()
    expect(all_accounts(page)).to_be_visible(timeout=A_SYNC)
    accessible(page)


def all_accounts(page: Page) -> Locator:
    return page.get_by_role("link", name="120 accounts", exact=True)


def test_the_wizard_connects_a_new_app_and_its_access_is_found_under_applications(
    world: World, page: Page, accessible: Look
):
    world.first_administrator(page)

    connect(world, page, accessible)

    all_accounts(page).click()
    expect(page.get_by_text("of 120")).to_be_visible()
    accessible(page)
    page.locator("tbody a").first.click()
    expect(page.get_by_role("heading", name="Access now")).to_be_visible()
    accessible(page)
    follow(page.get_by_role("link", name="Coupa", exact=True).first)
    accessible(page)
    follow(page.get_by_role("link", name=re.compile("^Entitlements")).first)
    accessible(page)
    every, one = page.get_by_label("Choose all on this page"), page.locator("tbody input[name=chosen]").first
    every.check()
    expect(one).to_be_checked()
    one.uncheck()
    expect(every).to_be_checked(indeterminate=True)
    follow(page.locator("tbody a").first)
    accessible(page)
    page.goto(f"{world.url}/applications/")
    accessible(page)
    page.goto(f"{world.url}/connectors/")
    accessible(page)
    page.locator("tbody").get_by_role("link", name="Coupa").first.click()
    expect(page.get_by_role("heading", name="Capabilities")).to_be_visible()
    accessible(page)


def set_password_by_letter(world: World, grace: Page, accessible: Look) -> None:
    """From the letter that asks for help, by a second one, to the settings the first one named."""
    grace.goto(link_in(world.letters.to("grace@meridian.example", "Your help is needed")))
    accessible(grace)
    grace.get_by_role("link", name="Password forgotten, or none yet?").click()
    grace.get_by_label("E-mail").fill("grace@meridian.example")
    accessible(grace)
    grace.locator("main").get_by_role("button").click()
    grace.goto(link_in(world.letters.to("grace@meridian.example", "assword")))
    accessible(grace)
    for field in grace.locator("input[type=password]").all():
        field.fill(PASSWORD)
    grace.get_by_role("button", name="Set password").click()


def test_an_owner_who_was_mailed_sets_a_password_and_finishes_the_connector(
    world: World, page: Page, browser: Browser, accessible: Look
):
    world.first_administrator(page)
    world.make_person("Grace Kim", "grace@meridian.example")
    page.goto(f"{world.url}/connectors/add/coupa/")
    choose_new_app(page, "Coupa")
    page.get_by_placeholder("Name or e-mail").press_sequentially("grace")
    page.get_by_text("grace@meridian.example").wait_for()
    page.keyboard.press("Enter")
    expect(page.get_by_text("We will e-mail Grace Kim")).to_be_visible()
    accessible(page)
    page.get_by_role("button", name="Hand over and leave").click()
    expect(page.get_by_role("heading", name="We asked Grace Kim to finish")).to_be_visible()
    accessible(page)

    with browser.new_context() as other:
        grace = other.new_page()
        set_password_by_letter(world, grace, accessible)
        world.type_settings(grace, secret=world.coupa.client_secret)
        grace.get_by_role("button", name="Save and start the first sync").click()
        expect(grace.get_by_text("120 accounts; 120 accounts have no owner")).to_be_visible(timeout=A_SYNC)
        accessible(grace)
        grace.goto(f"{world.url}/connectors/add/")
        expect(grace.get_by_text("Only a Connector Administrator")).to_be_visible()
        accessible(grace)

    done = world.letters.to(EMAIL, "Coupa")
    assert "connected" in done["Subject"].lower() or "sync" in done["Subject"].lower()
    assert not any(world.coupa.client_secret in str(each) for each in world.letters.all)


def test_a_wrong_secret_brings_coupas_sentence_and_a_right_one_goes_on(
    world: World, page: Page, accessible: Look
):
    world.first_administrator(page)
    page.goto(f"{world.url}/connectors/add/coupa/")
    choose_new_app(page, "Coupa")
    page.get_by_role("button", name="Next: settings").click()
    world.type_settings(page, secret="not-the-secret")
    page.get_by_role("button", name="Save and start the first sync").click()

    expect(page.get_by_text("refused the client ID and secret").first).to_be_visible(timeout=A_SYNC)

    accessible(page)
    follow(page.get_by_role("link", name="Open the settings").first)
    accessible(page)
    expect(page.get_by_label("Domain")).to_have_value(world.coupa.url)
    expect(page.get_by_label("Client secret")).to_have_value("")
    page.get_by_label("Client secret").fill(world.coupa.client_secret)
    page.get_by_role("button", name="Save and start the first sync").click()
    expect(all_accounts(page)).to_be_visible(timeout=A_SYNC)
