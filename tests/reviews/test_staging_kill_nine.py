"""A staging whose process is killed, again and again, without a last word."""

import sqlite3
from contextlib import closing

import pytest

from tests.reviews.dying_stager import HOLDERS
from tests.reviews.killing import begun, ended, heard, own_database

STAGER = "tests.reviews.dying_stager"
STEPS = (1, 3, 4, 7, 5)
"""After so many steps each process is killed; the next one goes on from where that left it."""
pytestmark = pytest.mark.instance


def killed_after(steps, environment):
    """Whether it was still at work when it was killed."""
    with begun(environment, STAGER, "stage", "Disturbed") as process:
        for _ in range(steps):
            if not heard(process):
                break
        was_at_work = process.poll() is None
        process.kill()
    return was_at_work


def test_a_staging_that_is_killed_again_and_again_ends_as_one_that_nobody_disturbed(tmp_path):
    database, environment = own_database(tmp_path)
    ended(environment, STAGER, "make")

    were_at_work = [killed_after(steps, environment) for steps in STEPS]
    assert all(were_at_work[:3])  # a fast machine may be through before the last
    ended(environment, STAGER, "stage", "Disturbed")
    ended(environment, STAGER, "stage", "Undisturbed")

    with closing(sqlite3.connect(database)) as known:
        told = {
            name: (status, lines, routed, digest, asked, progress)
            for name, status, lines, routed, digest, asked, progress in known.execute(
                "SELECT name, status, lines, routed_to, digest,"
                " (SELECT count(*) FROM reviews_turn WHERE campaign_id = c.id),"
                " (SELECT sum(open) FROM reviews_progress WHERE campaign_id = c.id)"
                " FROM reviews_campaign c"
            )
        }
    lines = 2 * HOLDERS
    assert told["Disturbed"] == told["Undisturbed"]
    assert told["Disturbed"][:3] == ("staged", lines, lines)
    assert told["Disturbed"][4:] == (lines, lines)
