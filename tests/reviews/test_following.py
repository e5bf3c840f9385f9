"""What orders and syncs bring to lines and removals."""

from typing import Any

import pytest
from django.utils.timezone import now

from connectors.models import Grant, ProvisionOrder
from core.models import OutgoingMail, Role, TrailEvent
from reviews import jobs
from reviews.actions import following, removals, removing, turns
from reviews.models import Campaign, PopulationSource, Progress, Removal, ReviewTask, Turn
from reviews.queries.evidence import evidence_lines
from tests.make import make_connected, make_grant, make_run, make_user
from tests.reviews.making import make_grants, make_running, removes_nothing

pytestmark = pytest.mark.django_db
Status, Order = Removal.Status, ProvisionOrder.Status


@pytest.fixture
def owner(db):
    return make_user("Olga Berg", Role.CAMPAIGN)


@pytest.fixture
def app_owner(db):
    return make_user("Tom Okafor", Role.BASIC)


@pytest.fixture
def asked_anew(monkeypatch):
    """Lines that were routed again."""
    asked: list[object] = []
    monkeypatch.setattr(
        turns, "enter_step", lambda tasks, step: asked.extend((each.line_no, step) for each in tasks)
    )
    return asked


@pytest.fixture
def campaign(owner, app_owner, nudges):
    campaign = make_running(make_grants(3), make_user("Rui Costa"), owner)
    app = campaign.tasks.earliest("line_no").app
    app.ownerships.create(user=app_owner)
    connector = make_connected(make_user("Connie Admin"), app=app)
    PopulationSource.objects.create(
        campaign=campaign, connector=connector, source=connector.source, run=make_run(connector)
    )
    return campaign


def deny(campaign, *numbers):
    lines = campaign.tasks.filter(line_no__in=numbers)
    lines.update(status="denied")
    removals.open_for(list(lines), None)


def ordered(campaign, app_owner, *numbers):
    deny(campaign, *numbers)
    removing.confirm(list(Removal.objects.all()), by=app_owner)
    jobs.order_removals(campaign.pk)
    return Removal.objects.order_by("pk").first()


def ends(campaign, *numbers):
    """A complete run no longer sees these grants."""
    run = make_run(campaign.sources.get().connector)
    grants = campaign.tasks.filter(line_no__in=numbers).values("grant")
    Grant.objects.filter(pk__in=grants).update(gone_at=now(), gone_run=run.pk)
    return run


def sees_again(campaign, number):
    task = campaign.tasks.get(line_no=number)
    make_grant(task.account, task.entitlement)
    return make_run(campaign.sources.get().connector)


@pytest.mark.parametrize(
    ("order", "removal", "told"),
    [
        (Order.SENT, Status.REMOVING, None),
        (Order.REMOVED, Status.REMOVED, "removals.removed"),
        (Order.PROVEN, Status.PROVEN, "removals.proven"),
        (Order.FAILED, Status.FAILED, "removals.failed"),
    ],
)
def test_a_removal_stands_where_its_order_stands(campaign, app_owner, trail, order, removal, told):
    first = ordered(campaign, app_owner, 1)
    at = now()
    run = make_run(campaign.sources.get().connector).pk
    proven = {"removed_at": at, "proven_at": at, "proven_run_id": run}
    times: dict[str, dict[str, Any]] = {Order.REMOVED: {"removed_at": at}, Order.PROVEN: proven}
    ProvisionOrder.objects.update(status=order, problem="", **times.get(order, {}))

    assert list(following.orders_to_follow()) == [first.order_id]
    jobs.follow_order(first.order_id)
    jobs.follow_order(first.order_id)

    first.refresh_from_db()
    assert first.status == removal
    assert (first.removed_at, first.proven_at, first.proven_run) == tuple(
        times.get(order, {}).get(name) for name in ("removed_at", "proven_at", "proven_run_id")
    )
    assert [each for each in trail() if each == told] == ([told] if told else [])
    assert not list(following.orders_to_follow())


def test_what_comes_back_while_it_runs_is_asked_about_again_and_not_taken_away_before(
    campaign, owner, app_owner, asked_anew, trail
):
    first = ordered(campaign, app_owner, 1)
    ProvisionOrder.objects.update(status=Order.CAME_BACK)

    jobs.follow_order(first.order_id)
    jobs.follow_order(first.order_id)

    assert Removal.objects.get().status == Status.CAME_BACK
    assert campaign.tasks.get(line_no=1).status == ReviewTask.Status.OPEN
    assert asked_anew == [(1, 1)]
    assert trail()[-1] == "removals.came_back"
    assert TrailEvent.objects.get(action="removals.came_back").severity == "error"
    letter = OutgoingMail.objects.get()
    assert letter.recipient == owner
    assert letter.subject == "Coupa: access came back after it had been removed"


def test_what_came_back_is_removed_once_it_is_denied_again_and_never_if_it_is_certified(
    campaign, app_owner, asked_anew
):
    first = ordered(campaign, app_owner, 1, 2)
    ProvisionOrder.objects.update(status=Order.CAME_BACK)
    for order in ProvisionOrder.objects.values_list("pk", flat=True):
        jobs.follow_order(order)
    campaign.tasks.filter(line_no=2).update(status="certified")

    deny(campaign, 1)

    assert Removal.objects.exclude(status=Status.CAME_BACK).get().task_id == first.task_id


