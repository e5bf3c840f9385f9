"""An order is wanted once, carried out once, and read back; what a connector cannot do people are told of."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from django.utils.timezone import now

from connectors import jobs
from connectors.actions import orders
from connectors.contract import BadCredentials, TransientError
from connectors.models import ACCESS, Account, Connector, Entitlement, OrderCall, ProvisionOrder
from connectors.queries import queue
from core.errors import NotPossible
from core.models import OutgoingMail
from tests.connectors.orders.conftest import due

Status = ProvisionOrder.Status
NEWS = "reviews.follow_order"


@pytest.fixture(autouse=True)
def listening(settings):
    settings.LISTENERS = {"connectors.order_moved": (NEWS,)}


def letters():
    return sorted(OutgoingMail.objects.exclude(letter="sync_done").values_list("letter", "to"))


def test_an_order_is_carried_out_and_read_back(
    want, work, world, trail, nudges, django_capture_on_commit_callbacks
):
    order = want(3)
    assert order.status == Status.WANTED
    del nudges[:]

    with django_capture_on_commit_callbacks(execute=True):
        order = work(order)

    assert order.status == Status.REMOVED
    assert order.removed_at
    assert order.read_back == "3 holds it no more."
    assert order.lease is None
    assert order.journal == {}
    assert ("3", "role:1:member") not in world.grants
    assert {("3", "role:2:member"), ("3", "group:7:member")} <= world.grants
    assert trail()[-3:] == ["orders.wanted", "orders.began", "orders.done"]
    assert nudges.count((NEWS, order.pk)) == 2
    assert ("connectors.read_again", order.app_id) in nudges
    asked = OrderCall.objects.filter(order=order).order_by("pk").values_list("asked", flat=True)
    assert list(asked) == ["GET /api/users", "PUT /api/users clear", "PUT /api/users"]


def test_the_same_wish_is_one_order(want, connector):
    first = want(3)

    second = want(3)

    assert second.pk == first.pk
    assert ProvisionOrder.objects.count() == 1


def test_an_order_that_is_done_and_not_proven_is_answered_too(want, work):
    done = work(want(3))

    assert want(3).pk == done.pk


def test_the_opposite_of_an_order_that_is_not_done_is_refused(want):
    want(3)

    with pytest.raises(NotPossible, match="Remove role Buyer of Person 3"):
        want(3, verb="grant")


def test_a_wish_that_access_end_disables_the_account(want, work, world):
    order = want(5, ACCESS)

    order = work(order)

    assert order.verb == ProvisionOrder.Verb.DISABLE
    assert order.status == Status.REMOVED
    assert world.accounts["5"].status == "disabled"


def test_what_nobody_may_change_is_left_to_people_from_the_beginning(
    want, connector, nudges, django_capture_on_commit_callbacks
):
    Connector.objects.filter(pk=connector.pk).update(settings={**connector.settings, "mode": "read"})

    with django_capture_on_commit_callbacks(execute=True):
        order = want(3)

    assert order.status == Status.MANUAL
    assert order.connector is None
    assert order.problem == "Coupa only reads: somebody has to do it there."
    assert ("connectors.tell_of_orders", connector.app_id) in nudges


def test_of_very_many_wishes_each_has_its_order_in_a_few_statements(
    want, connector, django_assert_max_num_queries
):
    already = want(3)
    thing = Entitlement.objects.get(external_id="role:1:member")
    accounts = list(Account.objects.select_related("app").order_by("external_id"))
    wishes = [orders.Wish(each, thing, "revoke", "Denied.") for each in accounts]

    with django_assert_max_num_queries(14):
        made = orders.want_many(wishes, by=None)

    assert [order.account for order in made] == accounts
    assert already in made
    assert ProvisionOrder.objects.count() == 12


def test_an_order_waits_for_its_time(want, work, connector):
    account = Account.objects.get(external_id="3")
    thing = Entitlement.objects.get(external_id="role:1:member")
    tomorrow = now() + timedelta(hours=24)
    order = orders.want(account, thing, verb="revoke", reason="Denied.", by=None, not_before=tomorrow)

    assert work(order).status == Status.WANTED


def test_an_order_that_is_tried_again_waits_for_the_time_of_the_new_wish(want, work, connector):
    failed = want(3)
    ProvisionOrder.objects.filter(pk=failed.pk).update(status=Status.FAILED)
    tomorrow = now() + timedelta(hours=24)

    again = orders.want(
        failed.account,
        failed.entitlement,
        verb="revoke",
        reason="Denied.",
        by=None,
        not_before=tomorrow,
    )

    assert again.pk == failed.pk
    assert work(again).status == Status.WANTED
    assert ProvisionOrder.objects.get().due_at == tomorrow


def test_an_order_waits_while_its_connector_is_paused(want, work, connector):
    order = want(3)
    Connector.objects.filter(pk=connector.pk).update(paused_at=now())

    assert work(order).status == Status.WANTED
    assert order.pk not in queue.waiting()

    Connector.objects.filter(pk=connector.pk).update(paused_at=None)
    assert work(order).status == Status.REMOVED


@pytest.mark.parametrize(
    "changed",
    [
        {"settings": {"mode": "read"}},
        {"source": "coupa:test.coupahost.com"},
        {"deleted_at": now()},
    ],
)
def test_no_order_goes_out_through_a_connector_that_is_no_longer_what_it_was(
    changed, want, work, connector, world
):
    order = want(3)
    Connector.objects.filter(pk=connector.pk).update(**changed)

    order = work(order)

    assert order.status == Status.MANUAL
    assert ("3", "role:1:member") in world.grants
    assert OrderCall.objects.count() == 0


def test_a_passing_trouble_is_waited_out(want, work, habits):
    order = want(3)
    habits.troubles = [TransientError("Coupa is busy.")]

    order = work(order)
    assert order.status == Status.SENT
    assert order.problem == "Coupa is busy."
    assert order.due_at > now()

    due(order)
    assert work(order).status == Status.REMOVED


def test_after_five_tries_people_do_it(want, work, habits, trail, app_owner):
    order = want(3)
    habits.troubles = [TransientError("Coupa is busy.")] * 5

    for _ in range(5):
        due(order)
        order = work(order)

    assert order.status == Status.MANUAL
    assert order.problem == "Coupa is busy. Tried 5 times."
    assert trail()[-1] == "orders.by_hand"
    jobs.tell_of_orders(order.app_id)
    assert letters() == [("order_by_hand", app_owner.email)]


def test_what_the_app_accepts_and_keeps_people_do(want, work, habits, world):
    habits.keeps = {"role:1:member"}

    order = work(want(3))

    assert order.status == Status.MANUAL
    assert order.problem == "The app accepted it and kept it."
    assert order.removed_at is None


def test_where_a_person_has_to_mend_something_the_order_has_failed(want, work, habits, trail, owner):
    habits.troubles = [BadCredentials("Coupa refused the client ID and secret.")]

    order = work(want(3))

    assert order.status == Status.FAILED
    assert trail()[-1] == "orders.failed"
    jobs.tell_of_orders(order.app_id)
    assert letters() == [("order_failed", owner.email)]


def test_people_hear_of_many_orders_in_one_letter_and_of_none_twice(want, work, habits, app_owner, nudges):
    habits.keeps = {"role:1:member"}
    order = want(3)
    for number in (1, 2):
        work(want(number))
    work(order)

    jobs.tell_of_orders(order.app_id)
    work(want(4))
    jobs.tell_of_orders(order.app_id)

    letter = OutgoingMail.objects.get(letter="order_by_hand")
    assert letter.subject == "3 changes to be made by hand in Coupa"
    assert "Take the role Buyer from Person 3 (login3, person3@meridian.example, id 3)." in letter.text

    ProvisionOrder.objects.filter(told_at__isnull=False).update(told_at=now() - timedelta(hours=2))
    jobs.sweep()
    jobs.tell_of_orders(order.app_id)
    assert OutgoingMail.objects.filter(letter="order_by_hand").count() == 2


def test_a_fault_of_ours_fails_the_order_and_is_raised(want, habits):
    order = want(3)
    habits.troubles = [ZeroDivisionError("division by zero")]

    with pytest.raises(ZeroDivisionError):
        jobs.carry_out(order.pk)

    order.refresh_from_db()
    assert order.status == Status.FAILED
    assert "Reeve itself failed" in order.problem


def test_two_workers_never_hold_one_order(want):
    order = want(3)

    assert orders.claim(order.pk) is not None
    assert orders.claim(order.pk) is None


def test_one_wish_at_a_time_is_made_about_one_account(want):
    role, group = want(3), want(3, "group:7:member")
    held = orders.claim(role.pk)
    assert held is not None

    assert orders.claim(group.pk) is None
    assert queue.waiting() == []

    held.release(journal={"rest": ["role:2:member"]}, due_at=now())
    assert orders.claim(group.pk) is None
    assert orders.claim(role.pk) is not None


def test_an_order_done_tells_of_the_next(want, work, nudges, django_capture_on_commit_callbacks):
    first, second = want(3), want(4)
    del nudges[:]

    with django_capture_on_commit_callbacks(execute=True):
        work(first)

    assert ("connectors.carry_out", second.pk) in nudges


def test_the_database_itself_lets_one_order_in_hand_about_an_account(want):
    role, group = want(3), want(3, "group:7:member")
    ProvisionOrder.objects.filter(pk=role.pk).update(lease=uuid4())

    with pytest.raises(IntegrityError), transaction.atomic():
        ProvisionOrder.objects.filter(pk=group.pk).update(lease=uuid4())


def test_of_two_who_want_the_same_at_once_one_is_answered_with_the_order_of_the_other(want, monkeypatch):
    first, looked = want(3), orders._undone
    blind = [True]

    def too_early(wishes):
        return {} if blind and blind.pop() else looked(wishes)

    monkeypatch.setattr(orders, "_undone", too_early)

    assert want(3).pk == first.pk
    assert ProvisionOrder.objects.count() == 1


def test_who_wants_again_what_has_failed_has_it_tried_again(want, work, habits, trail):
    habits.troubles = [BadCredentials("Coupa refused the client ID and secret.")]
    failed = work(want(3))

    again = want(3)

    assert again.pk == failed.pk
    assert again.status == Status.WANTED
    assert trail()[-1] == "orders.tried_again"


def test_who_wants_again_what_no_connector_could_do_has_it_carried_out_once_one_can(want, work, connector):
    Connector.objects.filter(pk=connector.pk).update(settings={**connector.settings, "mode": "read"})
    by_hand = want(3)
    assert want(3).status == Status.MANUAL
    Connector.objects.filter(pk=connector.pk).update(settings=connector.settings)

    again = want(3)

    assert again.pk == by_hand.pk
    assert work(again).status == Status.REMOVED


def test_what_the_app_keeps_is_not_tried_again_by_wanting_it_again(want, work, habits):
    habits.keeps = {"role:1:member"}
    kept = work(want(3))

    assert want(3).status == Status.MANUAL
    assert want(3).pk == kept.pk
