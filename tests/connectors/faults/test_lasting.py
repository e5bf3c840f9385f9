"""Faults that a run cannot get over: nothing is changed, it is said why, and told once."""

import re
from datetime import timedelta
from typing import Any

import pytest

from connectors.models import Account, Connector, SyncRun
from tests.make import make_user

LASTING: dict[str, tuple[dict[str, Any], str]] = {
    "HTML with 200": (
        {"html": True},
        "Coupa answered GET /api/users, but not with data. Is the domain right?",
    ),
    "redirect to sign-in": (
        {"redirect": True},
        "Coupa answered with a redirect (302), never followed. Is the domain right?",
    ),
    "secret rotated": ({"wrong_secret": True}, "Coupa refused the client ID and secret (invalid_client)."),
    "token never accepted": ({"token_fresh_401": 999}, "Coupa refused even a new token"),
    "scope for users lost": (
        {"missing_scope": {"core.user.read"}},
        "The Coupa client may not read users; it needs the scope core.user.read.",
    ),
    "GraphQL refused": ({"graphql_errors": True}, "Coupa refused a GraphQL query: Timeout on field users"),
}


@pytest.mark.parametrize("fault", LASTING)
def test_nothing_is_changed_it_is_said_why_and_the_third_time_one_letter_goes_out(fault, plant):
    habits, sentence = LASTING[fault]
    before = plant.known()
    plant.change()
    plant.time.passed += 3600
    plant.fake.revoke_token()
    plant.fake.misbehave(**habits)

    for failed in range(1, 5):
        run = plant.sync()

        assert plant.ends() == ("failed", "error")
        assert sentence in run.problem
        assert plant.known() == before
        assert [letter.letter for letter in plant.letters()] == (["sync_failing"] if failed >= 3 else [])
    assert sentence in plant.says()
    assert sentence in plant.letters()[0].text

    plant.time.passed += 3600
    plant.fake.behave()
    plant.sync()
    assert plant.ends() == ("done", "connected")
    assert plant.is_true()
    assert len(plant.letters()) == 1
    assert plant.connector.failures == 0


# How often depends on who waits beside: several requests are under way, and share the time.
PASSING: dict[str, tuple[dict[str, Any], str]] = {
    "429": ({"status": (429, 9_999)}, "Coupa answered 429, [2-5] times in a row"),
    "429 with seconds": (
        {"status": (429, 9_999), "retry_after": "120"},
        "Coupa answered 429, once, asking us to wait 120 s",
    ),
    "503": ({"status": (503, 9_999), "status_after": 4}, "Coupa answered 503, [2-5] times in a row"),
    "dropped connection": ({"cut_body": 9_999}, "Coupa did not answer to the end, [2-5] times in a row"),
    "broken answers": (
        {"broken_json": 9_999},
        "Coupa sent a broken answer to GET /api/users, [2-5] times in a row",
    ),
    "repeated pages": ({"repeats": True}, "Coupa keeps sending roles that were read already."),
}


@pytest.mark.parametrize("fault", PASSING)
def test_what_may_pass_is_tried_again_later_and_goes_on(fault, plant):
    habits, sentence = PASSING[fault]
    before = plant.known()
    plant.change()
    plant.fake.misbehave(**habits)

    run = plant.sync()

    assert plant.ends() == ("running", "syncing") or plant.ends() == ("queued", "syncing")
    assert re.match(sentence, run.problem)
    assert run.lease is None
    assert plant.known() == before
    plant.fake.behave()
    plant.work(run)
    assert (plant.ends(), run.problem) == (("done", "connected"), "")
    assert plant.is_true()
    assert plant.letters() == []


def test_what_does_not_pass_ends_after_five_tries_and_is_tried_again_within_the_hour(plant):
    before = plant.known()
    plant.change()
    plant.fake.misbehave(status=(503, 9_999))

    run = plant.sync()
    for _ in range(4):
        assert (plant.ends()[1], run.ended_at) == ("syncing", None)
        plant.work(run)

    assert plant.ends() == ("failed", "error")
    assert re.fullmatch(r"Coupa answered 503, [2-5] times in a row\. Tried 5 times\.", run.problem)
    assert plant.connector.next_run_at - run.ended_at < timedelta(hours=1, minutes=1)
    assert plant.known() == before
    assert plant.letters() == []
    assert run.problem in plant.says()
    plant.fake.behave()
    plant.sync()
    assert plant.ends() == ("done", "connected")
    assert plant.is_true()


