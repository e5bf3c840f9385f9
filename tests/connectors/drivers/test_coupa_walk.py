"""The walk through the pretend Coupa tells the truth, on good days and bad."""

import pytest

from connectors.contract import (
    Account,
    BadCredentials,
    Batch,
    CursorExpired,
    DriverError,
    Grant,
    MissingScope,
    Resource,
    TransientError,
)
from connectors.drivers.coupa import gather, position
from tests.connectors.drivers.conftest import KINDS, as_lines
from tests.fakes.coupa import FakeCoupa
from tests.fakes.coupa.people import LICENCES


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize(("users", "groups", "roles"), [(330, 25, 60), (50, 4, 3), (1, 0, 0)])
def test_the_walk_equals_the_truth(seed, users, groups, roles, drive):
    with FakeCoupa(users=users, groups=groups, roles=roles, seed=seed) as fake:
        batches = list(drive(fake).walk(KINDS))

        assert as_lines(batches) == fake.truth()
        assert sorted(batches[-1].complete) == sorted(KINDS)
        assert [batch.complete for batch in batches[:-1]] == [()] * (len(batches) - 1)


def test_five_thousand_users_take_at_most_124_requests(drive):
    with FakeCoupa(users=5_000, groups=60, roles=40) as fake:
        batches = list(drive(fake).walk(KINDS))

        grants = sum(isinstance(record, Grant) for batch in batches for record in batch.records)
        assert 43_000 < grants < 47_000
        assert len(fake.requests) <= 124
        assert sum(len(batch.calls) for batch in batches) == len(fake.requests)
        assert all(len(batch.calls) <= gather.MOST_CALLS for batch in batches)


@pytest.mark.parametrize(
    "habits",
    [
        {"shuffle": True},
        {"empty_page_once": 1},
        {"empty_page_once": 5},
        {"empty_page_once": 9},
        {"repeat_page": 3},
        {"repeat_page": 8},
        {"status": (503, 3)},
        {"status": (429, 2), "retry_after": "1"},
        {"status": (502, 1), "retry_after": "nonsense"},
        {"broken_json": 2},
        {"cut_body": 2},
        {"token_fresh_401": 2},
        {"shuffle": True, "repeat_page": 4, "status": (504, 1), "cut_body": 1},
    ],
)
def test_a_bad_day_changes_nothing_in_what_is_read(habits, fake, drive):
    fake.misbehave(**habits)

    assert as_lines(drive(fake).walk(KINDS)) == fake.truth()


@pytest.mark.parametrize(
    ("habits", "error", "sentence"),
    [
        ({"html_once": True}, DriverError, "not with data"),
        ({"wrong_type_once": True}, DriverError, "not with data"),
        ({"object_once": True}, DriverError, "a list of records was expected"),
        ({"redirect": True}, DriverError, "redirect"),
        ({"status": (503, 99)}, TransientError, "503"),
        ({"broken_json": 99}, TransientError, "broken answer"),
        ({"cut_body": 99}, TransientError, "did not answer"),
        ({"wrong_secret": True}, BadCredentials, "refused the client ID and secret"),
        ({"token_fresh_401": 99}, BadCredentials, "even a new token"),
        ({"missing_scope": {"core.user.read"}}, MissingScope, r"users; it needs the scope core\.user\.read"),
    ],
)
def test_what_is_no_answer_is_an_error_and_never_an_empty_result(habits, error, sentence, fake, drive):
    fake.misbehave(**habits)

    with pytest.raises(error, match=sentence):
        list(drive(fake).walk(KINDS))


def test_each_scope_the_client_lacks_is_named_in_the_gap_of_its_kind(drive):
    given = frozenset({"core.user.read", "email", "login", "openid", "profile"})
    with FakeCoupa(users=5, scopes=given) as fake:
        batches = list(drive(fake).walk(KINDS))

    gaps = batches[-1].gaps
    assert gaps.keys() == {"role", "group"}
    assert "core.common.read" in gaps["role"]
    assert "core.user_group.read" in gaps["group"]


