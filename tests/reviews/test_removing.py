"""Removals carried through."""

from datetime import timedelta

import pytest
from django.utils.timezone import now

from connectors.models import Account, ProvisionOrder, Tag
from core.errors import Denied, NotPossible
from core.models import Role, TrailEvent, User
from reviews import jobs
from reviews.actions import removals, removing
from reviews.models import Campaign, Removal
from tests.make import make_connected, make_user
from tests.reviews.making import make_grants, make_running

pytestmark = pytest.mark.django_db
Status, Order = Removal.Status, ProvisionOrder.Status


@pytest.fixture
def owner(db):
    return make_user("Olga Berg", Role.CAMPAIGN)


@pytest.fixture
def app_owner(db):
    return make_user("Tom Okafor", Role.BASIC)


@pytest.fixture
def campaign(owner, app_owner, nudges):
    campaign = make_running(make_grants(3), make_user("Rui Costa"), owner)
    app = campaign.tasks.earliest("line_no").app
    app.ownerships.create(user=app_owner)
    make_connected(make_user("Connie Admin"), app=app)  # it only reads
    campaign.tasks.update(status="denied")
    removals.open_for(list(campaign.tasks.order_by("line_no")), None)
    return campaign


def rows():
    return list(Removal.objects.select_related("task", "campaign", "app", "order").order_by("pk"))


def confirmed(app_owner):
    removing.confirm(rows(), by=app_owner)
    jobs.order_removals(rows()[0].campaign_id)
    return rows()


