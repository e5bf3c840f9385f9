"""The second count reads the same facts in another way, and tells when it cannot."""

import json

import pytest

from connectors.contract import (
    Account,
    Batch,
    CursorExpired,
    DriverError,
    Grant,
    MissingScope,
    NotCounted,
    TransientError,
)
from connectors.drivers.coupa import gather, lanes, recount
from tests.connectors.drivers.conftest import KINDS
from tests.fakes.coupa import FakeCoupa


def counted(batches: list[Batch]) -> set[tuple[str, ...]]:
    """Accounts by id, and grants."""
    told: set[tuple[str, ...]] = set()
    for batch in batches:
        for record in batch.records:
            if isinstance(record, Account):
                told.add((record.id,))
            elif isinstance(record, Grant):
                told.add((record.account_id, record.entitlement_id))
    return told


def truth(fake: FakeCoupa) -> set[tuple[str, ...]]:
    lines = fake.truth()
    accounts = {(line["id"],) for line in lines if line["type"] == "account"}
    return accounts | {
        (line["account_id"], line["entitlement_id"]) for line in lines if line["type"] == "grant"
    }


def asked(fake: FakeCoupa, word: str) -> int:
    return sum(word in one.target for one in fake.requests)


@pytest.mark.parametrize(("users", "groups", "roles"), [(330, 25, 60), (50, 4, 3), (1, 0, 0)])
def test_the_second_count_equals_the_truth(users, groups, roles, drive):
    with FakeCoupa(users=users, groups=groups, roles=roles) as fake:
        batches = list(drive(fake).recount(KINDS))

        assert counted(batches) == truth(fake)
        assert sorted(batches[-1].complete) == sorted(KINDS)
        assert batches[-1].gaps == {}
        assert sum(len(batch.calls) for batch in batches) == len(fake.requests)


def test_it_asks_graphql_for_users_where_the_walk_asks_rest(fake, drive):
    list(drive(fake).recount(KINDS))

    assert asked(fake, "/api/graphql") >= 6
    assert asked(fake, "/api/roles") == asked(fake, "/api/user_groups") == 0


def test_walk_and_second_count_of_five_thousand_users_take_at_most_240_requests(drive):
    with FakeCoupa(users=5_000, groups=60, roles=40) as fake:
        driver = drive(fake)
        list(driver.walk(KINDS))
        batches = list(driver.recount(KINDS))

        assert counted(batches) == truth(fake)
        assert len(fake.requests) <= 240


def test_it_says_the_same_silence_as_the_walk(fake, drive):
    first, second = sorted(fake.tenant.users)[:2]
    fake.hush(str(first), "travel-user", "aic-user")
    fake.hush(str(second), "intake-user", missing=True)

    walked = {pair for batch in drive(fake).walk(KINDS) for pair in batch.silent}
    told = {pair for batch in drive(fake).recount(KINDS) for pair in batch.silent}

    assert Grant(str(second), "license:intake-user:assigned") in told
    assert told == walked


@pytest.mark.parametrize(
    "habits",
    [
        {"shuffle": True},
        {"graphql_empty_once": True},
        {"status": (503, 3)},
        {"status": (429, 1), "retry_after": "1", "status_after": 6},
        {"broken_json": 2},
        {"cut_body": 2},
        {"token_fresh_401": 2},
    ],
)
def test_a_bad_day_changes_nothing_in_what_is_counted(habits, fake, drive):
    fake.misbehave(**habits)

    assert counted(list(drive(fake).recount(KINDS))) == truth(fake)


def test_errors_count_even_beside_data(fake, drive):
    fake.misbehave(graphql_errors=True)

    with pytest.raises(DriverError, match="Timeout on field users"):
        list(drive(fake).recount(KINDS))


def test_a_cut_list_shows_as_a_difference_to_the_walk(fake, drive):
    """One user is in every group: more than a nested list might bring."""
    fake.misbehave(graphql_most=3)

    assert counted(list(drive(fake).recount(KINDS))) < truth(fake)


def test_going_on_from_any_cursor_counts_the_same_and_repeats_nothing(drive, monkeypatch):
    monkeypatch.setattr(gather, "SIZE", 1)
    monkeypatch.setattr(lanes, "FAR", 40)
    with FakeCoupa(users=330, groups=6, roles=6) as fake:
        whole = list(drive(fake).recount(KINDS))
        assert max(len(json.loads(batch.cursor)["lanes"]) for batch in whole) == lanes.LANES

        for place, batch in enumerate(whole):
            rest = list(drive(fake).recount(KINDS, batch.cursor))

            assert counted(rest) == counted(whole[place + 1 :])
            assert counted([*whole[: place + 1], *rest]) == truth(fake)


