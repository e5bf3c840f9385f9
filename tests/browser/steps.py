"""Steps that several journeys through connectors take."""

import re

from playwright.sync_api import FilePayload, Locator, Page, expect

from tests.browser.world import World, type_settings
from tests.fakes.coupa import FakeCoupa

A_SYNC = 30_000  # milliseconds for a small one
USERS = 60  # of a tenant


def follow(there: Locator) -> None:
    """Click, and wait for the page it leads to: what looks at once would look at the page that is going."""
    with there.page.expect_navigation():
        there.click()


def choose_new_app(page: Page, name: str) -> None:
    page.get_by_role("radio", name="A new app").check()
    page.get_by_label("Name", exact=True).fill(name)
    follow(page.get_by_role("button", name="Next: owners"))


def connect(world: World, page: Page, tenant: FakeCoupa, name: str) -> str:
    """Through the wizard until it is connected; the connector's address."""
    page.goto(f"{world.url}/connectors/add/coupa/")
    choose_new_app(page, name)
    page.get_by_role("button", name="Next: settings").click()
    type_settings(page, tenant, secret=tenant.client_secret)
    page.get_by_role("button", name="Save and start the first sync").click()
    expect(page.get_by_role("heading", name="Connected")).to_be_visible(timeout=A_SYNC)
    page.get_by_role("link", name="Runs, settings, schedule").click()
    expect(page.get_by_role("heading", name="Capabilities")).to_be_visible()
    return page.url


def csv(name: str, *lines: str) -> FilePayload:
    return {"name": name, "mimeType": "text/csv", "buffer": "\n".join(lines).encode()}


def fact(page: Page, name: str) -> Locator:
    """The value beside a word."""
    return page.locator("dt", has_text=re.compile(rf"^\s*{name}\s*$")).locator(
        "xpath=following-sibling::dd[1]"
    )
