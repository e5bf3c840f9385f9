"""What a held run would take away is what it takes away; what a run changed bears its mark."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from connectors import jobs
from connectors.actions import runs
from connectors.models import Account, Connector, Entitlement, Grant, SyncRun
from connectors.queries import CHANGES, LOSSES, change_rows, first_of, held_run, loss_rows, numbers
from tests.connectors.sync.world import account


def names(rows):
    return sorted(str(row) for row in rows)


def keys(rows):
    return set(rows.values_list("pk", flat=True))


@pytest.fixture
def torn(sync, world):
    """Held: four accounts gone, one disabled, another renamed, a role and a group lost, some holdings too."""
    sync()
    world.remove(9, 10, 11, 12)
    world.add(account(1, status="disabled"), account(2, name="Renamed"), account(20))
    world.remove_thing("role:2")
    world.take("group:7:member", 1, 5)
    world.give("role:1:member", 20)
    world.silent.add(("3", "group:7:member"))
    return sync()


def test_what_would_go_is_exactly_what_goes_when_it_is_confirmed(torn, cast):
    assert torn.status == SyncRun.Status.HELD
    told = {what: keys(loss_rows(torn, what)) for what in LOSSES}
    enabled = set(Account.objects.filter(status="enabled").values_list("pk", flat=True))

    runs.confirm(torn, by=cast["connector_admin"], reason="Looked")
    jobs.run_sync(str(torn.pk))

    torn.refresh_from_db()
    assert torn.status == SyncRun.Status.DONE
    disabled = Account.objects.here().filter(status="disabled", pk__in=enabled)
    assert told == {
        "accounts": keys(Account.objects.filter(gone_run=torn.pk)),
        "disabled": keys(disabled),
        "grants": keys(Grant.objects.filter(gone_run=torn.pk).exclude(entitlement__kind="credential")),
        "entitlements": keys(Entitlement.objects.filter(gone_run=torn.pk)),
    }
    assert [len(told[what]) for what in LOSSES] == [4, 1, 9, 1]


def test_nothing_is_written_by_looking(torn):
    before = list(Account.objects.order_by("pk").values())

    with CaptureQueriesContext(connection) as queries:
        held_run(torn)
        for what in LOSSES:
            list(loss_rows(torn, what))

    assert not [query["sql"] for query in queries if not query["sql"].lstrip("(").startswith("SELECT")]
    assert list(Account.objects.order_by("pk").values()) == before


def test_nothing_of_a_kind_with_a_gap_would_go(sync, world):
    sync()
    world.remove(9, 10, 11, 12)
    world.gaps = {"role": "The roles could not be read.", "group": "Nor the groups."}
    held = sync()

    assert held.status == SyncRun.Status.HELD
    assert not loss_rows(held, "entitlements").exists()
    gone = keys(Account.objects.filter(external_id__in=("9", "10", "11", "12")))
    ended = Grant.objects.filter(pk__in=keys(loss_rows(held, "grants")))
    assert set(ended.values_list("account", flat=True)) == gone


def test_losses_are_found_by_words(torn):
    assert names(loss_rows(torn, "accounts", words="person 11")) == ["Person 11"]
    assert names(loss_rows(torn, "entitlements", words="appr")) == ["Approver"]
    assert loss_rows(torn, "grants", words="person 12 buyer").count() == 1


def test_a_held_run_stands_in_numbers_beside_what_is_in_use(held):
    found = held_run(held)

    rows = {row.label: (row.in_use, row.held, row.change) for row in found.rows}
    assert found.headline == "3 of 12 accounts would disappear."
    assert rows["Accounts"] == (12, 9, "-25.0 %")
    assert rows["Grants"] == (20, 16, "-20.0 %")
    assert [each[0] for each in found.losses] == ["accounts", "grants"]


@pytest.mark.parametrize(
    ("disabled", "removed", "headline"),
    [
        ((1, 2), (), "2 of 12 accounts would be disabled."),
        ((1,), (11, 12), "3 of 12 accounts would disappear or be disabled."),
    ],
)
def test_the_headline_says_what_happens_to_accounts(disabled, removed, headline, sync, world):
    sync()
    world.add(*(account(number, status="disabled") for number in disabled))
    world.remove(*removed)

    assert held_run(sync()).headline == headline


def test_the_headline_of_lost_grants_counts_them(sync, world):
    sync()
    world.take("role:1:member", 10, 11, 12)

    assert held_run(sync()).headline == "3 of 20 grants would end."


def test_what_a_run_changed_is_found_by_its_mark(sync, world):
    first = sync()
    Connector.objects.update(limits={"accounts": 50})
    world.remove(12)
    world.add(account(1, status="disabled"), account(2, name="Renamed"), account(20))
    world.give("role:2:member", 20)
    second = sync()

    assert second.status == SyncRun.Status.DONE
    found = {what: names(change_rows(second, what)) for what in CHANGES if "accounts" in what}
    assert found == {
        "accounts-new": ["Person 20"],
        "accounts-changed": ["Person 1", "Renamed"],
        "accounts-disabled": ["Person 1"],
        "accounts-gone": ["Person 12"],
    }
    moved = [
        [
            (str(row.account), str(row.entitlement))
            for row in Grant.objects.filter(pk__in=keys(change_rows(second, what)))
        ]
        for what in ("grants-started", "grants-ended")
    ]
    assert moved == [[("Person 20", "Approver")], [("Person 12", "Buyer")]]
    assert change_rows(first, "entitlements-new", kind="role").count() == 2
    assert change_rows(first, "grants-started", kind="group").count() == 6
    assert first_of(numbers(second, held=False)) == "accounts-new"
