"""What every driver promises, whatever its vendor. A new driver adds its fake to FAKES."""

from collections.abc import Iterator
from typing import Any

import pytest

from connectors import registry
from connectors.contract import (
    Account,
    BadSettings,
    Batch,
    Driver,
    Entitlement,
    Grant,
    Outside,
    Resource,
    Spec,
)
from tests.fakes.coupa import FakeCoupa

FAKES: dict[str, Any] = {"coupa": FakeCoupa}


@pytest.fixture(params=registry.specs(), ids=lambda spec: spec.kind)
def spec(request) -> Spec:
    chosen: Spec = request.param
    return chosen


@pytest.fixture
def driver(spec: Spec) -> Iterator[Driver]:
    with FAKES[spec.kind](users=120, groups=11, roles=6) as fake:
        outside = Outside(extra_hosts=[fake.url], kinds=kinds(spec))
        typed = {"domain": fake.url, "client_id": fake.client_id, "client_secret": fake.client_secret}
        opened = spec.open(spec.clean(typed, outside), outside)
        yield opened
        opened.close()


def kinds(spec: Spec) -> list[str]:
    return [capability.kind for capability in spec.capabilities if capability.sync]


def test_a_kind_is_found_by_name_and_an_unknown_one_is_an_error(spec):
    assert registry.spec(spec.kind) is spec
    with pytest.raises(LookupError, match="no driver"):
        registry.spec("nothing")


def test_a_driver_says_all_that_the_wizard_needs(spec):
    names = [setting.name for setting in spec.settings]

    assert len(set(names)) == len(names)
    assert len(spec.badge) == 2
    assert spec.label
    assert spec.description
    assert "\n{scopes}\n" in spec.guide
    assert len(set(kinds(spec))) == len(kinds(spec))
    assert any(setting.secret for setting in spec.settings)
    for setting in spec.settings:
        assert setting.label
        assert not setting.choices or setting.default in [value for value, _, _ in setting.choices]


def test_empty_settings_are_refused_by_field(spec):
    with pytest.raises(BadSettings) as caught:
        spec.clean({}, Outside())

    assert caught.value.field in [setting.name for setting in spec.settings]


def test_check_works_with_good_settings(driver):
    assert driver.check().calls


def test_a_batch_names_only_what_it_or_an_earlier_one_brought(spec, driver):
    resources, entitlements, accounts = set(), set(), set()

    for batch in driver.walk(kinds(spec)):
        for record in batch.records:
            match record:
                case Resource():
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


def test_the_last_batch_completes_every_kind_and_nothing_comes_after_it(spec, driver):
    *_, last = driver.walk(kinds(spec))

    assert set(last.complete) == set(kinds(spec))
    assert last.gaps == {}
    assert list(driver.walk(kinds(spec), last.cursor)) == []


def test_a_walk_may_be_abandoned_and_begun_again(spec, driver):
    next(iter(driver.walk(kinds(spec))))

    first, second = ([batch.records for batch in driver.walk(kinds(spec))] for _ in range(2))

    assert first == second


def test_a_second_count_tells_what_the_walk_told(spec, driver):
    walked, counted = list(driver.walk(kinds(spec))), list(driver.recount(kinds(spec)))

    assert holdings(counted) == holdings(walked)
    assert set(counted[-1].complete) == set(kinds(spec))
    assert list(driver.recount(kinds(spec), counted[-1].cursor)) == []


def holdings(batches: list[Batch]) -> set[tuple[str, str]]:
    """Accounts, with nothing, and grants, but for those that are silent."""
    records = [record for batch in batches for record in batch.records]
    accounts = {(record.id, "") for record in records if isinstance(record, Account)}
    return accounts | {
        (record.account_id, record.entitlement_id) for record in records if isinstance(record, Grant)
    }


def test_scopes_are_told_once_something_was_asked(driver):
    assert driver.granted() is None

    check = driver.check()

    assert driver.granted() == check.granted
    assert (
        set(check.needed) <= {*(check.granted or ()), *check.proven, *check.lacking} or check.granted is None
    )
