"""Faults that a run gets over by itself: right in the end, nothing said, no letter."""

import pytest

from connectors.drivers.coupa import gather
from connectors.sync import store

DONE = ("done", "connected")


def pages(habit: str) -> list[object]:
    return [pytest.param({habit: page}, id=f"{habit} {page}") for page in (2, 4, 7, 9, 11)]


@pytest.mark.parametrize(
    "habits",
    [
        *pages("drop_row"),
        *pages("repeat_page"),
        *pages("empty_page_once"),
        pytest.param({"most_rows": 7}, id="short pages"),
        pytest.param({"shuffle": True}, id="rows in any order"),
        pytest.param({"status": (429, 3), "status_after": 4}, id="429 without a time"),
        pytest.param({"status": (429, 2), "status_after": 4, "retry_after": "2"}, id="429 with seconds"),
        pytest.param({"status": (429, 2), "retry_after": "soon"}, id="429 with nonsense"),
        pytest.param(
            {"status": (429, 2), "retry_after": "Thu, 01 Jan 2026 00:00:00 GMT"}, id="429 with a date gone by"
        ),
        *(
            pytest.param({"status": (status, 3), "status_after": 5}, id=str(status))
            for status in (408, 500, 502, 503, 504)
        ),
        pytest.param({"cut_body": 2}, id="connection dropped in an answer"),
        pytest.param({"broken_json": 2}, id="broken answer"),
        pytest.param({"graphql_empty_once": True}, id="an empty proof"),
    ],
)
@pytest.mark.parametrize("counted", [False, True], ids=["plain", "counted"])
def test_a_run_gets_over_it(habits, counted, plant):
    plant.change()
    plant.fake.misbehave(**habits)

    run = plant.sync(counted=counted)

    assert (plant.ends(), run.problem) == (DONE, "")
    assert plant.is_true()
    assert plant.letters() == []


def test_an_expired_token_is_renewed(plant):
    plant.change()
    plant.time.passed += 3600
    plant.fake.revoke_token()

    run = plant.sync()

    assert (plant.ends(), run.problem) == (DONE, "")
    assert plant.is_true()
    assert plant.letters() == []


def test_a_token_too_fresh_is_waited_for(plant):
    plant.change()
    plant.fake.revoke_token()
    plant.time.passed += 3600
    plant.fake.misbehave(token_fresh_401=2)

    assert plant.sync().problem == ""

    assert plant.ends() == DONE
    assert plant.is_true()
    assert sum(plant.time.slept) >= 5


@pytest.mark.parametrize("minutes", [-7, 7], ids=["behind", "ahead"])
def test_a_clock_that_is_minutes_off_changes_nothing(minutes, plant):
    plant.change()
    plant.time.passed += minutes * 60
    plant.fake.misbehave(status=(429, 1), status_after=3, retry_after="2")

    plant.sync()

    assert plant.ends() == DONE
    assert plant.is_true()
    assert sum(plant.time.slept) < 10


@pytest.mark.parametrize("counted", [False, True], ids=["plain", "counted"])
def test_what_changes_during_the_walk_is_right_by_the_next_run(counted, plant, monkeypatch):
    monkeypatch.setattr(gather, "SIZE", 1)
    before = plant.known()
    users = [line["id"] for line in before if line["type"] == "account"]
    lay_aside, step = store.lay_aside, iter(range(1, 1_000))

    def and_something_happens(*given, **further):
        lay_aside(*given, **further)
        at = next(step)
        if at <= 4:
            plant.fake.grant(plant.fake.add_user(f"meanwhile.{at}", name=f"Mean While {at}"), "role:2:member")
            plant.fake.remove_user(users[at * 3])
            plant.fake.grant(users[-at], "role:5:member")
            plant.fake.revoke(users[-at - 20], "role:3:member")

    monkeypatch.setattr(store, "lay_aside", and_something_happens)
    run = plant.sync(counted=counted)
    ends, meanwhile = plant.ends(), plant.known()
    monkeypatch.setattr(store, "lay_aside", lay_aside)

    touched = {line["id"] for line in plant.fake.truth() if "mean" in str(line.get("login"))}
    touched |= {users[at * 3] for at in range(1, 5)} | {users[-at] for at in range(1, 5)}
    touched |= {users[-at - 20] for at in range(1, 5)}
    assert ends == DONE, run.problem
    assert untouched(meanwhile, touched) == untouched(plant.fake.truth(), touched)
    plant.sync()
    assert plant.ends() == DONE
    assert plant.is_true()
    assert plant.letters() == []


def untouched(lines, touched):
    return [line for line in lines if line.get("account_id", line.get("id", "")) not in touched]
