"""From a denial to its proof and to the auditor, by clicking, each in their own browser; Coupa is pretended.

One campaign for all of them: each journey denies a line of its own, the last one ends the campaign.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser import ending
from tests.browser.cast import Review, Seat, comes_to, confirm, deny, review, row_of, seat, state, sync
from tests.browser.removing import GRAVE, STAYS
from tests.browser.steps import follow
from tests.browser.world import Look

__all__ = ["review", "seat"]
pytestmark = pytest.mark.browser


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


REVIEWER = (
    "reviews/",
    *(f"reviews/{{campaign}}/?view={view}" for view in ("app", "entitlement", "resource", "flat")),
    "reviews/{campaign}/submissions/",
    "reviews/{campaign}/submit/",
    "reviews/{campaign}/stand-in/",
    "reviews/{campaign}/lines/{line}/",
)
RUNS_IT = (
    "campaigns/",
    "campaigns/new/",
    *(
        f"campaigns/{{campaign}}/{page}"
        for page in (
            *("tasks/", "tasks/?status=denied", "tasks/{line}/", "tasks/{line}/reassign/"),
            *("tasks/repair/?do=restart&line={line}:1-open", "submissions/", "counts/", "trail/", "remind/"),
            *("control-owner/", "owners/", "duplicate/", "cancel/", "template/", "instructions/"),
            *("settings/", "schedule/", "scope/", "evidence/roles/"),
        )
    ),
)
ADMINISTRATOR = ("settings/reviews/", "groups/", "policies/", "policies/add/", "policies/preferred/{app}/")


@pytest.mark.parametrize(
    ("who", "paths"), [("reviewer", REVIEWER), ("runs_it", RUNS_IT), ("administrator", ADMINISTRATOR)]
)
def test_the_other_pages_of_a_review_are_for_everybody(
    review: Review, seat: Seat, accessible: Look, who: str, paths: Sequence[str]
):
    page, line = seat(who), review.line("role:3:member", 6).number
    for path in paths:
        reply = page.goto(
            review.at(path.format(campaign=review.campaign, line=line, policy=review.policy, app=review.app))
        )
        assert reply is not None, path
        assert reply.status == HTTPStatus.OK, path
        accessible(page)


def test_a_campaign_is_ended_remedied_signed_off_and_stands_up_to_an_auditor(
    review: Review, seat: Seat, in_every_light: Look, tmp_path: Path
):
    untouched, unsubmitted, grave = (
        review.line("role:3:member", 6),
        review.line("role:4:member", 0),
        review.line(GRAVE, 2),
    )
    ending.decide_most(seat("reviewer"), review, untouched, unsubmitted, grave)

    runs_it = seat("runs_it")
    ending.end(runs_it, review, in_every_light)
    ending.excepted(runs_it, review, untouched, "Nobody decided.")
    ending.excepted(runs_it, review, unsubmitted, "Decided but not submitted, by Mia Torres.")
    signs = seat("signs")
    ending.is_refused(signs, review, in_every_light)
    ending.remedy(seat("app_owner"), review, grave)
    ending.sign_off(signs, review, in_every_light)

    auditor = seat("auditor")
    ending.decides_nothing(auditor, review)
    counts = ending.counts_of(auditor, review, in_every_light)
    files = ending.downloaded(auditor, review, in_every_light, tmp_path)
    assert files.keys() >= {"Memo", "Lines, as CSV", "Lines, as a workbook"}
    lines = list(csv.DictReader(io.StringIO(files["Lines, as CSV"].decode("utf-8-sig"))))
    assert Counter(line["Outcome"] for line in lines) == counts
    assert counts["Exception"] == 2
    left_open = {str(each.number) for each in (untouched, unsubmitted)}
    assert {line["Line"] for line in lines if line["Outcome"] == "Exception"} == left_open
    assert not any(line["Decided by"] for line in lines if line["Line"] in left_open)
    denied = [line for line in lines if line["Outcome"] == "Denied"]
    assert {line["Removal: state"] for line in denied} == {"Proven gone"}
    assert all(line["Removal: proven by sync"] for line in denied)
