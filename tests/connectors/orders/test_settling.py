"""What people may do with an order: who, with which reason, and never about their own access."""

from typing import Any

import pytest
from django.utils.timezone import now

from connectors.actions import orders, retrying
from connectors.contract import BadCredentials
from connectors.models import Account, Connector, ProvisionOrder
from core.errors import Denied, IllegalMove, NotPossible, StaleState
from core.models import Role
from tests.make import make_user

Status = ProvisionOrder.Status
REFUSED = BadCredentials("Coupa refused the client ID and secret.")


@pytest.fixture
def failed(want, work, habits):
    habits.troubles = [REFUSED]
    return work(want(3))


def test_an_order_is_tried_again_from_the_beginning(failed, work, owner, trail, nudges):
    orders.retry(failed, by=owner)

    assert failed.status == Status.WANTED
    assert trail()[-1] == "orders.tried_again"
    order = work(failed)
    assert order.status == Status.REMOVED
    assert order.problem == ""


def test_an_order_left_to_people_is_tried_again_once_a_connector_can_do_it(want, connector, owner):
    Connector.objects.filter(pk=connector.pk).update(settings={**connector.settings, "mode": "read"})
    order = want(3)
    admin = make_user("Marcus Adeyemi", Role.CONNECTOR)
    with pytest.raises(NotPossible, match="only reads"):
        orders.retry(order, by=admin)

    Connector.objects.filter(pk=connector.pk).update(settings=connector.settings)
    orders.retry(order, by=admin)

    assert order.status == Status.WANTED
    assert order.connector == connector


def test_done_by_hand_says_who_and_what(failed, app_owner, trail):
    orders.done_by_hand(failed, by=app_owner, reason="Taken away in Coupa")

    failed.refresh_from_db()
    assert failed.status == Status.REMOVED
    assert failed.done_by == app_owner
    assert failed.read_back == "Rui Pires said that it was done by hand: Taken away in Coupa"
    assert trail()[-2:] == ["orders.by_hand", "orders.done_by_hand"]


@pytest.mark.parametrize("verb", [orders.drop, orders.done_by_hand, orders.by_hand])
def test_nothing_is_settled_without_a_reason(verb, failed, owner, trail):
    before = trail()

    with pytest.raises(NotPossible, match="reason"):
        verb(failed, by=owner, reason="  ")

    assert trail() == before


def test_who_only_answers_for_the_app_neither_drops_nor_tries_again(failed, app_owner):
    with pytest.raises(Denied, match="Connector Administrators"):
        orders.drop(failed, by=app_owner, reason="No longer wanted")
    with pytest.raises(Denied):
        orders.retry(failed, by=app_owner)
    with pytest.raises(Denied):
        orders.by_hand(failed, by=app_owner, reason="Faster")


def test_a_stranger_says_nothing(failed):
    with pytest.raises(Denied):
        orders.done_by_hand(failed, by=make_user("Kim Sorensen", Role.BASIC), reason="Done")


@pytest.mark.parametrize("by", ["matched", "e-mail", "twin", "number", "login", "number as login"])
def test_nobody_settles_an_order_about_their_own_access(by, failed):
    """Not even a Super Administrator, nor where nobody has matched the account to them."""
    email = "person3@meridian.example" if by == "e-mail" else "ada@meridian.example"
    ada = make_user("Ada Lindgren", Role.SUPER, email=email, employee_id="e-77")
    bears: dict[str, dict[str, Any]] = {
        "matched": {"person": ada},
        "e-mail": {"person": None},
        "twin": {"person": make_user("Ada Second", employee_id="E-77 ")},
        "number": {"person": None, "employee_id": " E-77"},
        "login": {"person": None, "login": " ADA@meridian.example"},
        "number as login": {"person": None, "login": "E-77 "},
    }
    Account.objects.filter(pk=failed.account_id).update(**bears[by])
    failed = ProvisionOrder.objects.get(pk=failed.pk)

    for verb in (orders.drop, orders.by_hand, orders.done_by_hand):
        with pytest.raises(Denied, match="your own access"):
            verb(failed, by=ada, reason="Never mind")
    with pytest.raises(Denied, match="your own access"):
        orders.retry(failed, by=ada)
    with pytest.raises(NotPossible):
        retrying.retry_failed(failed.connector, by=ada)


def test_an_order_in_a_workers_hands_is_not_dropped(want, owner):
    order = want(3)
    orders.claim(order.pk)
    order.refresh_from_db()

    with pytest.raises(NotPossible, match="right now"):
        orders.drop(order, by=owner, reason="No longer wanted")


def test_a_dropped_order_changes_nothing_and_holds_nothing_up(want, work, owner, world, trail):
    order = want(3)

    orders.drop(order, by=owner, reason="No longer wanted")

    assert trail()[-1] == "orders.dropped"
    assert work(order).status == Status.DROPPED
    assert ("3", "role:1:member") in world.grants
    assert want(3).pk != order.pk


def test_the_order_of_a_dead_worker_is_dropped_and_frees_its_account(want, work, owner):
    order, other = want(3), want(3, "group:7:member")
    orders.claim(order.pk)
    ProvisionOrder.objects.filter(pk=order.pk).update(leased_until=now())
    order.refresh_from_db()

    orders.drop(order, by=owner, reason="No longer wanted")

    assert work(other).status == Status.REMOVED


def test_of_two_who_settle_at_once_one_is_told(failed, owner):
    same = ProvisionOrder.objects.select_related("connector", "app", "account").get(pk=failed.pk)
    orders.retry(failed, by=owner)

    with pytest.raises(StaleState):
        orders.drop(same, by=owner, reason="No longer wanted")


def test_what_is_proven_is_settled_for_good(want, work, sync, owner):
    order = work(want(3))
    sync()
    order.refresh_from_db()

    with pytest.raises(IllegalMove):
        orders.drop(order, by=owner, reason="No longer wanted")
    with pytest.raises(IllegalMove):
        orders.done_by_hand(order, by=owner, reason="Done")


def test_all_failed_are_tried_again_together(want, work, habits, owner):
    habits.troubles = [REFUSED, REFUSED]
    failed = [work(want(3)), work(want(4))]

    number = retrying.retry_failed(failed[0].connector, by=owner)

    assert number == 2
    assert {ProvisionOrder.objects.get(pk=each.pk).status for each in failed} == {Status.WANTED}


def test_what_came_back_is_removed_again_by_a_new_order(want, work, sync, world, app_owner):
    order = work(want(3))
    sync()
    world.give("role:1:member", 3)
    sync()
    order = ProvisionOrder.objects.get(pk=order.pk)

    again = retrying.want_again(order, by=app_owner)

    assert again.pk != order.pk
    assert again.status == Status.WANTED
    assert again.wanted_by == app_owner
    assert again.reason.endswith("It came back after it had been removed.")


def test_what_has_not_come_back_is_not_removed_again(failed, owner):
    with pytest.raises(NotPossible, match="not come back"):
        retrying.want_again(failed, by=owner)


def test_what_a_deleted_connector_left_undone_is_settled_by_those_who_run_connectors(failed, owner, trail):
    Connector.objects.filter(pk=failed.connector_id).update(deleted_at=now())
    failed = ProvisionOrder.objects.get(pk=failed.pk)

    with pytest.raises(Denied):
        orders.drop(failed, by=owner, reason="No longer wanted")
    orders.by_hand(failed, by=make_user("Marcus Adeyemi", Role.CONNECTOR), reason="The connector is gone")

    assert failed.status == Status.MANUAL
