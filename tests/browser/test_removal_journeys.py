"""From a denial to its proof and to the auditor, by clicking, each in their own browser; Coupa is pretended.

One campaign for all of them: each journey denies a line of its own, the last one ends the campaign.
"""

import csv
import hashlib
import io
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.removing import GRAVE, STAYS
from tests.browser.shots import COOKIE
from tests.browser.steps import A_SYNC, follow
from tests.browser.world import Look, World
from tests.fakes.coupa import FakeCoupa
from tests.fakes.coupa.tenant import held_by
from tests.waiting import wait_until

pytestmark = pytest.mark.browser
LAY_OUT = "from tests.browser import removing; removing.lay_out(%r, %r, %r)"
STATEMENTS = ("complete", "decided", "removed", "kept")
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


def test_denied_access_is_taken_away_in_coupa_and_proven_by_the_next_sync(
    review: Review, seat: Seat, in_every_light: Look
):
    line = review.line("role:3:member", 1)
    others = [each for each in review.lines if each.account == line.account and each != line]
    reviewer = seat("reviewer")
    reviewer.goto(review.at(f"reviews/{review.campaign}/"))
    in_every_light(reviewer)
    deny(reviewer, review, line)
    owner = seat("app_owner")

    confirm(owner, review, in_every_light)
    comes_to(owner, "Proven gone")

    assert not review.holds(line)
    assert all(review.holds(each) for each in others)
    in_every_light(owner)
    administrator = seat("administrator")
    administrator.goto(review.at(f"connectors/{review.connector}/orders/"))
    in_every_light(administrator)
    follow(administrator.get_by_role("table").get_by_role("link").first)
    expect(state(administrator)).to_contain_text("Proven")
    in_every_light(administrator)
    administrator.goto(review.at(f"policies/{review.policy}/"))
    in_every_light(administrator)


def test_a_removal_that_coupa_refuses_is_done_by_hand_and_proven(
    review: Review, seat: Seat, in_every_light: Look
):
    line = review.line(STAYS, 2)
    deny(seat("reviewer"), review, line)
    owner = seat("app_owner")
    confirm(owner, review)
    comes_to(owner, "To be removed by hand")
    expect(owner.locator("main")).to_contain_text("It is known to keep this licence")
    assert review.holds(line)
    in_every_light(owner)

    review.coupa.revoke(line.account, line.access)
    owner.get_by_label("What was done, and where").fill("Taken away in Coupa, on the page of the user")
    follow(owner.get_by_role("button", name="It is done"))

    comes_to(owner, "Proven gone")
    assert review.world.letters.to("grace.kim@meridian.example", "by hand")


def test_access_that_comes_back_alarms_and_its_line_is_open_again(
    review: Review, seat: Seat, in_every_light: Look
):
    line = review.line("role:4:member", 3)
    reviewer, owner = seat("reviewer"), seat("app_owner")
    deny(reviewer, review, line)
    confirm(owner, review)
    comes_to(owner, "Proven gone")

    review.coupa.grant(line.account, line.access)
    sync(seat("administrator"), review)

    comes_to(owner, "Came back")
    in_every_light(owner)
    runs_it = seat("runs_it")
    runs_it.goto(review.of_campaign(f"tasks/{line.number}/"))
    expect(state(runs_it)).to_contain_text("Open")
    expect(runs_it.locator("main")).to_contain_text("Came back after it had been removed.")
    in_every_light(runs_it)
    row = row_of(reviewer, review, line)
    expect(row.get_by_role("button", name=re.compile("^Deny"))).to_be_visible()
    assert review.holds(line)
    assert review.world.letters.to("grace.kim@meridian.example", "back")


def test_a_campaign_is_ended_remedied_signed_off_and_stands_up_to_an_auditor(
    review: Review, seat: Seat, in_every_light: Look, tmp_path: Path
):
    untouched, unsubmitted, grave = (
        review.line("role:3:member", 6),
        review.line("role:4:member", 0),
        review.line(GRAVE, 2),
    )
    decide_most(seat("reviewer"), review, untouched, unsubmitted, grave)

    runs_it = seat("runs_it")
    end(runs_it, review, in_every_light)
    excepted(runs_it, review, untouched, "Nobody decided.")
    excepted(runs_it, review, unsubmitted, "Decided but not submitted, by Mia Torres.")
    signs = seat("signs")
    is_refused(signs, review, in_every_light)
    remedy(seat("app_owner"), review, grave)
    sign_off(signs, review, in_every_light)

    auditor = seat("auditor")
    decides_nothing(auditor, review)
    counts = counts_of(auditor, review, in_every_light)
    files = downloaded(auditor, review, in_every_light, tmp_path)
    assert len(files) == 4
    lines = list(csv.DictReader(io.StringIO(files["csv"].decode("utf-8-sig"))))
    assert Counter(line["Outcome"] for line in lines) == counts
    assert counts["Exception"] == 2
    left_open = {str(each.number) for each in (untouched, unsubmitted)}
    assert {line["Line"] for line in lines if line["Outcome"] == "Exception"} == left_open
    assert not any(line["Decided by"] for line in lines if line["Line"] in left_open)
    denied = [line for line in lines if line["Outcome"] == "Denied"]
    assert {line["Removal: state"] for line in denied} == {"Proven gone"}
    assert all(line["Removal: proven by sync"] for line in denied)


