"""Reviewing as a reviewer does it: by keyboard alone, without script, on a phone."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.instance import Instance
from tests.browser.shots import COOKIE
from tests.browser.steps import follow
from tests.browser.world import Look

pytestmark = pytest.mark.browser
LAY_OUT = "from tests.browser import reviewing; reviewing.lay_out()"
DENIED = (3, 17, 29)
"""By the order in which lines come."""


@dataclass(frozen=True)
class Review:
    url: str
    session: str
    campaign: str
    lines: int

    @property
    def desk(self) -> str:
        return f"{self.url}/reviews/{self.campaign}/"


@pytest.fixture
def review(instance: Instance) -> Review:
    done = instance.manage("shell", "-v", "0", "-c", LAY_OUT)
    assert done.returncode == 0, done.stderr
    return Review(url=instance.url, **json.loads(done.stdout))


@pytest.fixture
def context(browser: Browser, review: Review) -> Iterator[BrowserContext]:
    with visitor(browser, review) as known:
        yield known


def visitor(browser: Browser, review: Review, *, script: bool = True) -> BrowserContext:
    """The reviewer, at an ordinary screen."""
    known = browser.new_context(
        viewport={"width": 1440, "height": 900}, locale="en-GB", java_script_enabled=script
    )
    known.add_cookies([{"name": COOKIE, "value": review.session, "url": review.url}])
    known.set_default_timeout(20_000)
    return known


def decided(page: Page, number: int, of: int) -> None:
    expect(page.locator("#bar")).to_contain_text(f"{number} of {of} decided", timeout=20_000)  # one by one


def test_fifty_lines_are_reviewed_by_keyboard_only(review: Review, page: Page, good: Look):
    page.goto(review.desk)
    good(page)

    for number in range(review.lines):
        if number and number % 10 == 0:
            decided(page, number, review.lines)
            page.keyboard.press("n")
            expect(page.locator("[data-line].is-certify, [data-line].is-deny")).to_have_count(0)
        needs_reason = page.locator(".r-line.is-focus [name=certify][data-needs-reason]").count()
        page.keyboard.press("d" if number in DENIED else "c")
        if number in DENIED or needs_reason:
            page.keyboard.type("Seen with the app owner")
            page.keyboard.press("Enter")
    decided(page, review.lines, review.lines)
    page.keyboard.press("s")

    expect(page.get_by_role("heading", name=f"Submit {review.lines} decisions?")).to_be_visible()
    happens = "3 people lose 3 permissions in Coupa after Tom Okafor confirms"
    expect(page.locator("main")).to_contain_text(happens)
    good(page)
    page.keyboard.press("Enter")
    expect(page.get_by_text("Submitted: 47 certified, 3 denied.")).to_be_visible()
    page.goto(f"{review.url}/reviews/")
    expect(page.get_by_role("heading", name="Finished")).to_be_visible()
    good(page)


def test_details_open_beside_the_list_and_lines_are_marked_in_groups(
    review: Review, page: Page, accessible: Look, good: Look
):
    page.goto(review.desk)
    page.keyboard.press("o")
    details = page.get_by_role("complementary", name=re.compile("^Details of"))
    expect(details.get_by_role("heading", name="Why it is here")).to_be_visible()
    accessible(page)
    for part, heading in (
        ("Insights", "1 "),
        ("Person", "Person"),
        ("Plan", "Who decides"),
        ("Related", "Other"),
    ):
        details.get_by_role("link", name=part).click()
        expect(details.get_by_role("heading", name=heading).first).to_be_visible()
        expect(details.get_by_role("heading", name="Why it is here")).to_be_hidden()
    accessible(page)
    details.get_by_role("button", name="Next line").click()
    expect(details.get_by_text(", 2 of 10")).to_be_visible()
    expect(details.get_by_role("heading", name="Other")).to_be_visible()  # the same part of the next line
    details.get_by_role("link", name="Details").click()
    details.get_by_label("Comment").fill("Asked Tom")
    details.get_by_role("button", name="Comment").click()
    expect(details.get_by_role("blockquote")).to_have_text("Asked Tom")
    page.keyboard.press("Escape")
    expect(details).to_be_hidden()

    page.keyboard.press("a")
    page.get_by_label("One reason for all ticked lines").fill("Never needed")
    page.get_by_role("button", name="Deny", exact=True).first.click()
    decided(page, 5, review.lines)
    page.get_by_role("button", name="Undo last").click()
    decided(page, 0, review.lines)
    for line in page.locator("[data-line]").all()[:2]:  # the second used to move away under the pointer
        line.get_by_role("button", name="Certify").click()
    decided(page, 2, review.lines)

    page.keyboard.press("?")
    expect(page.get_by_text("Look at what you would submit")).to_be_visible()
    page.keyboard.press("Escape")
    for view in ("By application", "By entitlement", "By resource", "One list"):
        follow(page.get_by_role("link", name=view))
        good(page)
    for address in ("lines/2/", "stand-in/", "comment/?line=1&line=2"):
        page.goto(f"{review.desk}{address}")
        good(page)


def test_one_list_is_reviewed_by_keyboard(review: Review, page: Page):
    page.goto(f"{review.desk}?view=flat")

    page.keyboard.press("c")
    decided(page, 1, review.lines)
    page.keyboard.press("d")
    page.keyboard.type("Left the team")
    page.keyboard.press("Enter")
    decided(page, 2, review.lines)
    page.keyboard.press("k")
    page.keyboard.press("o")

    expect(page.locator("tr.is-deny")).to_have_count(1)
    details = page.get_by_role("complementary", name=re.compile("^Details of"))
    expect(details.get_by_role("heading", name="Why it is here")).to_be_visible()
    details.get_by_role("button", name="Certify").click()
    expect(page.locator("tr.is-deny")).to_have_count(0)
    expect(details.get_by_role("button", name="Certify")).to_have_attribute("aria-pressed", "true")


def test_without_script_everything_is_there(browser: Browser, review: Review):
    with visitor(browser, review, script=False) as plain:
        page = plain.new_page()
        page.goto(f"{review.desk}?view=flat")
        first, second = page.locator("[data-line]").all()[1:3]
        number = second.get_attribute("data-line")

        first.get_by_role("button", name="Certify").click()
        decided(page, 1, review.lines)
        page.locator(f"#line-{number}").get_by_role("button", name="Deny").click()
        page.locator(f"#reason-{number}").fill("Left the team")
        page.locator(f"#reason-{number}").press("Enter")
        decided(page, 2, review.lines)
        expect(page.locator(f"#reason-{number}")).to_have_value("Left the team")
        page.locator(f"#line-{number}").get_by_role("button", name=re.compile("^Details of")).click()
        expect(page.get_by_role("heading", name="Who decides")).to_be_visible()
        page.goto(review.desk)
        page.get_by_role("link", name="Submit 2 decisions").click()
        page.get_by_role("button", name="Submit 2 decisions").click()

        expect(page.get_by_text("Submitted: 1 certified, 1 denied.")).to_be_visible()
