"""The few cheap calls, the proof, and one account; and text that no database keeps."""

import pytest

from connectors.contract import Account, BadCredentials, DriverError, Grant, MissingScope
from connectors.drivers.coupa import SPEC, shapes
from connectors.drivers.coupa.licences import is_licence, name
from tests.fakes.coupa import FakeCoupa
from tests.fakes.coupa.filters import BadQuery
from tests.fakes.coupa.render import parse_fields


def holders_in_truth(fake: FakeCoupa, entitlement: str) -> set[str]:
    return {line["account_id"] for line in fake.truth() if line.get("entitlement_id") == entitlement}


def test_check_makes_a_few_calls_and_tells_what_was_granted(fake, drive):
    check = drive(fake).check()

    assert [call.kind for call in check.calls] == ["token", "user", "role", "group"]
    assert check.needed == SPEC.scopes({"mode": "read"})
    assert check.granted is not None
    assert set(check.granted) == set(check.needed)


def test_check_names_every_scope_that_is_lacking(fake, drive):
    fake.misbehave(missing_scope={"core.common.read", "core.user_group.read"})

    with pytest.raises(MissingScope, match=r"core\.common\.read.*core\.user_group\.read"):
        drive(fake).check()


def test_check_says_each_refusal_once(drive):
    with (
        FakeCoupa(users=3, scopes=frozenset({"core.user.read"})) as fake,
        pytest.raises(MissingScope) as caught,
    ):
        drive(fake).check()

    assert str(caught.value).count("has not been given") == 1


def test_check_says_that_the_secret_is_wrong_and_not_what_it_is(fake, drive):
    with pytest.raises(BadCredentials) as caught:
        drive(fake, secret="canary").check()

    assert "canary" not in str(caught.value)
    assert len(fake.requests) == 1


def test_a_read_only_client_works_and_read_write_mode_asks_for_more(drive):
    with FakeCoupa(users=3, scopes=frozenset(SPEC.scopes({"mode": "read"}))) as fake:
        assert drive(fake).check().calls

        with pytest.raises(MissingScope, match=r"core\.user\.write"):
            drive(fake, mode="read-write").check()


@pytest.mark.parametrize("kind", ["role", "group", "license"])
def test_holders_asked_the_other_way_are_those_of_the_walk(kind, fake, drive):
    entitlements = [line["id"] for line in fake.truth() if line.get("resource_type") == kind]
    driver = drive(fake)

    for entitlement in entitlements:
        assert driver.holders(entitlement)[0] == holders_in_truth(fake, entitlement)


def test_a_proof_of_fewer_than_fifty_holders_is_one_request(fake, drive):
    driver = drive(fake)
    driver.check()

    _, calls = driver.holders("role:2:member")

    [asked] = [call.asked for call in calls]
    assert asked.startswith('POST /api/graphql {"query": "query { users(')


def test_holders_of_what_is_gone_are_none(fake, drive):
    assert drive(fake).holders("group:999999:member")[0] == frozenset()


@pytest.mark.parametrize(
    "wrong", ["", "role:x:member", "role:4:assigned", 'license:a"b:assigned', "user:1:member"]
)
def test_an_entitlement_that_is_not_coupas_is_refused(wrong, fake, drive):
    with pytest.raises(DriverError, match="not an entitlement"):
        drive(fake).holders(wrong)

    assert fake.requests == []


@pytest.mark.parametrize("entitlement", ["role:3:member", "group:5:member", "license:travel-user:assigned"])
def test_graphql_errors_count_even_beside_data(entitlement, fake, drive):
    fake.misbehave(graphql_errors=True)

    with pytest.raises(DriverError, match="Timeout on field users"):
        drive(fake).holders(entitlement)


def test_one_account_is_read_as_it_is_now(fake, drive):
    account = fake.truth()[0]["id"]
    driver = drive(fake)
    before = driver.read(account)
    fake.grant(account, "role:1:member")
    fake.set_active(account, active=False)

    now = driver.read(account)

    assert isinstance(now.records[0], Account)
    assert now.records[0].status == "disabled"
    assert Grant(account, "role:1:member") in now.records
    held = {line["entitlement_id"] for line in fake.truth() if line.get("account_id") == account}
    assert {record.entitlement_id for record in now.records if isinstance(record, Grant)} == held
    assert len(before.calls) == 4
    assert len(now.calls) == 1


