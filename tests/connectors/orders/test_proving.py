"""A run proves what it no longer sees, finds what came back, and says nothing of what it was not told."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils.timezone import now

from connectors import jobs
from connectors.actions import orders, proving, retrying, runs
from connectors.models import ACCESS, Account, Connector, Entitlement, ProvisionOrder, SyncRun, Tag
from connectors.sync.engine import walk
from core.errors import NotPossible
from core.models import OutgoingMail
from tests.connectors.orders.conftest import due
from tests.connectors.orders.world import WorldChanger

Status = ProvisionOrder.Status
NEWS = "reviews.follow_order"


@pytest.fixture(autouse=True)
def listening(settings):
    settings.LISTENERS = {"connectors.order_moved": (NEWS,), "connectors.run_done": ("reviews.follow_run",)}


def now_of(order):
    return ProvisionOrder.objects.get(pk=order.pk)


def alarms():
    return sorted(OutgoingMail.objects.filter(letter="order_came_back").values_list("to", flat=True))


def test_a_later_run_that_does_not_see_it_proves_it(
    want, work, sync, trail, nudges, django_capture_on_commit_callbacks
):
    order = work(want(3))
    del nudges[:]

    with django_capture_on_commit_callbacks(execute=True):
        run = sync()

    order = now_of(order)
    assert order.status == Status.PROVEN
    assert order.proven_run == run
    assert order.proven_at
    assert "orders.proven" in trail()
    assert (NEWS, order.pk) in nudges
    assert ("reviews.follow_run", str(run.pk)) in nudges


def test_a_run_that_began_before_the_order_was_done_proves_nothing(
    want, work, sync, connector, world, habits
):
    order = want(3)
    run = runs.claim(str(runs.start(Connector.objects.get(pk=connector.pk), by=None).pk))
    assert run is not None
    walk(run, WorldChanger(world, habits, lambda _: None))
    order = work(order)

    runs.finish(run)

    assert now_of(order).status == Status.REMOVED


def test_what_is_still_seen_after_it_was_said_to_be_done_came_back(
    want, work, sync, world, trail, owner, app_owner
):
    order = work(want(3))
    world.give("role:1:member", 3)

    run = sync()

    order = now_of(order)
    assert order.status == Status.CAME_BACK
    assert order.came_back_run == run
    assert "orders.came_back" in trail()
    assert alarms() == sorted([owner.email, app_owner.email])


def test_what_was_proven_and_is_seen_again_came_back(want, work, sync, world, owner, app_owner):
    order = work(want(3))
    sync()
    world.give("role:1:member", 3)

    sync()

    assert now_of(order).status == Status.CAME_BACK
    assert len(alarms()) == 2

    sync()
    assert len(alarms()) == 2


def test_what_somebody_asked_for_again_has_not_come_back(want, work, sync, world):
    taken = work(want(3))
    sync()
    given = work(want(3, verb="grant"))

    sync()

    assert now_of(taken).status == Status.PROVEN
    assert now_of(given).status == Status.PROVEN
    assert alarms() == []


def test_after_it_came_back_it_can_be_wanted_again(want, work, sync, world):
    first = work(want(3))
    sync()
    world.give("role:1:member", 3)
    sync()

    again = work(want(3))
    sync()

    assert again.pk != first.pk
    assert [now_of(each).status for each in (first, again)] == [Status.CAME_BACK, Status.PROVEN]


def test_a_run_proves_what_people_did_whether_they_said_so_or_not(want, work, sync, world, habits, app_owner):
    habits.keeps = {"role:1:member"}
    said, unsaid, undone = work(want(3)), work(want(4)), work(want(5))
    orders.done_by_hand(now_of(said), by=app_owner, reason="Taken away in Coupa")
    world.take("role:1:member", 3, 4)

    sync()

    assert now_of(said).status == Status.PROVEN
    assert now_of(said).done_by == app_owner
    assert now_of(unsaid).status == Status.PROVEN
    assert now_of(undone).status == Status.MANUAL


def test_who_said_that_it_is_done_and_did_not_do_it_is_found_out(want, work, sync, habits, app_owner):
    habits.keeps = {"role:1:member"}
    order = work(want(3))
    orders.done_by_hand(order, by=app_owner, reason="Taken away in Coupa")

    sync()

    assert now_of(order).status == Status.CAME_BACK


def test_an_order_that_was_fulfilled_before_a_worker_came_is_proven(want, sync, world):
    order = want(3)
    world.take("role:1:member", 3)

    sync()

    assert now_of(order).status == Status.PROVEN
    assert orders.claim(order.pk) is None


def test_a_kind_that_could_not_be_read_proves_nothing_and_nothing_came_back(want, work, sync, world):
    order = work(want(3))
    group = work(want(5, "group:7:member"))
    world.gaps = {"role": "Coupa answered 403."}

    sync()

    assert now_of(order).status == Status.REMOVED
    assert now_of(group).status == Status.PROVEN


def test_what_the_app_is_silent_about_is_neither_proven_nor_back(want, work, sync, world):
    order = work(want(3))
    world.silent = {("3", "role:1:member")}

    sync()

    assert now_of(order).status == Status.REMOVED


def test_a_disabled_account_proves_that_access_is_gone(want, work, sync):
    order = work(want(5, ACCESS))

    sync()

    assert now_of(order).status == Status.PROVEN


def test_an_account_that_is_gone_proves_all_that_it_was_to_lose(want, work, sync, world, habits):
    habits.keeps = {"role:1:member"}
    access, role = want(5, ACCESS), work(want(5))
    world.remove(5)

    sync()

    assert now_of(access).status == Status.PROVEN
    assert now_of(role).status == Status.PROVEN


def test_an_account_of_unknown_status_proves_nothing(want, work, sync, world):
    order = work(want(5, ACCESS))
    world.accounts["5"] = replace(world.accounts["5"], status="unknown")

    sync()

    assert now_of(order).status == Status.REMOVED


def test_an_app_without_orders_costs_one_question(connector, sync, django_assert_max_num_queries):
    run = SyncRun.objects.select_related("connector").get(pk=sync().pk)

    with django_assert_max_num_queries(1):
        proving.prove(run)


def test_very_many_orders_are_proven_in_a_few_statements(
    connector, sync, world, want, django_assert_max_num_queries
):
    thing = Entitlement.objects.get(external_id="role:1:member")
    accounts = Account.objects.select_related("app")
    orders.want_many([orders.Wish(each, thing, "revoke", "Denied.") for each in accounts], by=None)
    ProvisionOrder.objects.update(status=Status.REMOVED, removed_at=now())
    run = sync()
    ProvisionOrder.objects.update(status=Status.REMOVED, removed_at=run.created_at - timedelta(hours=1))
    thing.grants.update(gone_at=now())

    with django_assert_max_num_queries(6):
        proving.prove(run)

    assert set(ProvisionOrder.objects.values_list("status", flat=True)) == {Status.PROVEN}


def test_once_the_last_order_is_done_the_app_is_read_again_once(want, work, connector):
    first, second = want(3), want(4)
    before = SyncRun.objects.count()

    work(first)
    jobs.read_again(connector.app_id)
    assert SyncRun.objects.count() == before

    work(second)
    jobs.read_again(connector.app_id)
    jobs.read_again(connector.app_id)

    run = SyncRun.objects.latest("id")
    assert SyncRun.objects.count() == before + 1
    assert "It is to prove 2 orders that are done." in run.log.values_list("text", flat=True)

    jobs.run_sync(str(run.pk))
    assert set(ProvisionOrder.objects.values_list("status", flat=True)) == {Status.PROVEN}
    jobs.read_again(connector.app_id)
    assert SyncRun.objects.count() == before + 1


def test_a_run_that_leaves_an_order_unproven_is_not_repeated_for_ever(want, work, connector, world):
    work(want(3))
    world.gaps = {"role": "Coupa answered 403."}
    jobs.read_again(connector.app_id)
    run = SyncRun.objects.latest("id")
    jobs.run_sync(str(run.pk))

    jobs.read_again(connector.app_id)

    assert SyncRun.objects.latest("id") == run


def test_the_sweeper_finds_orders_whose_nudge_was_lost(
    want, work, nudges, connector, django_capture_on_commit_callbacks
):
    waiting, done = want(3), work(want(4))
    del nudges[:]

    with django_capture_on_commit_callbacks(execute=True):
        jobs.sweep()

    assert ("connectors.carry_out", waiting.pk) in nudges
    assert ("connectors.carry_out", done.pk) not in nudges
    assert ("connectors.read_again", connector.app_id) in nudges
    due(waiting)


def test_what_was_ordered_is_no_loss_that_the_guard_would_hold(want, work, sync, world):
    """Half of a role's holders, a grave one emptied, accounts disabled: all of it was wanted."""
    sync()
    Tag.objects.update_or_create(kind=Tag.Kind.RISK, name="High", defaults={"is_grave": True, "rank": 3})
    Entitlement.objects.filter(external_id="role:2:member").update(risk="High")
    made = [want(number) for number in range(1, 7)]
    made += [want(3, "role:2:member"), want(4, "role:2:member"), want(9, ACCESS), want(10, ACCESS)]
    for order in made:
        work(order)

    run = sync()

    assert run.status == SyncRun.Status.DONE
    assert {now_of(order).status for order in made} == {Status.PROVEN}