def decide_most(page: Page, review: Review, untouched: Line, unsubmitted: Line, grave: Line) -> None:
    """All but two lines; one of these is only marked."""
    row_of(page, review, grave)
    page.keyboard.press("a")
    for each in (untouched, unsubmitted, grave):
        page.locator(f"#line-{each.number}").get_by_role("checkbox").uncheck()
    page.get_by_label("One reason for all ticked lines").fill("Needed for the work")
    page.get_by_role("button", name="Certify", exact=True).first.click()
    expect(page.locator("#bar")).to_contain_text("3 open")
    mark_denied(page, review, grave)
    submit(page, r"\d+")
    row_of(page, review, unsubmitted).get_by_role("button", name=re.compile("^Certify")).click()
    expect(page.locator("#bar")).to_contain_text("1 open")


def end(page: Page, review: Review, look: Look) -> None:
    page.goto(review.of_campaign())
    look(page)
    follow(page.get_by_role("link", name="End campaign"))
    stats = page.locator(".r-stats li")
    expect(stats).to_have_text(
        [
            re.compile(rf"\s*{number}\s*{words}")
            for number, words in (("2", "open"), ("1", "that"), ("1", "decided"))
        ]
    )
    expect(page.locator("main")).to_contain_text("They become exceptions, whatever you choose below")
    look(page)
    follow(page.get_by_role("button", name="End campaign"))
    comes_to(page, "Remediation")
    look(page)


def excepted(page: Page, review: Review, line: Line, why: str) -> None:
    page.goto(review.of_campaign(f"tasks/{line.number}/"))
    expect(state(page)).to_contain_text("Exception")
    expect(page.locator(".r-head")).to_contain_text(why)


def is_refused(page: Page, review: Review, look: Look) -> None:
    """While a removal is open, nobody looked back at it, and nobody looked at the sample."""
    page.goto(review.of_campaign("sign-off/"))
    for obstacle in (
        "neither proven gone nor an exception",
        "nobody has looked back",
        "still to be looked at",
    ):
        expect(page.locator("main")).to_contain_text(obstacle)
    expect(page.get_by_role("button", name="Sign off")).to_have_count(0)
    look(page)
    token = page.locator("[name=csrfmiddlewaretoken]").first.input_value()
    forged = urlencode([("csrfmiddlewaretoken", token), *(("agreed", each) for each in STATEMENTS)])
    sent = {"Content-Type": "application/x-www-form-urlencoded", "Referer": page.url}
    answer = page.request.post(page.url, data=forged, headers=sent)
    assert answer.status == 409
    assert "neither proven gone nor an exception" in answer.text()


def remedy(page: Page, review: Review, grave: Line) -> None:
    confirm(page, review)
    page.get_by_label("Was it used since it was given?").select_option(label="No")
    page.get_by_label("How it came that it was there").fill("Given with the job before this one")
    page.get_by_label("Is that a deficiency of the control?").select_option(label="No deficiency")
    follow(page.get_by_role("button", name="Keep"))
    comes_to(page, "Proven gone")
    assert not review.holds(grave)


def sign_off(page: Page, review: Review, look: Look) -> None:
    page.goto(review.of_campaign("sign-off/"))
    while page.get_by_role("button", name="The same").first.is_visible():
        if not page.get_by_text("still to be looked at again").is_visible():
            break
        follow(page.get_by_role("button", name="The same").first)
    expect(page.get_by_role("heading", name="Nothing stands in the way")).to_be_visible()
    for box in page.get_by_role("checkbox").all():
        box.check()
    look(page)
    follow(page.get_by_role("button", name="Sign off"))
    expect(state(page)).to_contain_text("Signed off")
    look(page)


def decides_nothing(page: Page, review: Review) -> None:
    """Not where decisions are made, nor where a campaign is ended and signed off."""
    for path, status in ((f"reviews/{review.campaign}/", 404), (f"campaigns/{review.campaign}/close/", 403)):
        answer = page.goto(review.at(path))
        assert answer
        assert answer.status == status
    page.goto(review.of_campaign("sign-off/"))
    expect(page.locator("main").get_by_role("button")).to_have_count(0)
    page.goto(review.of_campaign("removals/"))
    expect(page.locator("main").get_by_role("checkbox")).to_have_count(0)


def counts_of(page: Page, review: Review, look: Look) -> Counter[str]:
    """What the page of the campaign says of its lines, which tie."""
    page.goto(review.of_campaign("removals/"))
    look(page)
    page.goto(review.of_campaign("counts/"))
    expect(page.locator("main")).to_contain_text("The counts tie")
    look(page)
    page.goto(review.of_campaign())
    names = page.locator("[aria-labelledby=h-ring] dt").all_inner_texts()
    numbers = page.locator("[aria-labelledby=h-ring] dd").all_inner_texts()
    found = Counter({name.strip(): int(number) for name, number in zip(names, numbers, strict=True)})
    assert sum(found.values()) == len(review.lines)
    return +found


def downloaded(page: Page, review: Review, look: Look, folder: Path) -> dict[str, bytes]:
    """The final files by their suffixes, each with the SHA-256 that the page names."""
    page.goto(review.of_campaign("evidence/"))

    def are_final() -> bool:
        page.reload()
        return page.get_by_role("table").get_by_text("Final", exact=True).count() == 4

    wait_until(are_final, seconds=PATIENCE, what="the files are made")
    look(page)
    files = {}
    for row in page.locator("tbody tr").all():
        with page.expect_download() as coming:
            row.get_by_role("link", name=re.compile("^Download")).click()
        path = folder / coming.value.suggested_filename
        coming.value.save_as(path)
        content = path.read_bytes()
        assert row.locator("code").inner_text() == hashlib.sha256(content).hexdigest()
        kind = row.get_by_role("rowheader").inner_text().splitlines()[0].strip()
        files[path.suffix[1:] if path.suffix != ".pdf" else kind] = content
    assert files["Memo"].startswith(b"%PDF")
    return files
