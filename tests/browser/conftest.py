"""What journeys stand on: a real instance, and a real Chromium that looks at it."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright

from tests.browser import chromium
from tests.browser.instance import Instance

FLAGS = (
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
)
PATIENCE = 20_000  # milliseconds


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[Instance]:
    """A fresh instance, with nobody in it."""
    with Instance(tmp_path) as running:
        yield running


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    with launch(playwright) as running:
        yield running


def launch(playwright: Playwright) -> Browser:
    """Chromium without a window; as root it has no sandbox to hide in."""
    flags = [*FLAGS, "--no-sandbox"] if os.geteuid() == 0 else [*FLAGS]
    return playwright.chromium.launch(executable_path=chromium.ensured(), args=flags)


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A visitor of their own: no cookies, an ordinary screen."""
    with browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB") as visitor:
        visitor.set_default_timeout(PATIENCE)
        yield visitor


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page on which an error of a script, or a refusal by the content policy, fails the test."""
    problems: list[str] = []
    page = context.new_page()
    page.on("pageerror", lambda problem: problems.append(str(problem)))
    page.on("console", lambda line: problems.append(line.text) if "Content Security" in line.text else None)

    yield page

    assert problems == []


@pytest.fixture
def accessible() -> Callable[[Page], None]:
    """Fail unless axe finds nothing on the page as it is now."""
    axe = Axe()

    def look(page: Page) -> None:
        result = axe.run(page)
        assert result.violations_count == 0, f"{page.url}\n{result.generate_report()}"

    return look
