"""What every driver promises, whatever its vendor. A new driver adds its tenant to SAMPLES."""

import socket
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from connectors import registry
from connectors.contract import (
    Account,
    BadSettings,
    Batch,
    CursorExpired,
    Driver,
    DriverError,
    Entitlement,
    Grant,
    NotCounted,
    Outside,
    Record,
    Resource,
    ResourceType,
    Spec,
)
from connectors.contract_writing import Provisioner
from tests.connectors.drivers.samples import SAMPLES, Sample

type Facts = dict[tuple[Any, ...], Record]


@pytest.fixture(params=registry.specs(), ids=lambda spec: spec.kind)
def spec(request) -> Spec:
    chosen: Spec = request.param
    return chosen


@pytest.fixture
def sample(spec: Spec) -> Iterator[Sample]:
    with SAMPLES[spec.kind]() as sample:
        yield sample


@pytest.fixture
def driver(spec: Spec, sample: Sample) -> Iterator[Driver]:
    outside = replace(sample.outside, kinds=kinds(spec))
    opened = spec.open(spec.clean(sample.typed, outside), outside)
    yield opened
    opened.close()


@pytest.fixture
def writer(spec: Spec, sample: Sample) -> Iterator[Driver]:
    """The driver with settings that allow changes; skipped for one that has none."""
    if sample.writing is None:
        assert not any(each.provision for each in spec.capabilities)
        pytest.skip("a driver that only reads")
    outside = replace(sample.outside, kinds=kinds(spec))
    settings = spec.clean({**sample.typed, **sample.writing}, outside)
    assert spec.writes(settings)
    opened = spec.open(settings, outside)
    assert isinstance(opened, Provisioner)
    yield opened
    opened.close()


class Memory:
    """A journal for one wish."""

    def __init__(self) -> None:
        self.kept: Mapping[str, object] = {}

    def get(self) -> Mapping[str, object]:
        return self.kept

    def put(self, kept: Mapping[str, object]) -> None:
        self.kept = kept


def kinds(spec: Spec) -> list[str]:
    return [capability.kind for capability in spec.capabilities if capability.sync]


def facts(batches: Iterable[Batch]) -> Facts:
    """What batches say, by identity; the later record wins."""
    return {_identity(record): record for batch in batches for record in batch.records}


def _identity(record: Record) -> tuple[Any, ...]:
    match record:
        case Grant():
            return (Grant, record.account_id, record.entitlement_id)
        case Resource():
            return (Resource, record.kind, record.id)
        case ResourceType():
            return (ResourceType, record.kind)
    return (type(record), record.id)


def held(found: Facts, account_id: str) -> set[str]:
    grants = [record for record in found.values() if isinstance(record, Grant)]
    return {grant.entitlement_id for grant in grants if grant.account_id == account_id}


def test_a_kind_is_found_by_name_and_an_unknown_one_is_an_error(spec):
    assert registry.spec(spec.kind) is spec
    with pytest.raises(LookupError, match="no driver"):
        registry.spec("nothing")


def test_a_driver_says_all_that_the_wizard_needs(spec, sample):
    names = [setting.name for setting in spec.settings]

    assert len(set(names)) == len(names)
    assert len(spec.badge) == 2
    assert all((spec.label, spec.description, spec.words, spec.version, spec.guide))
    assert len(set(kinds(spec))) == len(kinds(spec))
    assert "user" in kinds(spec)
    assert spec.tenant in names or (spec.is_own and not spec.tenant)
    assert any(setting.secret or setting.accepts for setting in spec.settings) is not spec.is_own
    for setting in spec.settings:
        assert setting.label
        assert not setting.choices or setting.default in [value for value, _, _ in setting.choices]
        assert all(ending.startswith(".") for ending in setting.accepts)


def test_the_guide_has_a_place_for_scopes_if_there_are_any(spec, sample):
    cleaned = spec.clean(sample.typed, sample.outside)

    assert bool(spec.scopes(cleaned)) == ("\n{scopes}\n" in spec.guide)


def test_the_source_names_the_kind_and_the_same_tenant_every_time(spec, sample):
    cleaned = spec.clean(sample.typed, sample.outside)

    assert spec.source(cleaned).startswith(f"{spec.kind}:")
    assert spec.source(spec.clean(cleaned, sample.outside)) == spec.source(cleaned)


