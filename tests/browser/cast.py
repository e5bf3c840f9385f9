"""Those who take part in the review of `removing`, each in their own browser, and what they do there."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.shots import COOKIE
from tests.browser.steps import A_SYNC, follow
from tests.browser.world import Look, World
from tests.fakes.coupa import FakeCoupa
from tests.fakes.coupa.tenant import held_by
from tests.waiting import wait_until

LAY_OUT = "from tests.browser import removing; removing.lay_out(%r, %r, %r)"
PATIENCE = 60  # seconds for workers


@dataclass(frozen=True)
class Line:
    number: int
    account: str
    access: str


@dataclass(frozen=True)
class Review:
    """What a journey needs to know of the campaign, and the Coupa it is about."""

    world: World
    campaign: str
    connector: str
    app: str
    policy: str
    sessions: dict[str, str]
    lines: list[Line]

    @property
    def coupa(self) -> FakeCoupa:
        return self.world.coupa

    def at(self, path: str) -> str:
        return f"{self.world.url}/{path}"

    def of_campaign(self, path: str = "") -> str:
        return self.at(f"campaigns/{self.campaign}/{path}")

    def line(self, access: str, place: int = 0) -> Line:
        return [each for each in self.lines if each.access == access][place]

    def holds(self, line: Line) -> bool:
        return line.access in held_by(self.coupa.tenant.users[int(line.account)])


@pytest.fixture(scope="module")
def review(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Review]:
    folder = tmp_path_factory.mktemp("removing")
    with World(folder, users=7, groups=1, roles=4, seed=3) as world:
        coupa = world.coupa
        words = LAY_OUT % (coupa.url, coupa.client_id, coupa.client_secret)
        done = world.instance.manage("shell", "-v", "0", "-c", words)
        assert done.returncode == 0, done.stderr
        told = json.loads(done.stdout)
        lines = [Line(**each) for each in told.pop("lines")]
        yield Review(world=world, lines=lines, **told)


type Seat = Callable[[str], Page]


@pytest.fixture
def seat(browser: Browser, review: Review) -> Iterator[Seat]:
    """A page for somebody of the cast. An error of a script, or a refusal by the content policy, fails."""
    problems: list[str] = []
    with ExitStack() as visits:

        def sit(who: str) -> Page:
            known = visits.enter_context(
                browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB")
            )
            known.add_cookies([{"name": COOKIE, "value": review.sessions[who], "url": review.world.url}])
            known.set_default_timeout(20_000)
            page = known.new_page()
            page.on("pageerror", lambda problem: problems.append(str(problem)))
            page.on(
                "console",
                lambda line: problems.append(line.text) if "Content Security" in line.text else None,
            )
            return page

        yield sit
    assert problems == []


def state(page: Page) -> Locator:
    """The head of a page: what it is, and how it stands."""
    return page.locator(".r-head__row")


def comes_to(page: Page, words: str) -> None:
    """Wait until its head says so, looking again and again."""

    def says() -> bool:
        page.reload()
        return words in state(page).inner_text()

    wait_until(says, seconds=PATIENCE, what=f"{page.url} says {words!r}")


def row_of(page: Page, review: Review, line: Line) -> Locator:
    page.goto(review.at(f"reviews/{review.campaign}/?view=flat"))
    return page.locator(f"#line-{line.number}")


def mark_denied(page: Page, review: Review, line: Line) -> None:
    row = row_of(page, review, line)
    row.get_by_role("button", name=re.compile("^Deny")).click()
    page.locator(f"#reason-{line.number}").fill("Moved to another team")
    page.locator(f"#reason-{line.number}").press("Enter")
    expect(page.locator(f"#line-{line.number}.is-deny")).to_be_visible()
    expect(page.locator("#bar")).not_to_contain_text("a reason")


def submit(page: Page, certified: str) -> None:
    follow(page.get_by_role("link", name=re.compile(r"^Submit \d+ decision")))
    follow(page.get_by_role("button", name=re.compile(r"^Submit \d+ decision")))
    expect(page.get_by_text(re.compile(rf"Submitted: {certified} certified, 1 denied\."))).to_be_visible()


def deny(page: Page, review: Review, line: Line) -> None:
    mark_denied(page, review, line)
    submit(page, "0")


def confirm(page: Page, review: Review, look: Look | None = None) -> None:
    """The owner of the app opens what waits and confirms it."""
    page.goto(review.at("reviews/removals/"))
    if look:
        look(page)
    follow(page.get_by_role("table").get_by_role("link").first)
    if look:
        look(page)
    follow(page.get_by_role("button", name="Confirm the removal"))


def sync(page: Page, review: Review) -> None:
    page.goto(review.at(f"connectors/{review.connector}/"))
    page.get_by_role("button", name="Sync now").click()
    expect(page.get_by_role("heading", name="Connected")).to_be_visible(timeout=A_SYNC)
