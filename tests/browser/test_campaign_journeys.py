"""A campaign from nothing to its start, by clicking: drafted, narrowed, looked over, staged, started."""

import re

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.steps import A_SYNC, connect, follow
from tests.browser.world import NAME, Look, World
from tests.fakes.coupa import FakeCoupa

pytestmark = pytest.mark.browser
TABS = "Draft"
SIGNER = "Kim Aarts"


@pytest.fixture
def world(company: World) -> World:
    return company


@pytest.fixture
def context(administrator: BrowserContext) -> BrowserContext:
    return administrator


def tab(page: Page, name: str) -> None:
    follow(page.get_by_label(TABS, exact=True).get_by_role("link", name=name))


def test_a_campaign_is_drafted_staged_and_started(
    world: World, tenants: dict[str, FakeCoupa], page: Page, good: Look
):
    connect(world, page, tenants["reviewed"], "Spend Nordics")  # other journeys make access of Coupa grave
    world.make_person(SIGNER, "kim.aarts@meridian.example")
    page.goto(world.url)
    page.get_by_role("link", name="Campaigns").click()
    good(page)
    follow(page.get_by_role("link", name="New campaign").first)
    page.get_by_label("Name", exact=True).fill("Coupa access, Q4")
    page.get_by_label("Who decides").select_option(label="App owner")
    good(page)
    follow(page.get_by_role("button", name="Make the draft"))

    count = page.locator("#now .r-bignum")
    before = count.inner_text()
    page.get_by_label("Spend Nordics", exact=True).check()
    page.get_by_label(re.compile(r"Roles \(\d+\)")).check()
    expect(count).not_to_have_text(before)
    good(page)
    follow(page.get_by_role("button", name="Save scope"))
    tab(page, "Reviewers")
    expect(page.get_by_text(NAME).last).to_be_visible()
    good(page)
    tab(page, "Data")
    good(page)
    page.get_by_role("button", name="Stage campaign").click()
    follow(page.get_by_role("link", name="Name the control owner"))

    page.get_by_label("Period, first day").fill("2026-10-01")
    page.get_by_label("Period, last day").fill("2026-12-31")
    page.get_by_label("Control owner").fill(SIGNER)
    page.get_by_role("option", name=SIGNER).click()
    good(page)
    follow(page.get_by_role("button", name="Save settings"))
    tab(page, "Schedule and mails")
    good(page)
    tab(page, "Instructions")
    page.get_by_label("What reviewers are told").fill("Keep what people need for their work now.")
    follow(page.get_by_role("button", name="Save instructions"))
    follow(page.get_by_role("link", name="Validate scope"))
    expect(page.get_by_role("heading", name="In scope")).to_be_visible()
    good(page)

    page.get_by_role("button", name="Stage campaign").click()
    page.get_by_role("dialog").get_by_role("button", name="Stage campaign").click()
    expect(page.get_by_role("heading", name="Ready to start")).to_be_visible(timeout=2 * A_SYNC)
    expect(page.get_by_text("They tie")).to_be_visible()
    good(page)
    page.get_by_role("button", name="Start campaign").click()
    follow(page.get_by_role("dialog").get_by_role("button", name="Start campaign"))

    page.goto(f"{world.url}/campaigns/")
    row = page.get_by_role("row", name=re.compile("Coupa access, Q4"))
    expect(row).to_contain_text("Running")
    good(page)
