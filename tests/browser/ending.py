"""The end of the review of `removing`, step by step: ended, remedied, signed off, handed to the auditor."""

import hashlib
import re
from collections import Counter
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import Page, expect

from tests.browser.cast import PATIENCE, Line, Review, comes_to, confirm, mark_denied, row_of, state, submit
from tests.browser.steps import follow
from tests.browser.world import Look
from tests.waiting import wait_until

FILES = 7
"""Kinds that are made at the sign-off."""
STATEMENTS = ("complete", "decided", "removed", "kept")


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
    while page.get_by_text("still to be looked at again").is_visible():
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
    """The final files by their names, each with the SHA-256 that the page tells. Those that were made at the
    closing stay beside them, as interim."""
    page.goto(review.of_campaign("evidence/"))
    final = page.locator("tbody tr").filter(has=page.get_by_text("Final", exact=True))

    def are_made() -> bool:
        page.reload()
        return final.count() == FILES

    wait_until(are_made, seconds=PATIENCE, what="the files are made")
    look(page)
    files = {}
    for row in final.all():
        with page.expect_download() as coming:
            row.get_by_role("link", name=re.compile("^Download")).click()
        path = folder / coming.value.suggested_filename
        coming.value.save_as(path)
        content = path.read_bytes()
        assert hashlib.sha256(content).hexdigest() in row.inner_html()
        files[row.get_by_role("rowheader").inner_text().splitlines()[0].strip()] = content
    assert files["Memo"].startswith(b"%PDF")
    return files
