"""What is not wanted: kinds that are unticked, attributes that are filtered."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import Account, Resource
from connectors.models import Account as AccountRow
from connectors.models import Connector, Entitlement, Grant
from connectors.queries import not_read
from connectors.sync.attributes import kept
from tests.connectors.sync.world import account

FILTERED = [
    ("all", [], {"phone", "city"}),
    ("ignore", ["phone"], {"city"}),
    ("only", ["phone", "unheard"], {"phone"}),
]


def test_a_kind_that_is_unticked_stays_and_is_told_apart(sync, connector, world):
    first = sync()
    Connector.objects.update(kinds=["user", "role"])
    connector.refresh_from_db()
    world.remove_thing("group:7")

    sync()

    assert Entitlement.objects.here().filter(kind="group").count() == 1
    assert Grant.objects.here().filter(entitlement__kind="group").count() == 6
    assert not_read(connector.app) == {(connector.source, "group"): first.ended_at}


def test_a_kind_that_is_ticked_again_is_read_again(sync, connector, world):
    sync()
    Connector.objects.update(kinds=["user", "role"])
    connector.refresh_from_db()
    sync()
    Connector.objects.update(kinds=["user", "role", "group"], is_guarded=False)
    connector.refresh_from_db()
    world.take("group:7:member", 11)

    sync()

    assert Grant.objects.here().filter(entitlement__kind="group").count() == 5
    assert not_read(connector.app) == {}


@pytest.mark.parametrize(("mode", "names", "left"), FILTERED)
def test_the_next_sync_keeps_what_was_chosen(mode, names, left, sync, connector, world):
    world.add(replace(account(1), profile={"phone": "1", "city": "Lund"}))
    sync()
    Connector.objects.update(filter_mode=mode, filter_names=names)
    connector.refresh_from_db()

    sync()

    row = AccountRow.objects.get(external_id="1")
    assert set(row.profile) == left
    assert (row.login, row.email) == ("login1", "person1@meridian.example")


PROFILES = st.dictionaries(st.text(max_size=3), st.integers())
NAMES = st.frozensets(st.text(max_size=3))


@given(PROFILES, NAMES)
def test_ignoring_and_keeping_only_share_a_profile_between_them(profile, names):
    whole = replace(account(1), profile=profile)

    ignored, only = kept(whole, "ignore", names), kept(whole, "only", names)

    assert isinstance(ignored, Account)
    assert isinstance(only, Account)
    assert {**ignored.profile, **only.profile} == profile
    assert set(only.profile) <= names
    assert replace(ignored, profile=profile) == whole


def test_other_records_are_kept_whole():
    resource = Resource("role", "1", "Buyer", profile={"phone": "1"})

    assert kept(resource, "ignore", {"phone"}) is resource