@pytest.mark.parametrize(("kind", "scope"), [("role", "core.common.read"), ("group", "core.user_group.read")])
def test_a_kind_that_may_not_be_read_is_a_gap_and_the_others_go_on(kind, scope, fake, drive):
    fake.misbehave(missing_scope={scope})

    batches = list(drive(fake).walk(KINDS))

    assert scope in batches[-1].gaps[kind]
    assert set(batches[-1].complete) == set(KINDS) - {kind}
    expected = [line for line in fake.truth() if kind not in (line.get("entitlement_id") or line["id"])]
    assert as_lines(batches) == [line for line in expected if line.get("resource_type") != kind]


def test_going_on_from_any_cursor_tells_the_same_truth_and_repeats_nothing(drive, monkeypatch):
    monkeypatch.setattr(gather, "SIZE", 0)
    with FakeCoupa(users=120, groups=55, roles=55) as fake:
        whole = list(drive(fake).walk(KINDS))
        assert len(whole) > 9

        for place, batch in enumerate(whole):
            rest = list(drive(fake).walk(KINDS, batch.cursor))

            assert [one.records for one in rest] == [one.records for one in whole[place + 1 :]]
            assert as_lines([*whole[: place + 1], *rest]) == fake.truth()


def test_what_was_read_before_trouble_is_handed_over_first(fake, drive):
    asked_side_by_side = 12  # before the second page of users, in an order that nothing decides
    fake.misbehave(status=(503, 99), status_after=asked_side_by_side + 1)
    batches: list[Batch] = []

    with pytest.raises(TransientError):
        batches.extend(drive(fake).walk(KINDS))

    fake.behave()
    assert [type(record) for record in batches[-1].records if isinstance(record, Account)]
    assert as_lines([*batches, *drive(fake).walk(KINDS, batches[-1].cursor)]) == fake.truth()


def test_a_token_that_ends_in_the_middle_is_renewed(fake, drive, monkeypatch):
    monkeypatch.setattr(gather, "SIZE", 1)
    batches = []

    for batch in drive(fake).walk(KINDS):
        batches.append(batch)
        fake.revoke_token()

    assert as_lines(batches) == fake.truth()


def test_a_role_made_after_the_roles_were_listed_comes_with_its_first_holder(fake, drive, monkeypatch):
    monkeypatch.setattr(gather, "SIZE", 1)
    batches = []
    made = ""

    for batch in drive(fake).walk(KINDS):
        batches.append(batch)
        if any(isinstance(record, Account) for record in batch.records) and not made:
            made = fake.add_role("Night Buyer")
            last = str(max(int(line["id"]) for line in fake.truth() if line["type"] == "account"))
            fake.grant(last, f"role:{made}:member")

    assert as_lines(batches) == fake.truth()


def test_everybody_is_read_and_marked_as_coupa_marks_them(fake, drive):
    accounts = [
        record for batch in drive(fake).walk(KINDS) for record in batch.records if isinstance(record, Account)
    ]

    assert {mark for account in accounts for mark in account.marks} == {"api", "supplier", "support"}
    assert {account.status_word for account in accounts} == {"active", "inactive"}
    assert "000042" in {account.employee_id for account in accounts}
    assert "" in {account.employee_id for account in accounts}
    assert accounts[9].profile["department"]
    assert accounts[9].profile["manager"]


def test_projects_and_inactive_groups_are_told_apart(fake, drive):
    groups = {
        record.name: record.profile
        for batch in drive(fake).walk(KINDS)
        for record in batch.records
        if isinstance(record, Resource) and record.kind == "group"
    }

    assert groups["Project Polaris"]["type"] == "Project"
    assert groups["Old committee"]["active"] is False
    assert {"buyers", "Buyers"} <= groups.keys()


def silent(batches: list[Batch]) -> set[Grant]:
    return {pair for batch in batches for pair in batch.silent}


def warnings(batches: list[Batch]) -> list[str]:
    return [note.text for batch in batches for note in batch.notes if note.level == "warn"]


@pytest.mark.parametrize("missing", [False, True], ids=["null", "missing"])
def test_a_licence_told_as_null_or_not_at_all_is_silent_and_said_once(missing, drive):
    with FakeCoupa(users=9) as fake:
        first, second = sorted(fake.tenant.users)[:2]
        fake.grant(str(first), "license:travel-user:assigned")
        fake.hush(str(first), "travel-user", "aic-user", missing=missing)
        fake.hush(str(second), "travel-user", missing=missing)

        batches = list(drive(fake).walk(KINDS))

        told = [(first, "aic-user"), (first, "travel-user"), (second, "travel-user")]
        assert silent(batches) == {Grant(str(user), f"license:{flag}:assigned") for user, flag in told}
        assert not [record for batch in batches for record in batch.records if record in batch.silent]
        assert "".join(warnings(batches)) == (
            "Coupa did not tell whether these are held, so none of them was ended:"
            " AI Spend Classification of 1 user, Travel of 2 users."
        )
        assert "license" in batches[-1].complete