def test_what_goes_beside_what_was_ordered_is_still_held(want, work, sync, world):
    work(want(3))
    world.take("role:1:member", 6, 7, 8)

    run = sync()

    assert run.status == SyncRun.Status.HELD
    assert run.problem.startswith("Grants: 3 of 19 would disappear")


@pytest.mark.parametrize("is_proven", [True, False])
def test_what_was_given_and_is_seen_no_more_went_away_again(
    is_proven, want, work, sync, world, trail, app_owner, sign_in
):
    order = work(want(5, entitlement="role:2:member", verb="grant"))
    if is_proven:
        sync()
        assert now_of(order).status == Status.PROVEN
    world.take("role:2:member", 5)

    run = sync()
    sync()

    order = now_of(order)
    assert (order.status, order.came_back_run, order.status_words) == (
        Status.CAME_BACK,
        run,
        "Went away again",
    )
    assert trail().count("orders.went_away") == 1
    assert "orders.came_back" not in trail()
    assert alarms() == []
    page = sign_in(app_owner).get(reverse("connectors:order", args=[order.pk])).content.decode()
    assert "It went away again" in page
    assert "Remove again" not in page
    with pytest.raises(NotPossible, match="nothing to be removed"):
        retrying.want_again(order, by=app_owner)


def test_what_was_given_and_taken_on_purpose_has_not_gone_away(want, work, sync, trail):
    given = work(want(5, entitlement="role:2:member", verb="grant"))
    sync()
    taken = work(want(5, entitlement="role:2:member"))

    sync()

    assert [now_of(each).status for each in (given, taken)] == 2 * [Status.PROVEN]
    assert "orders.went_away" not in trail()