@pytest.mark.parametrize(("before", "after"), [("closed", "remediation"), ("signed_off", "signed_off")])
def test_after_closing_a_return_keeps_the_line_denied_and_a_new_removal_open(
    campaign, app_owner, asked_anew, before, after
):
    first = ordered(campaign, app_owner, 1)
    Campaign.objects.update(status=before)
    ProvisionOrder.objects.update(status=Order.CAME_BACK)

    jobs.follow_order(first.order_id)

    campaign.refresh_from_db()
    assert campaign.status == after
    assert campaign.tasks.get(line_no=1).status == ReviewTask.Status.DENIED
    assert Removal.objects.open().filter(status=Status.WAITING).count() == 1
    assert asked_anew == []


def test_what_comes_back_after_closing_is_removed_again_where_the_policy_removes_nothing(
    campaign, app_owner, asked_anew
):
    first = ordered(campaign, app_owner, 1)
    removes_nothing(campaign)
    Campaign.objects.update(status="closed")
    ProvisionOrder.objects.update(status=Order.CAME_BACK)

    jobs.follow_order(first.order_id)

    assert Removal.objects.open().get().task_id == first.task_id


def test_an_excepted_removal_stays_one_until_it_is_proven(campaign, owner, app_owner):
    first = ordered(campaign, app_owner, 1)
    removing.except_([first], by=owner, reason="Needed until the close")
    jobs.follow_order(first.order_id)
    assert Removal.objects.get().status == Status.EXCEPTED

    run = ends(campaign, 1)
    jobs.follow_run(run.pk)

    proven = Removal.objects.get()
    assert (proven.status, proven.proven_run) == (Status.PROVEN, run.pk)
    [told] = [each.removal for each in evidence_lines(campaign) if each.removal]
    assert told.proven_run == run.pk  # its order knows of none


@pytest.mark.parametrize(
    ("status", "stands"), [("remediation", Status.PROVEN), ("signed_off", Status.EXCEPTED)]
)
def test_an_exception_that_was_signed_stays_one_though_its_order_is_proven(
    campaign, owner, app_owner, trail, status, stands
):
    first = ordered(campaign, app_owner, 1)
    removing.except_([first], by=owner, reason="Needed until the close")
    ProvisionOrder.objects.update(status=Order.PROVEN, removed_at=now(), proven_at=now())
    Campaign.objects.update(status=status)

    jobs.follow_order(first.order_id)

    assert Removal.objects.get().status == stands
    assert ("removals.proven" in trail()) == (stands == Status.PROVEN)


def test_a_run_proves_no_exception_of_a_campaign_that_was_signed_while_its_runs_were_followed(
    campaign, owner, app_owner, monkeypatch
):
    first = ordered(campaign, app_owner, 1)
    removing.except_([first], by=owner, reason="Needed until the close")
    run, hold = ends(campaign, 1), following._hold

    def signed(campaigns):
        Campaign.objects.update(status="signed_off")
        return hold(campaigns)

    monkeypatch.setattr(following, "_hold", signed)
    jobs.follow_run(run.pk)

    assert Removal.objects.get().status == Status.EXCEPTED


def test_lines_whose_access_a_run_ended_are_cancelled(campaign, trail):
    ReviewTask.objects.filter(line_no=2).update(status="certified")
    run = ends(campaign, 1, 2)

    assert list(following.to_follow()) == [run.pk]
    jobs.follow_run(run.pk)
    jobs.follow_run(run.pk)

    lines = campaign.tasks.order_by("line_no").values_list("status", "status_reason")
    assert list(lines) == [
        ("cancelled", f"Gone meanwhile: sync {run.pk} no longer saw it."),
        ("certified", ""),
        ("open", ""),
    ]
    assert Turn.objects.get(line_no=1).status == Turn.Status.ENDED
    assert Progress.objects.get().open == 2
    assert trail() == ["lines.cancelled"]
    assert not list(following.to_follow())


def test_a_run_that_is_not_done_and_one_before_the_freeze_cancel_nothing(campaign):
    run = ends(campaign, 1)
    type(run).objects.filter(pk=run.pk).update(status="failed")
    jobs.follow_run(run.pk)
    frozen = campaign.sources.get()
    Grant.objects.update(gone_run=frozen.run_id)
    jobs.follow_run(frozen.run_id)

    assert {each.status for each in campaign.tasks.all()} == {"open"}


def test_a_cancelled_line_opens_again_if_its_access_is_seen_again(campaign, asked_anew, trail):
    jobs.follow_run(ends(campaign, 1).pk)

    run = sees_again(campaign, 1)
    jobs.follow_run(run.pk)

    first = campaign.tasks.get(line_no=1)
    assert (first.status, first.status_reason) == ("open", f"Seen again by sync {run.pk}.")
    assert asked_anew == [(1, 1)]
    assert trail()[-1] == "lines.seen_again"


