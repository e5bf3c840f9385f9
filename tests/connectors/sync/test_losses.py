"""What the guard counts of a real run: accounts, grants, kinds, grave entitlements, owners."""

import pytest

from connectors import jobs
from connectors.actions import runs
from connectors.models import Account, Connector, ConnectorRules, Entitlement, SyncRun, Tag
from connectors.sync import guard
from connectors.sync.losses import limits_of
from core.models import OutgoingMail, Role, User
from tests.connectors.sync.world import account
from tests.make import make_user

Status = SyncRun.Status


@pytest.fixture
def grave(sync):
    """After a first run: the approver's role, held by two, is of a grave risk."""
    sync()
    Tag.objects.update_or_create(kind=Tag.Kind.RISK, name="High", defaults={"is_grave": True, "rank": 3})
    Entitlement.objects.filter(external_id="role:2:member").update(risk="High")


@pytest.fixture
def owned(sync, world):
    """Twelve accounts, each of a person."""
    for number in range(1, 13):
        make_user(f"Person {number}", email=f"person{number}@meridian.example")
    sync()
    assert not Account.objects.without_owner().exists()


def lose(*numbers):
    """These people's addresses change here: nothing matches their accounts any more."""
    for number in numbers:
        User.objects.filter(email=f"person{number}@meridian.example").update(email=f"moved{number}@x.example")


def test_the_last_holders_of_a_grave_entitlement_are_not_taken_unseen(grave, sync, world):
    world.take("role:2:member", 3, 4)
    world.give("group:7:member", 4, 6, 7)  # so that the share of grants is none

    held = sync()

    assert held.status == Status.HELD
    assert held.problem.startswith("Approver (High): none of 2 would be left.")


@pytest.mark.parametrize("taken", [(3,), ()])
def test_a_grave_entitlement_with_a_holder_left_is_no_doubt(taken, grave, sync, world):
    world.take("role:2:member", *taken)

    assert sync().status == Status.DONE


def test_an_entitlement_of_no_grave_risk_may_be_emptied(grave, sync, world):
    Entitlement.objects.update(risk="Low")
    world.take("role:2:member", 3, 4)

    assert sync().status == Status.DONE


def test_a_grave_entitlement_that_is_gone_altogether_is_held_too(grave, sync, world):
    world.remove_thing("role:2")

    assert "Approver (High): none of 2 would be left." in sync().problem


def test_accounts_that_lose_their_owners_are_counted_whyever(owned, sync):
    lose(1, 2)

    held = sync()

    assert held.status == Status.HELD
    assert held.problem.startswith("Owners: 2 of 12 accounts would lose their owner, more than 10 %.")
    assert not Account.objects.without_owner().exists()


def test_one_of_twelve_owners_may_be_lost(owned, sync):
    lose(1)

    assert sync().status == Status.DONE
    assert Account.objects.without_owner().count() == 1


def test_accounts_that_go_do_not_lose_their_owner_besides(owned, sync, world):
    world.remove(1, 2)

    assert "owner" not in sync().problem


def test_an_account_that_is_disabled_and_loses_its_access_counts_once(sync, world):
    sync()
    world.add(account(1, status="disabled"))
    world.take("role:1:member", 1)  # one of twelve accounts, one of twenty grants

    assert sync().status == Status.DONE


def test_what_came_twice_counts_as_the_later_says(sync, world, driver, monkeypatch):
    sync()
    off = (account(1, status="disabled"), account(2, status="disabled"), account(3, status="disabled"))
    plain = driver._steps

    def twice(*kinds):
        first, *rest = plain(*kinds)
        return [[*first, *off], *rest]

    world.add(*(account(number, name="Renamed") for number in (1, 2, 3)))
    monkeypatch.setattr(driver, "_steps", twice)

    assert sync().status == Status.DONE


def test_a_connector_has_limits_of_its_own(sync, world, connector):
    sync()
    Connector.objects.update(limits={"accounts": 30, "grants": 50})
    world.remove(10, 11, 12)

    assert sync().status == Status.DONE
    assert limits_of(Connector.objects.get()) == {**guard.MOST, "accounts": 30, "grants": 50}


@pytest.mark.parametrize("off", ["one", "all"])
def test_no_run_is_held_while_the_guard_is_off(off, sync, world):
    sync()
    if off == "one":
        Connector.objects.update(is_guarded=False)
    else:
        ConnectorRules.objects.create(guards=False)
    world.remove(10, 11, 12)

    assert sync().status == Status.DONE


def test_the_letter_goes_once_to_owners_and_those_who_can_confirm(sync, world, owner, cast):
    marcus = cast["connector_admin"]
    make_user("Somebody Else", Role.BASIC)
    sync()
    world.remove(10, 11, 12)

    held = sync()
    jobs.run_sync(str(held.pk))

    letters = OutgoingMail.objects.filter(letter="sync_held")
    assert sorted(letters.values_list("to", flat=True)) == sorted([owner.email, marcus.email])
    assert all("Accounts: 3 of 12 would disappear" in letter.text for letter in letters)
    (to_marcus,) = letters.filter(to=marcus.email)
    assert "you look after all connectors" in to_marcus.text


def test_without_an_owner_or_such_an_administrator_the_super_administrator_is_told(held, owner):
    ada = make_user("Ada Lindgren", Role.SUPER)
    OutgoingMail.objects.all().delete()
    held.connector.ownerships.all().delete()

    runs._tell_of_hold(held)

    assert list(OutgoingMail.objects.values_list("to", flat=True)) == [ada.email]
