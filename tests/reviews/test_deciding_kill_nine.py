"""Submitting and closing in a process that is killed, again and again, without a last word."""

import sqlite3
from contextlib import closing

import pytest

from tests.reviews.dying_decider import CLOSED, DENIED_EVERY, SUBMITTED, SUBMITTING, UNSUBMITTED
from tests.reviews.killing import answer, begun, ended, heard, own_database

DECIDER = "tests.reviews.dying_decider"
STOPS = (2, 5, 3, 1)
"""After so many stops each closing is killed; the next one goes on from where that left it."""
OF = "(SELECT id FROM reviews_campaign WHERE name = ?)"
pytestmark = pytest.mark.instance


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    database, environment = own_database(tmp_path_factory.mktemp("deciding"))
    ended(environment, DECIDER, "make")
    return database, environment


def killed_after(stops, environment, *words):
    """Kill it when it has stopped so often."""
    with begun(environment, DECIDER, *words) as process:
        for number in range(stops):
            if number:
                answer(process)
            assert heard(process), "It came to its end before."
        process.kill()


def told(database, *questions, name):
    with closing(sqlite3.connect(database)) as known:
        return [known.execute(each, (name,)).fetchall() for each in questions]


def submission(database):
    """Decisions by outcome, lines and turns by status, what is left of the marks, the counters, the trail."""
    return told(
        database,
        f"SELECT outcome, count(*) FROM reviews_decision WHERE campaign_id = {OF} GROUP BY 1 ORDER BY 1",
        f"SELECT status, count(*) FROM reviews_reviewtask WHERE campaign_id = {OF} GROUP BY 1 ORDER BY 1",
        f"SELECT status, count(*) FROM reviews_turn WHERE campaign_id = {OF} GROUP BY 1 ORDER BY 1",
        f"SELECT count(*) FROM reviews_mark WHERE campaign_id = {OF}",
        f"SELECT count(*) FROM reviews_removal WHERE campaign_id = {OF}",
        f"SELECT open, certified, denied FROM reviews_progress WHERE campaign_id = {OF}",
        f"SELECT submitted, accepted FROM reviews_submission WHERE campaign_id = {OF}",
        f"SELECT count(*) FROM core_trailevent WHERE action = 'reviews.submitted' AND object_id = {OF}",
        name="Submitted",
    )


def test_a_submission_that_is_killed_decides_nothing_and_the_next_one_all(made):
    database, environment = made
    before = submission(database)

    for stops in range(1, len(SUBMITTING) + 1):
        killed_after(stops, environment, "submit")
        assert submission(database) == before
    ended(environment, DECIDER, "submit")

    denied = SUBMITTED // DENIED_EVERY
    certified = SUBMITTED - denied
    outcomes = [("certified", certified), ("denied", denied)]
    assert submission(database) == [
        outcomes,
        outcomes,
        [("decided", SUBMITTED)],
        [(0,)],
        [(denied,)],
        [(0, certified, denied)],
        [(SUBMITTED, SUBMITTED)],
        [(1,)],
    ]


def end(database, name):
    return told(
        database,
        "SELECT status, closed_at IS NOT NULL, sample_seed != '' FROM reviews_campaign WHERE name = ?",
        f"SELECT line_no, status, status_reason FROM reviews_reviewtask WHERE campaign_id = {OF} ORDER BY 1",
        f"SELECT t.line_no, d.outcome FROM reviews_decision d JOIN reviews_reviewtask t ON t.id = d.task_id"
        f" WHERE d.campaign_id = {OF} ORDER BY 1",
        f"SELECT count(*) FROM reviews_removal WHERE campaign_id = {OF}",
        f"SELECT count(*) FROM reviews_turn WHERE status = 'open' AND campaign_id = {OF}",
        f"SELECT open FROM reviews_progress WHERE campaign_id = {OF}",
        f"SELECT count(*) FROM reviews_sampledline WHERE campaign_id = {OF}",
        f"SELECT action, count(*) FROM core_trailevent WHERE object_id = {OF} GROUP BY 1 ORDER BY 1",
        name=name,
    )


def test_a_closing_that_is_killed_again_and_again_ends_as_one_that_nobody_disturbed(made):
    database, environment = made

    for stops in STOPS:
        killed_after(stops, environment, "close", "Disturbed")
    ended(environment, DECIDER, "close", "Disturbed")
    ended(environment, DECIDER, "close", "Undisturbed")

    found = end(database, "Disturbed")
    assert found == end(database, "Undisturbed")
    assert found[0] == [("remediation", 1, 1)]
    statuses = [status for _, status, _ in found[1]]
    assert statuses.count("excepted") == UNSUBMITTED
    assert statuses.count("denied") == len(found[2]) == CLOSED - UNSUBMITTED
    assert found[3] == [(CLOSED - UNSUBMITTED,)]