@pytest.mark.parametrize(("status", "line"), [("closed", "excepted"), ("signed_off", "cancelled")])
def test_after_closing_it_becomes_an_exception_and_after_sign_off_stays(campaign, asked_anew, status, line):
    jobs.follow_run(ends(campaign, 1).pk)
    Campaign.objects.update(status=status)

    jobs.follow_run(sees_again(campaign, 1).pk)

    assert campaign.tasks.get(line_no=1).status == line
    assert asked_anew == []


def test_no_line_opens_in_a_campaign_that_was_closed_while_its_runs_were_followed(
    campaign, app_owner, asked_anew
):
    deny(campaign, 2)
    jobs.follow_run(ends(campaign, 1, 2).pk)
    sees_again(campaign, 1)
    run = sees_again(campaign, 2)
    as_it_was = Campaign.objects.get()
    Campaign.objects.update(status="closed")

    following._follow_back(as_it_was, run)

    lines = campaign.tasks.order_by("line_no").values_list("status", flat=True)
    assert list(lines) == ["excepted", "denied", "open"]
    assert asked_anew == []
    assert Campaign.objects.get().status == "remediation"


def test_what_a_run_ended_before_anybody_ordered_it_is_proven_and_may_come_back(
    campaign, app_owner, asked_anew
):
    deny(campaign, 1)
    run = ends(campaign, 1)
    jobs.follow_run(run.pk)
    proven = Removal.objects.get()
    assert (proven.status, proven.order, proven.proven_run) == (Status.PROVEN, None, run.pk)
    [told] = [each.removal for each in evidence_lines(campaign) if each.removal]
    assert told.proven_run == run.pk

    jobs.follow_run(sees_again(campaign, 1).pk)

    assert Removal.objects.get().status == Status.CAME_BACK
    assert asked_anew == [(1, 1)]
    assert app_owner in [letter.recipient for letter in OutgoingMail.objects.all()]


def test_lost_news_is_caught_up_with(campaign, app_owner, nudges, django_capture_on_commit_callbacks):
    deny(campaign, 2)
    removing.confirm(list(Removal.objects.all()), by=app_owner)
    run = ends(campaign, 1)
    nudges.clear()

    with django_capture_on_commit_callbacks(execute=True):
        jobs.sweep_running()

    assert nudges == [("reviews.order_removals", campaign.pk), ("reviews.follow_run", str(run.pk))]


def test_a_line_that_opens_again_is_asked_about_anew(campaign, owner, app_owner):
    first = ordered(campaign, app_owner, 1)
    Turn.objects.filter(line_no=1).update(status=Turn.Status.DECIDED)
    ProvisionOrder.objects.update(status=Order.CAME_BACK)

    jobs.follow_order(first.order_id)

    asked = Turn.objects.open().get(line_no=1)  # nobody has a manager here: its app's owner is next
    assert asked.reviewer == app_owner
    assert Progress.objects.get(reviewer=app_owner).open == 1


def test_runs_are_followed_in_order_though_the_news_of_one_was_lost(campaign):
    lost = ends(campaign, 1)
    later = ends(campaign, 2)

    jobs.follow_run(later.pk)

    reasons = campaign.tasks.order_by("line_no").values_list("status_reason", flat=True)
    assert [each.split(":")[-1].strip() for each in reasons] == [
        f"sync {lost.pk} no longer saw it.",
        f"sync {later.pk} no longer saw it.",
        "",
    ]
    assert not list(following.to_follow())


def test_a_run_whose_follower_died_is_followed_before_the_next(campaign, monkeypatch):
    lost = ends(campaign, 1)
    with monkeypatch.context() as patch:
        patch.setattr(following, "_cancel", died)
        with pytest.raises(RuntimeError):
            jobs.follow_run(str(lost.pk))

    jobs.follow_run(ends(campaign, 2).pk)

    assert [each.status for each in campaign.tasks.order_by("line_no")] == ["cancelled", "cancelled", "open"]


def died(*_):
    raise RuntimeError("killed")


def test_what_came_back_and_goes_again_is_cancelled_again(campaign, asked_anew):
    jobs.follow_run(ends(campaign, 1).pk)
    jobs.follow_run(sees_again(campaign, 1).pk)
    again = Grant.objects.here().latest("pk")
    run = make_run(campaign.sources.get().connector)
    Grant.objects.filter(pk=again.pk).update(gone_at=now(), gone_run=run.pk)

    jobs.follow_run(str(run.pk))

    first = campaign.tasks.get(line_no=1)
    assert (first.status, first.round) == ("cancelled", 2)
    assert first.rounds.get().by is None


def test_returns_of_one_day_are_one_letter_to_each(campaign, app_owner, asked_anew):
    deny(campaign, 1, 2)
    removing.confirm(list(Removal.objects.all()), by=app_owner)
    jobs.order_removals(campaign.pk)
    ProvisionOrder.objects.update(status=Order.CAME_BACK)

    for order in ProvisionOrder.objects.values_list("pk", flat=True):
        jobs.follow_order(order)

    assert Removal.objects.filter(status=Status.CAME_BACK).count() == 2
    assert OutgoingMail.objects.filter(letter="removal_came_back").count() == 1
