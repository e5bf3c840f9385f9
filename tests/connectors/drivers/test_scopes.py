"""What a check tells of scopes: granted, proven, lacking, not known."""

import pytest

from connectors.contract import Account, DriverError, Grant, MissingScope, Outside, Resource
from connectors.drivers.coupa import SPEC
from connectors.drivers.coupa.capabilities import kinds_on, needed
from tests.connectors.drivers.conftest import KINDS, as_lines
from tests.fakes.coupa import FakeCoupa

READ = frozenset(SPEC.scopes({"mode": "read"}))
ALL = (*KINDS, "account_group")


def test_a_check_tells_what_its_calls_have_proven(fake, drive):
    check = drive(fake).check()

    assert check.proven == ("core.user.read", "core.common.read", "core.user_group.read")
    assert check.lacking == ()
    assert check.notes == ()


def test_a_vendor_that_tells_no_scopes_leaves_the_rest_unknown(fake, drive):
    fake.misbehave(opaque_token=True)

    check = drive(fake).check()

    assert check.granted is None
    assert "core.business_entity.read" not in {*check.proven, *check.lacking}


@pytest.mark.parametrize("names", [True, False], ids=["named by Coupa", "found by asking for fewer"])
@pytest.mark.parametrize(
    "lacking",
    [
        {"core.user_group.read"},
        {"profile"},
        {"core.common.read", "core.user.read", "openid"},
        READ,
    ],
)
def test_every_scope_the_client_lacks_is_found_and_named(lacking, names, drive):
    with FakeCoupa(users=3, scopes=READ - lacking) as fake:
        fake.misbehave(names_scopes=names)

        with pytest.raises(MissingScope) as caught:
            drive(fake).check()

        check = caught.value.check
        assert check is not None
        assert set(check.lacking) == lacking
        assert set(check.granted or ()) == READ - lacking
        assert all(scope in str(caught.value) for scope in lacking)
        assert not [scope for scope in READ - lacking if f"{scope}," in str(caught.value)]
        assert len(check.calls) == len(fake.requests) <= 2 * len(READ) + 2


def test_scopes_that_only_calls_show_to_be_lacking_are_in_the_check_too(fake, drive):
    fake.misbehave(missing_scope={"core.user_group.read"}, opaque_token=True)

    with pytest.raises(MissingScope) as caught:
        drive(fake).check()

    check = caught.value.check
    assert check is not None
    assert check.lacking == ("core.user_group.read",)
    assert check.proven == ("core.user.read", "core.common.read")


def test_a_scope_the_token_does_not_name_is_lacking_unless_a_call_has_proven_it(fake, drive, monkeypatch):
    told = "core.user.read core.common.read core.user_group.read email login openid"
    monkeypatch.setattr("connectors.http.tokens.scopes_in", lambda _: tuple(told.split()))

    check = drive(fake).check()

    assert check.lacking == ("core.business_entity.read", "profile")
    assert "core.business_entity.read" in check.notes[0].text


def test_only_scopes_beyond_coupas_list_are_too_many(fake, drive, monkeypatch):
    told = (*READ, "core.accounting.read", "core.invoice.write")
    monkeypatch.setattr("connectors.http.tokens.scopes_in", lambda _: told)

    [note] = drive(fake).check().notes

    assert note.level == "warn"
    assert note.text == "The token may do more than Reeve needs: core.invoice.write."


def test_a_token_that_was_too_young_at_first_is_told(fake, drive):
    fake.misbehave(token_fresh_401=2)

    check = drive(fake).check()

    assert "may need a few seconds before a new token works" in check.notes[-1].text


KINDS_IN_ORDER = ("user", "group", "role", "license")


def test_account_groups_are_off_until_switched_on():
    assert kinds_on(()) == KINDS_IN_ORDER
    assert kinds_on(ALL) == (*KINDS_IN_ORDER, "account_group")
    assert "core.accounting.read" not in needed({"mode": "read"}, kinds_on(()))
    assert needed({"mode": "read"}, ALL)[-1] == "core.accounting.read"


def test_a_client_without_the_accounting_scope_works_as_long_as_account_groups_are_off(drive):
    with FakeCoupa(users=9, account_groups=4, scopes=READ) as fake:
        drive(fake).check()
        list(drive(fake).walk(KINDS))

        with pytest.raises(MissingScope, match=r"core\.accounting\.read"):
            drive(fake, outside=Outside(kinds=ALL)).check()
        assert not [one for one in fake.requests if "account_groups" in one.target]


def test_account_groups_switched_on_are_read_proven_and_counted(drive):
    with FakeCoupa(users=130, account_groups=4) as fake:
        driver = drive(fake, outside=Outside(kinds=ALL))
        walked = list(driver.walk(ALL))

        assert as_lines(walked) == fake.truth()
        assert set(walked[-1].complete) == set(ALL)
        assert "core.accounting.read" in driver.check().proven
        held = {
            line["account_id"]
            for line in fake.truth()
            if line.get("entitlement_id") == "account_group:6:member"
        }
        assert driver.holders("account_group:6:member")[0] == held != set()
        account = max(held, key=int)
        assert Grant(account, "account_group:6:member") in driver.read(account).records
        again = driver.recount(ALL)
        counted = {record for batch in again for record in batch.records if isinstance(record, Grant)}
        assert {
            record for batch in walked for record in batch.records if isinstance(record, Grant)
        } <= counted


def test_account_groups_that_coupa_does_not_have_are_a_gap_and_the_others_go_on(fake, drive):
    fake.misbehave(not_here="/api/account_groups")

    batches = list(drive(fake, outside=Outside(kinds=ALL)).walk(ALL))

    assert "404" in batches[-1].gaps["account_group"]
    assert set(batches[-1].complete) == set(KINDS)


def test_account_groups_carry_their_type(drive):
    with FakeCoupa(users=3, account_groups=1) as fake:
        batches = drive(fake, outside=Outside(kinds=ALL)).walk(["account_group"])

        found = [record for batch in batches for record in batch.records]
        [ledger] = [record for record in found if isinstance(record, Resource)]
        assert ledger.profile == {"account-group-type": "Ledger"}
        assert [record for record in found if isinstance(record, Account)]


def test_an_entitlement_of_a_kind_that_is_none_is_refused(fake, drive):
    with pytest.raises(DriverError, match="not an entitlement"):
        drive(fake).holders("business_group:1:member")


def test_the_driver_says_what_else_coupa_can_be_asked_to_do():
    assert {action.name: action.needs for action in SPEC.actions} == {
        "enable_user": ("user_id",),
        "disable_user": ("user_id",),
    }
    assert SPEC.client == "client_id"
