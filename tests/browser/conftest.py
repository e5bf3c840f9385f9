"""What journeys stand on: a real instance, and a real Chromium that looks at it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright

from tests.browser.instance import Instance
from tests.browser.launching import TOO_WIDE, launch
from tests.browser.steps import USERS, connect
from tests.browser.world import Look, World
from tests.fakes.coupa import FakeCoupa

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


@pytest.fixture(scope="session")
def tenants() -> dict[str, FakeCoupa]:
    """One for each journey that reads one, so that none disturbs another."""
    names = ("handover", "held", "before", "after", "slow", "reviewed")
    return {name: FakeCoupa(users=USERS, groups=6, roles=5, seed=n) for n, name in enumerate(names, 1)}


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory, tenants: dict[str, FakeCoupa]) -> Iterator[World]:
    """One instance for all journeys that leave others alone."""
    folder = tmp_path_factory.mktemp("company")
    with World(folder, others=tenants.values(), users=USERS, groups=6, roles=5) as everything:
        yield everything


@pytest.fixture(scope="session")
def signed_in(company: World, browser: Browser) -> Any:
    """What the browser of the first administrator keeps."""
    with browser.new_context() as first:
        page = first.new_page()
        company.first_administrator(page)
        return first.storage_state()


@pytest.fixture
def administrator(browser: Browser, signed_in: Any) -> Iterator[BrowserContext]:
    """The first administrator of the company, at an ordinary screen."""
    size: Any = {"width": 1440, "height": 900}
    with browser.new_context(storage_state=signed_in, viewport=size, locale="en-GB") as visitor:
        visitor.set_default_timeout(PATIENCE)
        yield visitor


@pytest.fixture(scope="session")
def coupa(company: World, browser: Browser, signed_in: Any) -> str:
    """The address of a connected connector of an app called Coupa."""
    with browser.new_context(storage_state=signed_in) as first:
        page = first.new_page()
        return connect(company, page, company.coupa, "Coupa")


@pytest.fixture
def good(accessible: Look) -> Look:
    """Fail unless the page is accessible and as wide as the screen, on a desk and on a phone."""

    def look(page: Page) -> None:
        usual = page.viewport_size
        assert usual is not None
        accessible(page)
        page.set_viewport_size({"width": 390, "height": 900})
        assert not page.evaluate(TOO_WIDE), f"{page.url} can be moved sideways on a phone"
        accessible(page)
        page.set_viewport_size(usual)

    return look


@pytest.fixture
def in_every_light(good: Look, accessible: Look) -> Look:
    """As `good`, and accessible in the dark, too."""

    def look(page: Page) -> None:
        good(page)
        page.emulate_media(color_scheme="dark")
        accessible(page)
        page.emulate_media(color_scheme="light")

    return look