def test_empty_settings_are_refused_by_field(spec):
    if spec.is_own:
        assert (spec.settings, spec.clean({}, Outside())) == ((), {})
        return
    with pytest.raises(BadSettings) as caught:
        spec.clean({}, Outside())

    assert caught.value.field in [setting.name for setting in spec.settings]


def test_each_setting_that_is_needed_is_asked_for_by_name(spec, sample):
    needed = [setting.name for setting in spec.settings if not setting.optional and not setting.choices]

    for name in needed:
        with pytest.raises(BadSettings) as caught:
            spec.clean({**sample.typed, name: ""}, sample.outside)
        assert caught.value.field == name


def test_cleaning_and_opening_ask_nobody(spec, sample, monkeypatch):
    def refuse(*_: object) -> None:
        pytest.fail("it went to the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)

    spec.open(spec.clean(sample.typed, sample.outside), sample.outside).close()


def test_check_works_with_good_settings(spec, driver, sample):
    check = driver.check()

    assert check.calls
    extra = {scope for each in spec.capabilities for scope in each.scopes}
    assert set(check.needed) == {*spec.scopes(spec.clean(sample.typed, sample.outside)), *extra}
    assert [note for note in check.notes if note.level == "error"] == []


def test_a_batch_names_only_what_it_or_an_earlier_one_brought(spec, driver):
    types, resources, entitlements, accounts = set(), set(), set(), set()

    for batch in driver.walk(kinds(spec)):
        for record in batch.records:
            match record:
                case ResourceType():
                    types.add(record.kind)
                case Resource():
                    assert record.kind in types
                    resources.add((record.kind, record.id))
                case Entitlement():
                    assert (record.kind, record.resource_id) in resources
                    assert record.id == f"{record.kind}:{record.resource_id}:{record.slug}"
                    entitlements.add(record.id)
                case Account():
                    accounts.add(record.id)
                case Grant():
                    assert record.entitlement_id in entitlements
                    assert record.account_id in accounts
        for pair in batch.silent:
            assert pair.entitlement_id in entitlements
            assert pair.account_id in accounts
            assert pair not in batch.records
        assert batch.cursor

    assert accounts
    assert entitlements


def test_a_name_fits_where_it_is_kept(spec, driver):
    for record in facts(driver.walk(kinds(spec))).values():
        if isinstance(record, ResourceType):
            assert record.kind not in ("grant", "*")
            assert ":" not in record.kind
            assert len(record.kind) <= 64
            assert len(record.name) <= 200
        elif isinstance(record, Entitlement):
            assert record.id.count(":") == 2
            assert len(record.slug) <= 64
            assert len(record.id) <= 300


def test_the_last_batch_completes_every_kind_and_nothing_comes_after_it(spec, driver):
    *_, last = driver.walk(kinds(spec))

    assert set(last.complete) == set(kinds(spec))
    assert last.gaps == {}
    assert list(driver.walk(kinds(spec), last.cursor)) == []


def test_a_walk_may_be_abandoned_and_begun_again(spec, driver):
    next(iter(driver.walk(kinds(spec))))

    first, second = ([batch.records for batch in driver.walk(kinds(spec))] for _ in range(2))

    assert first == second


def test_going_on_from_any_cursor_ends_with_the_same_and_repeats_nothing(spec, driver):
    batches = list(driver.walk(kinds(spec)))
    whole = facts(batches)

    assert len(batches) > 2
    for number, batch in enumerate(batches, 1):
        rest = list(driver.walk(kinds(spec), batch.cursor))
        assert {**facts(batches[:number]), **facts(rest)} == whole
        assert facts(rest).keys() <= facts(batches[number:]).keys()
        assert {kind for each in [*batches[:number], *rest] for kind in each.complete} == set(kinds(spec))


@pytest.mark.parametrize("cursor", ["?", "{}", '{"v":0}', "[1]", "null", '"x"'])
def test_a_cursor_that_is_not_understood_has_expired(cursor, spec, driver):
    with pytest.raises(CursorExpired):
        list(driver.walk(kinds(spec), cursor))


def test_an_entitlement_asked_for_itself_has_the_holders_of_the_walk(spec, driver):
    whole = facts(driver.walk(kinds(spec)))
    grants = [record for record in whole.values() if isinstance(record, Grant)]

    for entitlement in [record for record in whole.values() if isinstance(record, Entitlement)]:
        found, _ = driver.holders(entitlement.id)
        assert found == {grant.account_id for grant in grants if grant.entitlement_id == entitlement.id}


def test_an_account_read_again_is_the_account_of_the_walk(spec, driver):
    whole = facts(driver.walk(kinds(spec)))
    accounts = [record for record in whole.values() if isinstance(record, Account)]

    for account in accounts[:: max(1, len(accounts) // 25)]:
        again = facts([driver.read(account.id)])
        assert again[_identity(account)] == account
        assert held(again, account.id) == held(whole, account.id)


def test_an_account_that_is_not_there_reads_as_nothing(driver):
    assert list(driver.read("987654321").records) == []


def test_a_second_count_agrees_or_is_said_to_be_impossible(spec, driver):
    whole = facts(driver.walk(kinds(spec)))
    try:
        counted = facts(driver.recount(kinds(spec)))
    except NotCounted:
        return

    wanted = {key for key, record in whole.items() if isinstance(record, Account | Grant)}
    assert {key for key, record in counted.items() if isinstance(record, Account | Grant)} == wanted


def test_scopes_in_use_are_told_or_are_not_known(spec, driver, sample):
    driver.check()

    granted = driver.granted()

    assert granted is None or set(granted) >= set(spec.scopes(spec.clean(sample.typed, sample.outside)))


def test_settings_that_only_read_change_nothing(spec, sample, driver):
    if spec.is_own:
        assert spec.writes({})  # nobody outside has to allow it
        return
    assert not spec.writes(spec.clean(sample.typed, sample.outside))
    if sample.writing is not None:
        with pytest.raises(DriverError):
            driver.disable("1", Memory())


def test_what_may_be_given_and_taken_is_given_and_taken_once(spec, writer):
    """Every kind that says so, on somebody who has the most, and the reading sees it."""
    whole = facts(writer.walk(kinds(spec)))
    grants = [record for record in whole.values() if isinstance(record, Grant)]
    user = max({grant.account_id for grant in grants}, key=lambda each: (len(held(whole, each)), each))
    for capability in spec.capabilities:
        if not capability.provision:
            continue
        assert set(capability.provision) <= {"grant", "revoke"}
        thing = next(one for one in sorted(held(whole, user)) if one.startswith(f"{capability.kind}:"))
        for verb, wished in ((writer.revoke, False), (writer.grant, True)):
            journal, before = Memory(), held(facts([writer.read(user)]), user)
            first, second = verb(user, thing, journal), verb(user, thing, journal)
            after = held(facts([writer.read(user)]), user)

            assert (first.changed, first.agrees, second.changed, second.agrees) == (True, True, False, True)
            assert first.calls
            assert 0 < len(first.said) <= 300
            assert before ^ after == {thing}
            assert (thing in after) is wished
            assert journal.kept == {}


def test_an_account_is_disabled_and_enabled_again(spec, writer):
    whole = facts(writer.walk(kinds(spec)))
    enabled = [each for each in whole.values() if isinstance(each, Account) and each.status == "enabled"]
    user = enabled[-1].id
    assert {"disable_user", "enable_user"} <= {action.name for action in spec.actions}
    for verb, status in ((writer.disable, "disabled"), (writer.enable, "enabled")):
        first, second = verb(user, Memory()), verb(user, Memory())

        assert (first.changed, first.agrees, second.changed, second.agrees) == (True, True, False, True)
        [read] = [each for each in writer.read(user).records if isinstance(each, Account)]
        assert read.status == status


def test_who_is_not_there_has_lost_everything_and_can_be_given_nothing(spec, writer):
    entitlement = next(
        each.id
        for each in facts(writer.walk(kinds(spec))).values()
        if isinstance(each, Entitlement)
        and each.kind in {one.kind for one in spec.capabilities if one.provision}
    )

    for receipt in (
        writer.revoke("987654321", entitlement, Memory()),
        writer.disable("987654321", Memory()),
    ):
        assert (receipt.changed, receipt.agrees) == (False, True)
    with pytest.raises(DriverError):
        writer.grant("987654321", entitlement, Memory())
    with pytest.raises(DriverError):
        writer.enable("987654321", Memory())