@pytest.mark.parametrize("missing", [False, True], ids=["null", "missing"])
def test_a_licence_not_told_of_one_account_is_silent(missing, fake, drive):
    account = fake.truth()[0]["id"]
    fake.grant(account, "license:travel-user:assigned")
    fake.hush(account, "travel-user", missing=missing)

    batch = drive(fake).read(account)

    pair = Grant(account, "license:travel-user:assigned")
    assert batch.silent == [pair]
    assert pair not in batch.records


def test_an_account_coupa_does_not_have_is_a_batch_without_records(fake, drive):
    batch = drive(fake).read("999999")

    assert batch.records == []
    assert batch.calls[-1].status == 404


def test_an_id_that_is_none_is_refused_before_any_request(fake, drive):
    with pytest.raises(DriverError, match="not the id"):
        drive(fake).read("87/../roles")

    assert fake.requests == []


def test_coupas_own_words_are_shown_with_a_refusal(fake, drive, monkeypatch):
    monkeypatch.setattr("tests.fakes.coupa.api.parse_fields", refuse_every_field)

    with pytest.raises(DriverError, match="It said: no such field"):
        drive(fake).check()


def test_only_what_no_database_keeps_is_taken_out_of_a_text():
    odd = shapes.row({"id": 1, "login": "a\x00b\ud800c", "roles": [{"id": 2, "name": "r\x00"}]})
    fine = shapes.row({"id": 2, "login": " Zoe\u0308 🚀 <b> =1 "})

    assert (odd.text("login"), odd.cleaned) == ("abc", True)
    assert odd.list("roles")[0].text("name") == "r"
    assert (fine.text("login"), fine.cleaned) == (" Zoe\u0308 🚀 <b> =1 ", False)


def test_coupas_own_words_are_quoted_within_bounds_and_without_what_no_database_keeps():
    words = shapes.complaint({"errors": {"user": ["a\x00b\ud800c", "x" * 5_000]}})

    assert words == "abc; " + "x" * 295


@pytest.mark.parametrize("answer", [{}, None, "x", [1], [{}], [{"id": True}], [{"id": "x"}]])
def test_what_is_no_list_of_records_is_an_error(answer):
    with pytest.raises(DriverError):
        shapes.rows(answer)


def test_a_missing_list_is_an_error_and_null_is_none():
    assert shapes.row({"id": 1, "roles": None}).list("roles") == []
    with pytest.raises(DriverError, match="left out roles"):
        shapes.row({"id": 1}).list("roles")


def test_keys_are_read_with_underscores_or_dashes():
    assert shapes.row({"id": 1, "treasury_user": True}).values["treasury-user"] is True


@pytest.mark.parametrize(
    ("flag", "value", "expected"),
    [
        ("travel-user", None, True),
        ("fleet-user", False, True),
        ("fleet-user", None, True),
        ("fleet-user", "yes", False),
        ("created-by-user", {"id": 1}, False),
        ("api-user", True, False),
        ("msp-user", True, False),
        ("active", True, False),
    ],
)
def test_a_licence_is_a_flag_known_by_name_or_named_like_one(flag, value, expected):
    assert is_licence(flag, value) is expected


def test_an_unknown_licence_is_named_by_its_flag():
    assert name("bring-your-own-user") == "Bring Your Own"


def test_a_tenant_that_refuses_new_flags_is_read_by_its_default_shape(fake, drive, monkeypatch):
    monkeypatch.setattr("tests.fakes.coupa.api.parse_fields", refuse_new_flags)

    found = drive(fake).walk(["user", "license"])

    licences = {record.resource_id for batch in found for record in batch.records if hasattr(record, "slug")}
    assert "travel-user" in licences
    assert "intake-user" not in licences


def refuse_every_field(_text):
    raise BadQuery("no such field")


def refuse_new_flags(text):
    if text and "intake-user" in text:
        raise BadQuery("intake-user is not a field")
    return parse_fields(text)


def test_nothing_secret_is_in_the_repr_of_a_driver(fake, drive):
    driver = drive(fake)
    driver.check()

    assert fake.client_secret not in repr(driver) + repr(vars(driver))