def test_what_was_counted_before_trouble_is_handed_over_first(fake, drive):
    fake.misbehave(status=(503, 99), status_after=6)
    batches: list[Batch] = []

    with pytest.raises(TransientError):
        batches.extend(drive(fake).recount(KINDS))

    fake.behave()
    assert counted([*batches, *drive(fake).recount(KINDS, batches[-1].cursor)]) == truth(fake)
    assert counted(batches)


@pytest.mark.parametrize("status", [403, 404, 405, 501])
def test_without_graphql_users_are_read_in_the_shape_coupa_gives_them_unasked(status, fake, drive):
    fake.misbehave(graphql_status=status)

    batches = list(drive(fake).recount(KINDS))

    newer = {"invoicing-user", "clm-advanced-user", "intake-user", "coupa-navi-ai-agent-user"}
    untold = {pair for pair in truth(fake) if pair[-1].split(":")[1:2] and pair[-1].split(":")[1] in newer}
    assert counted(batches) == truth(fake) - untold
    assert {(pair.account_id, pair.entitlement_id) for batch in batches for pair in batch.silent} >= untold
    told = [note.text for note in batches[0].notes]
    assert any("no GraphQL" in text for text in told)
    assert any("leaves these licences out" in text and "Intake" in text for text in told)


@pytest.mark.parametrize("key", ["roles", "user-groups"])
def test_without_graphql_and_without_lists_nothing_is_counted(key, fake, drive):
    fake.misbehave(graphql_status=404, default_without=[key])

    with pytest.raises(NotCounted, match="one way only"):
        list(drive(fake).recount(KINDS))


def test_a_graphql_that_fails_otherwise_is_an_error_and_no_reason_to_count_less(fake, drive):
    fake.misbehave(graphql_status=400)

    with pytest.raises(DriverError, match="400"):
        list(drive(fake).recount(KINDS))


def test_licences_that_graphql_does_not_know_are_silent_and_the_others_counted(fake, drive):
    fake.misbehave(graphql_unknown=["travelUser", "fleetUser"])

    batches = list(drive(fake).recount(KINDS))

    unknown = {"license:travel-user:assigned", "license:fleet-user:assigned"}
    assert counted(batches) == {pair for pair in truth(fake) if pair[-1] not in unknown}
    everybody = {Grant(str(user), entitlement) for user in fake.tenant.users for entitlement in unknown}
    assert everybody <= {pair for batch in batches for pair in batch.silent}
    assert "Fleet, Travel" in " ".join(note.text for note in batches[0].notes)


def test_a_list_that_graphql_refuses_is_a_gap_and_the_others_are_counted(fake, drive):
    fake.misbehave(graphql_unknown=["userGroups"])

    batches = list(drive(fake).recount(KINDS))

    assert "userGroups" in batches[-1].gaps["group"]
    assert set(batches[-1].complete) == set(KINDS) - {"group"}
    assert counted(batches) == {pair for pair in truth(fake) if not pair[-1].startswith("group:")}


def test_a_client_that_may_not_read_users_counts_nothing(fake, drive):
    fake.misbehave(missing_scope={"core.user.read"})

    with pytest.raises(MissingScope, match=r"core\.user\.read"):
        list(drive(fake).recount(KINDS))


def test_only_the_kinds_asked_for_are_counted(fake, drive):
    batches = list(drive(fake).recount(["user", "role"]))

    kinds = {pair[1].partition(":")[0] for pair in counted(batches) if len(pair) == 2}
    assert kinds == {"role"}
    assert set(batches[-1].complete) == {"user", "role"}


@pytest.mark.parametrize(
    "cursor", ["{", "[]", '{"v":1}', '{"v":2,"recount":"rest"}', '{"v":1,"recount":"x"}']
)
def test_a_cursor_not_understood_starts_the_count_over(cursor, fake, drive):
    with pytest.raises(CursorExpired):
        list(drive(fake).recount(KINDS, cursor))


def test_the_cursor_of_a_walk_is_not_one_of_a_count(fake, drive):
    *_, last = drive(fake).walk(KINDS)

    with pytest.raises(CursorExpired):
        list(drive(fake).recount(KINDS, last.cursor))


def test_nothing_comes_after_the_last_cursor(fake, drive):
    *_, last = drive(fake).recount(KINDS)

    assert list(drive(fake).recount(KINDS, last.cursor)) == []


@pytest.mark.parametrize(
    ("flag", "spelled"),
    [("travel-user", "travelUser"), ("coupa-navi-ai-agent-user", "coupaNaviAiAgentUser"), ("roles", "roles")],
)
def test_graphql_spells_names_with_humps(flag, spelled):
    assert recount.camel(flag) == spelled


def test_granted_is_what_the_token_in_use_tells(fake, drive):
    driver = drive(fake)
    assert driver.granted() is None

    driver.read(str(min(fake.tenant.users)))

    assert "core.user.read" in driver.granted()
