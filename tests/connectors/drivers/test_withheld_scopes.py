"""A client that was not given every scope reads what it may; what it may not is a gap."""

import pytest

from connectors.contract import Entitlement, Grant, MissingScope, Outside, OwnToken
from connectors.drivers.coupa import SPEC, gather
from connectors.http import ScopesRefused
from tests.connectors.drivers.conftest import KINDS, as_lines
from tests.fakes.coupa import FakeCoupa

READ = frozenset(SPEC.scopes({"mode": "read"}))
GROUP, ROLE, USER = "core.user_group.read", "core.common.read", "core.user.read"


def tokens_asked(fake: FakeCoupa) -> int:
    return sum(one.target == "/oauth2/token" for one in fake.requests)


def told_without(fake: FakeCoupa, *kinds: str) -> list[dict[str, object]]:
    """The truth but for what is of these kinds."""
    return [
        line
        for line in fake.truth()
        if line.get("resource_type", str(line.get("entitlement_id", "")).partition(":")[0]) not in kinds
    ]


@pytest.mark.parametrize(("names", "most"), [(True, 2), (False, 10)], ids=["named by Coupa", "found"])
@pytest.mark.parametrize(("kind", "scope"), [("group", GROUP), ("role", ROLE)])
def test_a_kind_whose_scope_is_withheld_is_a_gap_and_the_others_are_complete(kind, scope, names, most, drive):
    with FakeCoupa(users=230, groups=12, roles=14, scopes=READ - {scope}) as fake:
        fake.misbehave(names_scopes=names)

        batches = list(drive(fake).walk(KINDS))

        assert batches[-1].gaps == {kind: batches[-1].gaps[kind]}
        assert scope in batches[-1].gaps[kind]
        assert set(batches[-1].complete) == {*KINDS} - {kind}
        assert as_lines(batches) == told_without(fake, kind)
        assert tokens_asked(fake) <= most


def test_the_log_names_what_the_walk_goes_on_without(drive):
    with FakeCoupa(users=9, scopes=READ - {GROUP, "profile"}) as fake:
        notes = [note.text for batch in drive(fake).walk(KINDS) for note in batch.notes]

    assert notes[0].startswith("Coupa shows")
    assert notes[1] == f"The Coupa client has not been given {GROUP}, profile, so this sync goes on without."


def test_a_withheld_scope_that_no_kind_needs_is_no_gap(drive):
    with FakeCoupa(users=9, scopes=READ - {"profile"}) as fake:
        batches = list(drive(fake).walk(KINDS))

        assert (dict(batches[-1].gaps), set(batches[-1].complete)) == ({}, {*KINDS})
        assert as_lines(batches) == fake.truth()


def test_without_the_scope_for_users_nothing_is_read_and_the_scope_is_named(drive):
    with (
        FakeCoupa(users=9, scopes=READ - {USER}) as fake,
        pytest.raises(MissingScope, match=r"may not read users; it needs the scope core\.user\.read\."),
    ):
        list(drive(fake).walk(KINDS))


@pytest.mark.parametrize("names", [True, False])
def test_a_client_without_any_scope_is_refused(names, drive):
    with FakeCoupa(users=3, scopes=frozenset()) as fake:
        fake.misbehave(names_scopes=names)

        with pytest.raises(ScopesRefused, match=r"core\.user\.read"):
            list(drive(fake).walk(KINDS))


def test_a_check_still_refuses_what_a_walk_makes_do_with(drive):
    with FakeCoupa(users=3, scopes=READ - {GROUP}) as fake:
        driver = drive(fake)
        driver.walk(KINDS)

        with pytest.raises(MissingScope, match="has not been given") as caught:
            driver.check()

        assert caught.value.check is not None
        assert caught.value.check.lacking == (GROUP,)


def test_the_shorter_list_is_remembered_and_never_shared(drive, hands):
    store = OwnToken()
    with FakeCoupa(users=9, scopes=READ - {GROUP}) as fake:
        driver = drive(fake, outside=Outside(tokens=store))
        list(driver.walk(KINDS))
        asked = tokens_asked(fake)
        hands.passed += 21 * 3600
        list(driver.walk(KINDS))

        assert (asked, tokens_asked(fake)) == (2, 3)
        assert store.get() is None


def test_a_scope_that_is_given_back_counts_for_the_next_driver(drive):
    store = OwnToken()
    with FakeCoupa(users=9, scopes=READ - {GROUP}) as fake:
        list(drive(fake, outside=Outside(tokens=store)).walk(KINDS))
        fake.give_scopes(GROUP)

        batches = list(drive(fake, outside=Outside(tokens=store)).walk(KINDS))

        assert as_lines(batches) == fake.truth()
        assert not batches[-1].gaps


def test_a_scope_withdrawn_in_the_middle_makes_its_kind_a_gap(fake, drive, monkeypatch, hands):
    monkeypatch.setattr(gather, "SIZE", 1)
    batches = []

    for batch in drive(fake).walk(KINDS):
        batches.append(batch)
        if len(batches) == 5:
            hands.passed += 3600
            fake.withdraw_scopes(GROUP)

    found = [record for batch in batches for record in batch.records]
    groups = {record.id for record in found if isinstance(record, Entitlement) and record.kind == "group"}
    assert groups  # they had been listed before
    assert {record.entitlement_id for record in found if isinstance(record, Grant)} & groups
    assert set(batches[-1].gaps) == {"group"}
    assert set(batches[-1].complete) == {*KINDS} - {"group"}


def test_a_second_count_leaves_out_what_is_withheld(drive):
    with FakeCoupa(users=130, scopes=READ - {GROUP}) as fake:
        driver = drive(fake)
        walked = list(driver.walk(KINDS))
        counted = list(driver.recount(walked[-1].complete))

        assert not counted[-1].gaps
        assert set(counted[-1].complete) == {*KINDS} - {"group"}