def test_the_owner_of_the_app_confirms_in_bulk_and_orders_are_made(
    campaign, app_owner, nudges, trail, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        assert removing.confirm(rows(), by=app_owner) == 3
    assert nudges == [("reviews.order_removals", campaign.pk)]
    jobs.order_removals(campaign.pk)
    jobs.order_removals(campaign.pk)

    assert {row.confirmed_by for row in rows()} == {app_owner}
    assert {row.status for row in rows()} == {Status.BY_HAND}
    assert {row.order.status for row in rows()} == {Order.MANUAL}
    assert "only reads" in rows()[0].problem
    assert rows()[0].order.reason == "Denied in Coupa access, Q4, line 1, by its closing rule."
    assert trail().count("removals.ordered") == ProvisionOrder.objects.count() == 3
    assert removing.confirm(rows(), by=app_owner) == 0


def test_all_that_waits_is_confirmed_by_one_act_however_many_it_is(campaign, app_owner, monkeypatch, trail):
    monkeypatch.setattr(removing, "CHUNK", 2)
    waiting = Removal.objects.filter(campaign=campaign)

    done = removing.confirm_all(waiting, by=app_owner)

    assert (done.number, done.own) == (3, 0)
    assert {row.confirmed_by for row in rows()} == {app_owner}
    events = TrailEvent.objects.filter(action="removals.confirmed").order_by("pk")
    assert [event.change["number"] for event in events] == [2, 1]
    named = [pk for event in events for pk in event.change["removals"]]
    assert named == [row.pk for row in rows()]
    with pytest.raises(NotPossible, match="Nothing waits for you"):
        removing.confirm_all(waiting, by=app_owner)


def test_all_is_only_what_waits_for_oneself_and_concerns_others(campaign, owner, app_owner):
    first, *_ = rows()
    Account.objects.filter(pk=first.task.account_id).update(person=app_owner)

    with pytest.raises(NotPossible, match="Nothing waits for you"):
        removing.confirm_all(Removal.objects.all(), by=owner)
    done = removing.confirm_all(Removal.objects.all(), by=app_owner)
    with pytest.raises(Denied, match="your own access"):
        removing.confirm_all(Removal.objects.all(), by=app_owner)

    assert (done.number, done.own) == (2, 1)
    assert [row.confirmed_by for row in rows()] == [None, app_owner, app_owner]


@pytest.mark.parametrize("who", ["campaign owner", "super", "another app's", "deactivated"])
def test_nobody_but_an_owner_of_the_app_confirms(campaign, owner, who):
    person = {
        "campaign owner": owner,
        "super": make_user("Ada Lindgren", Role.SUPER),
        "another app's": make_user("Kim Sorensen"),
        "deactivated": make_user("Peter Kovacs", status="deactivated"),
    }[who]

    with pytest.raises(Denied, match="Its owners: Tom Okafor"):
        removing.confirm(rows(), by=person)

    assert {row.confirmed_at for row in rows()} == {None}


def test_nothing_is_taken_away_for_a_campaign_that_was_cancelled(campaign, app_owner):
    Campaign.objects.update(status=Campaign.Status.CANCELLED)

    assert removing.confirm(rows(), by=app_owner) == 0
    jobs.order_removals(campaign.pk)

    assert not ProvisionOrder.objects.exists()


def test_after_a_hold_of_a_day_orders_wait_for_its_end(campaign):
    Campaign.objects.update(when_removed="after_a_day")
    Removal.objects.update(confirmed_at=now())

    jobs.order_removals(campaign.pk)

    due = ProvisionOrder.objects.values_list("due_at", flat=True)
    assert min(due) > now() + timedelta(hours=23)


def test_done_by_hand_is_removed_and_not_yet_proven(campaign, app_owner, trail):
    first = confirmed(app_owner)[0]

    removing.done_by_hand(first, by=app_owner, how="Taken out of the role in Coupa")

    first = rows()[0]
    assert (first.status, first.order.status) == (Status.REMOVED, Order.REMOVED)
    assert first.removed_at
    assert first.proven_at is None
    assert trail()[-1] == "removals.done_by_hand"
    with pytest.raises(NotPossible, match="not one to be removed by hand"):
        removing.done_by_hand(first, by=app_owner, how="Again")


def test_who_only_reads_takes_nothing_away(campaign, app_owner):
    app_owner.holdings.update(role=Role.READ_ONLY)

    with pytest.raises(Denied, match="only reads"):
        removing.confirm(rows(), by=app_owner)

    assert not Removal.objects.confirmable_by(app_owner).exists()
    assert {each.confirmed_at for each in rows()} == {None}


def test_an_exception_has_a_reason_and_takes_its_order_back(campaign, owner, app_owner):
    first = confirmed(app_owner)[0]
    with pytest.raises(NotPossible, match="Give a reason"):
        removing.except_([first], by=owner, reason="  ")

    removing.except_([first], by=owner, reason="Needed until the year-end close")

    first = rows()[0]
    assert (first.status, first.excepted_by) == (Status.EXCEPTED, owner)
    assert first.order.status == Order.DROPPED
    event = TrailEvent.objects.latest("pk")
    assert (event.action, event.change["reason"]) == ("removals.excepted", "Needed until the year-end close")


def test_nobody_excepts_the_removal_of_their_own_access(campaign, owner, app_owner):
    first = rows()[0]
    first.task.account.person = owner
    first.task.account.save()

    with pytest.raises(Denied, match="your own access"):
        removing.except_([first], by=owner, reason="I need it")
    with pytest.raises(Denied, match="Only an owner of"):
        removing.except_([first], by=app_owner, reason="She needs it")

    assert rows()[0].status == Status.WAITING


def test_an_owner_of_the_app_leaves_the_removal_of_their_own_access_to_another(campaign, app_owner, trail):
    """Theirs by the number that an account of nobody's bears."""
    User.objects.filter(pk=app_owner.pk).update(employee_id="e-77")
    first, second, _ = rows()
    Account.objects.filter(pk=first.task.account_id).update(login="E-77 ")

    assert removing.confirm([first, second], by=app_owner) == 1
    with pytest.raises(Denied, match="Line 1 is about your own access"):
        removing.confirm([first], by=app_owner)

    assert [each.confirmed_by for each in rows()] == [None, app_owner, None]
    assert trail().count("removals.confirmed") == 1


def test_nobody_says_that_their_own_access_is_gone_or_orders_it_again(campaign, app_owner, trail):
    first = confirmed(app_owner)[0]
    Account.objects.filter(pk=first.task.account_id).update(person=app_owner)
    before = trail()

    with pytest.raises(Denied, match="Line 1 is about your own access"):
        removing.done_by_hand(first, by=app_owner, how="Taken out of the role in Coupa")
    with pytest.raises(Denied, match="Line 1 is about your own access"):
        removing.order_again(first, by=app_owner)

    assert rows()[0].status == Status.BY_HAND
    assert trail() == before


def test_one_that_failed_is_ordered_again(campaign, app_owner):
    first = confirmed(app_owner)[0]
    ProvisionOrder.objects.filter(pk=first.order_id).update(status=Order.DROPPED)
    jobs.follow_order(first.order_id)
    assert "was dropped" in rows()[0].problem

    removing.order_again(rows()[0], by=app_owner)

    again = rows()[0]
    assert again.order_id != first.order_id
    assert again.status == Status.BY_HAND


def test_a_grave_line_asks_for_a_look_back(campaign, app_owner, trail):
    Tag.objects.get_or_create(kind="risk", name="Critical", defaults={"is_grave": True})
    first, second = rows()[:2]
    first.task.risk = "Critical"
    answer = {"used": "no", "cause": "Never taken away after a move", "deficiency": "yes"}

    assert removing.is_grave(first)
    assert not removing.is_grave(second)
    removing.look_back(first, by=app_owner, **answer)

    first.refresh_from_db()
    assert answer.items() <= first.lookback.items()
    assert trail()[-1] == "removals.looked_back"
    with pytest.raises(Denied):
        removing.look_back(first, by=make_user("Kim Sorensen"), **answer)


def test_nothing_is_ordered_again_or_said_to_be_done_for_a_campaign_that_was_cancelled(campaign, app_owner):
    first = confirmed(app_owner)[0]
    Campaign.objects.update(status=Campaign.Status.CANCELLED)

    with pytest.raises(NotPossible, match="was cancelled"):
        removing.order_again(first, by=app_owner)
    with pytest.raises(NotPossible, match="was cancelled"):
        removing.done_by_hand(first, by=app_owner, how="Taken out of the role")

    assert rows()[0].status == Status.BY_HAND
    assert ProvisionOrder.objects.count() == 3


def test_nobody_looks_back_once_it_is_over_however_old_their_page(campaign, app_owner):
    first = rows()[0]
    assert first.campaign.status == "running"
    Campaign.objects.update(status=Campaign.Status.SIGNED_OFF)

    with pytest.raises(NotPossible, match="is over"):
        removing.look_back(first, by=app_owner, used="no", cause="Never taken away", deficiency="no")

    assert rows()[0].lookback == {}


@pytest.mark.parametrize(
    ("status", "sentence"), [(Status.CAME_BACK, "has a newer removal"), (Status.PROVEN, "is proven gone")]
)
def test_only_what_is_still_to_be_removed_is_excepted(campaign, owner, status, sentence):
    first = rows()[0]
    Removal.objects.filter(pk=first.pk).update(status=status)
    removals.open_for([first.task], None)

    with pytest.raises(NotPossible, match=sentence):
        removing.except_(rows()[:2], by=owner, reason="Needed")

    assert not Removal.objects.filter(status=Status.EXCEPTED).exists()