@pytest.mark.parametrize("scope", ["core.user_group.read", "core.common.read"])
@pytest.mark.parametrize("way", ["no token with it", "a token, but 403"])
def test_a_lost_scope_is_a_gap_of_its_kind_and_the_others_apply(scope, way, plant):
    kind = {"core.user_group.read": "group", "core.common.read": "role"}[scope]
    before = of_kind(plant.known(), kind)
    plant.change()
    if way == "no token with it":
        plant.fake.withdraw_scopes(scope)
        plant.time.passed += 3600
    else:
        plant.fake.misbehave(missing_scope={scope})

    run = plant.sync()

    assert plant.ends() == ("done", "error")
    assert run.gaps == {kind: run.problem}
    assert scope in run.problem
    assert run.problem in plant.says()
    here = {line["id"] for line in plant.fake.truth() if line["type"] == "account"}
    stayed = [line for line in before if line.get("account_id", "") in {"", *here}]
    assert of_kind(plant.known(), kind) == stayed
    assert others(plant.known(), kind) == others(plant.fake.truth(), kind)
    assert plant.letters() == []

    plant.fake.behave()
    plant.fake.give_scopes(scope)
    plant.sync()
    assert plant.ends() == ("done", "connected")
    assert plant.is_true()


def give_owners(plant):
    """Twenty accounts of which only the e-mail says whose they are."""
    for number in range(20):
        person = make_user(f"Person {number}", email=f"person{number}@meridian.example")
        plant.fake.add_user(f"p{number}", email=person.email, name=f"Account {number}")
    assert plant.sync().status == SyncRun.Status.DONE
    assert Account.objects.filter(person__isnull=False).count() >= 20
    return plant.known()


def of_kind(lines, kind):
    return [line for line in lines if is_of(line, kind)]


def others(lines, kind):
    return [line for line in lines if not is_of(line, kind)]


def is_of(line, kind):
    told = line.get("entitlement_id") or (line["id"] if line["type"] == "entitlement" else "")
    return told.startswith(f"{kind}:")


@pytest.mark.parametrize("fault", ["mass disappearance", "mass deactivation", "blanked e-mails"])
def test_a_loss_too_large_is_held_and_told_once(fault, plant):
    before = give_owners(plant) if fault == "blanked e-mails" else plant.known()
    plant.change()
    many = sorted(plant.fake.tenant.users)[40:90]
    doubts: dict[str, tuple[dict[str, Any], str]] = {
        "mass disappearance": ({}, "would disappear"),
        "mass deactivation": ({"inactive": many}, "would disappear or be disabled"),
        "blanked e-mails": ({"blank_emails": True}, "accounts would lose their owner"),
    }
    habits, sentence = doubts[fault]
    plant.fake.misbehave(**habits)
    away = [plant.fake.tenant.users[user] for user in many] if fault == "mass disappearance" else []
    for user in away:
        plant.fake.tenant.remove_user(user.id)

    run = plant.sync()

    assert plant.ends() == ("held", "held"), run.problem
    assert sentence in run.problem
    assert "Nothing was changed; a person has to confirm or discard it." in run.problem
    assert plant.known() == before
    assert [letter.letter for letter in plant.letters()] == ["sync_held"]
    assert sentence in plant.says()

    plant.fake.behave()
    for user in away:
        plant.fake.tenant.add_user(user)
    plant.discard(run)
    plant.sync()
    assert plant.ends() == ("done", "connected")
    assert plant.is_true()
    assert len(plant.letters()) == 1


@pytest.mark.parametrize("counted", [False, True], ids=["plain", "counted"])
@pytest.mark.parametrize("habit", ["nested_most", "graphql_most"])
def test_a_nested_list_that_is_cut_ends_no_access(habit, counted, plant):
    before = plant.known()
    held = sorted((len(user.groups) for user in plant.fake.tenant.users.values()), reverse=True)
    plant.fake.misbehave(**{habit: held[0] - 1})

    run = plant.sync(counted=counted)

    assert plant.known() == before
    if run.status == SyncRun.Status.FAILED:
        assert "Nothing was changed here" in run.problem
        assert plant.connector.status == Connector.Status.ERROR
    assert plant.letters() == []
    plant.fake.behave()
    plant.sync(counted=counted)
    assert plant.ends() == ("done", "connected")
    assert plant.is_true()
