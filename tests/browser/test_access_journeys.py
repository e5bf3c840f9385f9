"""What people do with what was read, by clicking: how it was counted, risk, rules, names, owners, reports."""

import re

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.steps import A_SYNC, USERS, fact
from tests.browser.world import Look, World

pytestmark = pytest.mark.browser


@pytest.fixture
def world(company: World) -> World:
    return company


@pytest.fixture
def context(administrator: BrowserContext) -> BrowserContext:
    return administrator


def test_a_counted_sync_shows_both_readings_and_hands_out_what_was_answered(
    world: World, coupa: str, page: Page, good: Look
):
    page.goto(coupa)
    page.get_by_role("button", name="Counted sync").click()
    expect(page.get_by_role("heading", name="Connected")).to_be_visible(timeout=A_SYNC)
    page.get_by_role("link", name="Open the whole log").click()

    expect(page.get_by_text("Both readings agree")).to_be_visible()
    row = page.get_by_role("table", name="Records of each reading").get_by_role("row", name="Accounts")
    expect(row.get_by_role("cell")).to_have_text([str(USERS), str(USERS)])
    good(page)
    fact(page, "Requests").get_by_role("link").click()
    expect(page.get_by_role("heading", name=re.compile("^Requests of sync"))).to_be_visible()
    page.get_by_role("link", name="Second", exact=True).click()
    good(page)
    with page.expect_download() as download:
        page.get_by_role("button", name=re.compile("^Take")).first.click()
    assert b'"id"' in download.value.path().read_bytes()


def test_risk_is_set_of_many_a_rule_is_switched_on_and_a_resource_gets_a_name_of_ours(
    world: World, coupa: str, page: Page, good: Look
):
    page.goto(coupa)
    page.locator(".r-facts").get_by_role("link", name="Coupa", exact=True).click()
    page.get_by_label("App", exact=True).get_by_role("link", name="Entitlements").click()
    good(page)
    for box in page.locator("tbody").get_by_role("checkbox").all()[:2]:
        box.check()
    page.get_by_role("button", name="Set attributes of the chosen").click()
    page.get_by_label("Set the risk").check()
    page.get_by_label("Risk", exact=True).select_option(label="Critical")
    good(page)
    page.get_by_role("button", name="Set for 2").click()
    expect(page.locator("tbody tr", has_text="Critical")).to_have_count(2)

    page.get_by_label("App", exact=True).get_by_role("link", name="Rules").click()
    page.get_by_role("link", name="Add a rule").click()
    page.get_by_label("Name", exact=True).fill("Roles are grave")
    page.get_by_label("Resource type").select_option(label="Role")
    page.get_by_label("Gives the risk").select_option(label="High")
    good(page)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Preview")).to_be_visible()
    good(page)
    page.get_by_label("I have looked").check()
    page.get_by_role("button", name="Switch on").click()
    expect(page.get_by_role("heading", name="What it decides on")).to_be_visible()
    good(page)

    page.get_by_label("Breadcrumb").get_by_role("link", name="Coupa").click()
    page.get_by_label("App", exact=True).get_by_role("link", name="Resources").click()
    good(page)
    page.locator("tbody a").first.click()
    page.get_by_role("link", name="Edit", exact=True).click()
    page.get_by_label("Name here").fill("What we call it")
    good(page)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="What we call it")).to_be_visible()
    good(page)


def test_accounts_get_owner_and_type_by_hand_are_filtered_shown_in_columns_and_reported(
    world: World, coupa: str, page: Page, good: Look
):
    page.goto(coupa)
    page.locator(".r-facts").get_by_role("link", name="Coupa", exact=True).click()
    page.get_by_label("App", exact=True).get_by_role("link", name="Accounts").click()
    good(page)
    page.locator("tbody").get_by_role("checkbox").nth(0).check()
    page.get_by_role("button", name="Change those ticked").click()
    page.get_by_role("radio", name="Set the owner").check()
    page.get_by_placeholder("Name or e-mail").press_sequentially("mara")
    page.get_by_role("listbox").get_by_text("mara@meridian.example").wait_for()
    page.keyboard.press("Enter")
    good(page)
    page.get_by_role("button", name="Change 1 account").click()
    expect(page.get_by_role("region", name="Owner").get_by_text("Mara Ellison").first).to_be_visible()
    good(page)
    page.get_by_label("Breadcrumb").get_by_role("link", name="Accounts").click()
    expect(page.locator("tbody tr", has_text="Mara Ellison")).to_have_count(1)

    for box in page.locator("tbody").get_by_role("checkbox").all()[1:4]:
        box.check()
    page.get_by_role("button", name="Change those ticked").click()
    page.get_by_role("radio", name="Type: Service account").check()
    page.get_by_role("button", name="Change 3 accounts").click()
    page.get_by_text("More filters").click()
    page.get_by_label("Any type").select_option(label="Service account")
    page.get_by_role("button", name="Find").click()
    expect(page.locator("tbody tr")).to_have_count(3)
    good(page)

    page.get_by_text("Columns", exact=True).click()
    page.get_by_label("Id there").check()
    page.get_by_role("button", name="Show these").click()
    expect(page.get_by_role("columnheader", name="Id there")).to_be_visible()
    expect(page.locator("tbody tr")).to_have_count(3)
    good(page)
    take_population_report(page, good)


def take_population_report(page: Page, good: Look) -> None:
    page.get_by_text("Population report").click()
    page.get_by_role("button", name="XLSX").click()
    expect(page.locator("#toasts [data-toast]")).to_be_visible()
    page.get_by_role("link", name=re.compile("^Downloads")).first.click()
    ready = page.locator("tbody tr", has_text="Ready")
    expect(ready).to_have_count(1, timeout=A_SYNC)
    good(page)
    with page.expect_download() as download:
        ready.get_by_role("link").or_(ready.get_by_role("button", name="Download")).first.click()
    assert download.value.path().read_bytes().startswith(b"PK")