@pytest.mark.parametrize("flag", ["travel-user", "intake-user", "fleet-user"])
@pytest.mark.parametrize("missing", [False, True], ids=["null", "missing"])
def test_a_licence_the_first_user_is_silent_about_is_still_the_tenants(missing, flag, fake, drive):
    fake.hush(str(min(fake.tenant.users)), flag, missing=missing)

    batches = list(drive(fake).walk(KINDS))

    named = {record.id for batch in batches for record in batch.records if isinstance(record, Resource)}
    assert flag in named


def test_a_licence_null_for_everybody_is_silent_for_everybody(fake, drive):
    for user in fake.tenant.users:
        fake.hush(str(user), "intake-user")

    batches = list(drive(fake).walk(KINDS))

    entitlement = "license:intake-user:assigned"
    named = {getattr(record, "id", "") for batch in batches for record in batch.records}
    assert silent(batches) == {Grant(str(user), entitlement) for user in fake.tenant.users}
    assert entitlement in named


def test_silent_pairs_come_with_their_account_and_survive_in_the_cursor(fake, drive, monkeypatch):
    monkeypatch.setattr(gather, "SIZE", 1)
    whole = list(drive(fake).walk(KINDS))

    for place, batch in enumerate(whole):
        rest = list(drive(fake).walk(KINDS, batch.cursor))

        accounts = {record.id for record in batch.records if isinstance(record, Account)}
        assert {pair.account_id for pair in batch.silent} <= accounts
        assert [one.silent for one in rest] == [one.silent for one in whole[place + 1 :]]
        assert warnings([*whole[: place + 1], *rest]) == warnings(whole)
    assert silent(whole)
    assert len(warnings(whole)) == 1


def test_a_batch_is_bounded_though_all_of_it_is_silent(fake, drive, monkeypatch):
    monkeypatch.setattr(gather, "SIZE", 60)
    for user in fake.tenant.users.values():
        user.roles, user.groups, user.flags = set(), set(), set()
        fake.hush(str(user.id), "travel-user", "fleet-user")

    batches = list(drive(fake).walk(KINDS))

    assert max(len(batch.silent) for batch in batches) == 100


def test_a_tenant_that_shows_no_licence_at_all_loses_none(drive):
    with FakeCoupa(users=9) as fake:
        for user in fake.tenant.users:
            fake.hush(str(user), *LICENCES, missing=True)

        *_, last = drive(fake).walk(KINDS)

        assert "stay as they are" in last.gaps["license"]
        assert set(last.complete) == set(KINDS) - {"license"}


def test_a_licence_taken_away_is_neither_held_nor_silent(fake, drive):
    account = str(min(fake.tenant.users))
    fake.revoke(account, "license:travel-user:assigned")

    batches = list(drive(fake).walk(KINDS))

    pair = Grant(account, "license:travel-user:assigned")
    assert pair not in silent(batches)
    assert pair not in {record for batch in batches for record in batch.records if isinstance(record, Grant)}


def test_only_the_kinds_asked_for_are_read(fake, drive):
    batches = list(drive(fake).walk(["user", "role"]))

    kinds = {line["resource_type"] for line in as_lines(batches) if line["type"] == "entitlement"}
    assert kinds == {"role"}
    assert set(batches[-1].complete) == {"user", "role"}
    assert not [asked for asked in fake.requests if "user_groups" in asked.target.split("?")[0]]


@pytest.mark.parametrize("cursor", ["{", "[]", '{"v":1}', '{"v":3,"stage":"moon"}', '{"v":3,"stage":"user"}'])
def test_a_cursor_not_understood_starts_the_run_over(cursor, fake, drive):
    with pytest.raises(CursorExpired):
        list(drive(fake).walk(KINDS, cursor))


@pytest.mark.parametrize("ids", [set(), {1}, {1, 2, 3}, {0, 1, 5, 7, 8, 9, 10100}])
def test_spans_keep_every_id(ids):
    assert position.unspans(position.spans(ids)) == ids
