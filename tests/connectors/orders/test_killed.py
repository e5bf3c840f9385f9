"""A worker that is killed between any two calls takes nothing from anybody that was not to be taken."""

import pytest
from django.db import OperationalError

from connectors import jobs
from connectors.actions import orders
from connectors.contract import BadCredentials, TransientError
from connectors.models import OrderCall, ProvisionOrder
from core.errors import NotPossible
from core.leases import LeaseLost
from core.models import OutgoingMail
from tests.connectors.orders.conftest import due
from tests.connectors.orders.world import Killed

Status = ProvisionOrder.Status


@pytest.mark.parametrize("call", range(3))
def test_killed_at_any_call_the_next_worker_ends_it_as_if_made_once(call, want, work, world, habits):
    order = want(3)
    before = {pair for pair in world.grants if pair != ("3", "role:1:member")}
    habits.dies_at = call
    with pytest.raises(Killed):
        jobs.carry_out(order.pk)
    assert work(order).status == Status.SENT  # the lease of the dead one still holds

    due(order)
    order = work(order)

    assert order.status == Status.REMOVED
    assert order.journal == {}
    assert world.grants == before
    assert OrderCall.objects.filter(order=order).count() >= 3


def test_a_call_that_cannot_be_noted_does_not_come_between_taking_and_giving_back(
    want, work, world, monkeypatch, caplog
):
    order = want(3)
    before = {pair for pair in world.grants if pair != ("3", "role:1:member")}

    def busy(*_, **__):
        raise OperationalError("database is locked")

    monkeypatch.setattr(OrderCall.objects, "create", busy)
    order = work(order)

    assert order.status == Status.REMOVED
    assert world.grants == before
    assert "was not noted" in caplog.text


def test_a_worker_that_is_slower_than_its_lease_asks_nothing_more(want, world, habits, monkeypatch):
    order = want(3)
    held = orders.claim(order.pk)
    assert held is not None
    due(order)
    orders.claim(order.pk)

    with pytest.raises(LeaseLost):
        jobs._change(held)

    assert ("3", "role:1:member") in world.grants


def test_what_must_be_given_back_is_tried_for_ever_and_an_alarm_says_so_once(
    want, work, habits, world, trail, owner
):
    order = want(3)
    habits.dies_at = 1
    with pytest.raises(Killed):
        jobs.carry_out(order.pk)
    assert not any(account == "3" for account, _ in world.grants)
    habits.troubles = [TransientError("Coupa is busy.")] * 8

    for _ in range(8):
        due(order)
        order = work(order)

    assert order.status == Status.SENT
    assert trail().count("orders.unrestored") == 1
    letter = OutgoingMail.objects.get(letter="order_unrestored")
    assert letter.to == owner.email
    assert "It is tried again every hour at least" in letter.text

    due(order)
    assert work(order).status == Status.REMOVED
    assert ("3", "role:2:member") in world.grants


def test_an_order_that_owes_something_back_is_never_dropped_nor_left_to_people(
    want, work, sync, habits, world, owner, app_owner
):
    order = want(3)
    habits.dies_at = 1
    with pytest.raises(Killed):
        jobs.carry_out(order.pk)
    habits.troubles = [BadCredentials("Coupa refused the client ID and secret.")]
    due(order)
    order = work(order)
    assert order.status == Status.FAILED
    assert "give it back in Coupa now" in OutgoingMail.objects.get(letter="order_unrestored").text

    with pytest.raises(NotPossible, match="given back"):
        orders.drop(order, by=owner, reason="No longer wanted")
    with pytest.raises(NotPossible, match="given back"):
        orders.by_hand(order, by=owner, reason="By hand")
    with pytest.raises(NotPossible, match="given back"):
        orders.done_by_hand(order, by=app_owner, reason="Done")

    sync()
    order.refresh_from_db()
    assert order.status == Status.FAILED  # though its wish is fulfilled by now

    orders.retry(order, by=owner)
    assert work(order).status == Status.REMOVED
    assert ("3", "role:2:member") in world.grants
