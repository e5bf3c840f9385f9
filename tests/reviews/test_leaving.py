"""What is open with somebody who left, or became their own access, is asked of others at once."""

from datetime import timedelta

import pytest
from django.utils.timezone import now

from connectors.models import Account
from core.actions.people import deactivate
from core.actions.roles import replace_roles
from core.models import Delegation, OutgoingMail, Role, RoleHolding, TrailEvent, User
from reviews import jobs
from reviews.actions import leaving
from reviews.actions.turns import route_anew
from reviews.models import Campaign, Mark, Turn
from tests.make import make_user
from tests.reviews.making import make_turn
from tests.reviews.world import World, counts


def running(*steps, lines=2):
    world = World(*steps)
    for _ in range(lines):
        world.line(world.grace)
    world.enter()
    Campaign.objects.update(status=Campaign.Status.RUNNING, decide_by=now())
    return world


@pytest.fixture
def world(db):
    return running()


def leave(person):
    User.objects.filter(pk=person.pk).update(status=User.Status.DEACTIVATED)


def test_whoever_is_deactivated_is_told_of_at_once(world, nudges, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        deactivate(world.rui, by=make_user("Ada Super", Role.SUPER))

    assert ("reviews.route_anew", world.rui.pk) in nudges


def test_open_lines_of_who_left_go_to_the_next_in_line(world):
    leave(world.rui)

    assert route_anew(world.rui) == 2

    assert world.asked() == [(1, "Tom Okafor", "app_owner"), (2, "Tom Okafor", "app_owner")]
    assert counts() == {"Rui Alves": (0, 0), "Tom Okafor": (2, 2)}
    assert Turn.objects.filter(reviewer=world.rui, status="ended").count() == 2
    assert Turn.objects.open().order_by("pk")[0].passed_over == "Rui Alves is deactivated."
    event = TrailEvent.objects.get()
    assert (event.action, event.change["lines"]) == ("reviews.routed_anew", 2)
    assert OutgoingMail.objects.get().to == world.tom.email


def test_the_second_time_nothing_happens(world):
    leave(world.rui)
    jobs.route_anew(world.rui.pk)
    jobs.route_anew(world.rui.pk)

    assert TrailEvent.objects.count() == 1
    assert Turn.objects.count() == 4


def test_who_came_back_keeps_their_lines(world):
    assert route_anew(world.rui) == 0
    assert Turn.objects.open().filter(reviewer=world.rui).count() == 2


def test_pages_follow_each_other(world, monkeypatch):
    monkeypatch.setattr(leaving, "PAGE", 1)
    leave(world.rui)

    assert route_anew(world.rui) == 2
    assert counts()["Tom Okafor"] == (2, 2)


def test_where_somebody_else_is_asked_as_well_they_answer(db):
    first, second = make_user("Ann First"), make_user("Bob Second")
    world = running({"kind": "people", "people": [first.pk, second.pk]})
    leave(first)

    route_anew(first)

    assert [name for _, name, _ in world.asked()] == ["Bob Second", "Bob Second"]
    assert counts() == {"Ann First": (0, 0), "Bob Second": (2, 2)}


def test_where_nobody_is_left_it_is_told_once_and_tried_again(world):
    for person in (world.rui, world.tom, world.olga):
        leave(person)

    assert route_anew(world.rui) == 0
    assert route_anew(world.rui) == 0
    event = TrailEvent.objects.get()
    assert (event.action, event.severity) == ("reviews.nobody_to_ask", TrailEvent.Severity.ERROR)
    assert leaving.those_to_route_anew() == [world.rui.pk]

    User.objects.filter(pk=world.tom.pk).update(status=User.Status.ACTIVE)
    assert route_anew(world.rui) == 2


@pytest.mark.parametrize("status", ["closing", "closed", "cancelled", "signed_off", "staging"])
def test_only_campaigns_that_ask_are_routed_anew(world, status):
    Campaign.objects.update(status=status)
    leave(world.rui)

    assert route_anew(world.rui) == 0
    assert leaving.those_to_route_anew() == []


def test_the_sweeper_finds_who_was_forgotten(world, nudges, django_capture_on_commit_callbacks):
    leave(world.rui)

    with django_capture_on_commit_callbacks(execute=True):
        jobs.sweep_reviewers()

    assert nudges == [("reviews.route_anew", world.rui.pk)]


def test_an_account_that_becomes_the_reviewer_s_own_is_asked_of_others(
    world, nudges, django_capture_on_commit_callbacks
):
    account = Account.objects.filter(name="Grace Kim").order_by("pk")[0]
    Account.objects.filter(pk=account.pk).update(person=world.rui)

    with django_capture_on_commit_callbacks(execute=True):
        jobs.sweep_own_access()
    assert nudges == [("reviews.route_anew", world.rui.pk)]
    jobs.route_anew(world.rui.pk)

    assert sorted(name for _, name, _ in world.asked()) == ["Rui Alves", "Tom Okafor"]
    assert leaving.those_asked_about_their_own() == []
    assert TrailEvent.objects.get().change["why"] == "Rui Alves cannot decide on their own access"


def test_whoever_turns_out_to_be_one_human_with_the_owner_is_not_asked_any_longer(world, nudges):
    User.objects.filter(pk__in=[world.rui.pk, world.grace.pk]).update(employee_id="7")

    assert leaving.those_asked_about_their_own() == [world.rui.pk]
    jobs.route_anew(world.rui.pk)

    assert [name for _, name, _ in world.asked()] == ["Tom Okafor", "Tom Okafor"]
    assert leaving.those_asked_about_their_own() == []


@pytest.mark.parametrize(
    "became", [{"login": " RUI.Alves@meridian.example"}, {"login": "e-77"}, {"employee_id": "E-77 "}]
)
def test_accounts_that_bear_what_the_reviewer_is_known_by_are_asked_of_others(world, became):
    User.objects.filter(pk=world.rui.pk).update(employee_id="E-77")
    account = Account.objects.filter(name="Grace Kim").order_by("pk")[0]
    Account.objects.filter(pk=account.pk).update(person=None, **became)

    assert leaving.those_asked_about_their_own() == [world.rui.pk]
    jobs.route_anew(world.rui.pk)

    assert sorted(name for _, name, _ in world.asked()) == ["Rui Alves", "Tom Okafor"]
    assert leaving.those_asked_about_their_own() == []


def test_to_name_another_owner_of_what_was_nobody_s_does_not_let_the_reviewer_keep_it(world):
    line = world.line(name="Other", login="rui.alves@meridian.example")
    make_turn(line, world.rui)
    Account.objects.filter(pk=line.account_id).update(person=world.nora, matched_by="hand")

    assert leaving.those_asked_about_their_own() == [world.rui.pk]
    jobs.route_anew(world.rui.pk)

    assert world.asked(line) == [(3, "Tom Okafor", "app_owner")]
    assert leaving.those_asked_about_their_own() == []


@pytest.mark.parametrize("delegate", ["nora", "tom"])
def test_nobody_stands_in_for_whom_a_line_is_about(db, delegate):
    """Who is asked next may be the same person, but then for themselves."""
    world = World()
    deputy, moment = getattr(world, delegate), now()
    Delegation.objects.create(
        person=world.rui,
        delegate=deputy,
        starts_at=moment - timedelta(days=1),
        ends_at=moment + timedelta(days=1),
    )
    line = world.line(world.grace)
    world.enter()
    Campaign.objects.update(status=Campaign.Status.RUNNING, decide_by=moment)
    assert Turn.objects.get().on_behalf_of == world.rui
    Account.objects.filter(pk=line.account_id).update(person=world.rui)

    assert leaving.those_asked_about_their_own() == [deputy.pk]
    jobs.route_anew(deputy.pk)

    assert world.asked() == [(1, "Tom Okafor", "app_owner")]
    assert Turn.objects.open().get().on_behalf_of is None
    assert leaving.those_asked_about_their_own() == []
    why = TrailEvent.objects.get(action="reviews.routed_anew").change["why"]
    assert why == f"{deputy} cannot decide on the access of whom they stand in for"
    assert {name: left for name, (_, left) in counts().items() if left} == {"Tom Okafor": 1}


def test_people_go_on_to_answer_for_themselves_where_the_step_lets_them(db):
    world = running({"kind": "account_owner"}, {"kind": "manager"})

    assert leaving.those_asked_about_their_own() == []
    assert leaving.route_own_anew(world.grace) == 0
    assert [name for _, name, _ in world.asked()] == ["Grace Kim", "Grace Kim"]


def test_open_lines_of_who_only_reads_by_now_go_to_others_at_once(
    world, nudges, django_capture_on_commit_callbacks
):
    ada = make_user("Ada Super", Role.SUPER)
    with django_capture_on_commit_callbacks(execute=True):
        replace_roles([world.rui], [Role.READ_ONLY], by=ada)
    assert ("reviews.route_anew", world.rui.pk) in nudges
    assert leaving.those_to_route_anew() == [world.rui.pk]

    jobs.route_anew(world.rui.pk)

    assert {name for _, name, _ in world.asked()} == {"Tom Okafor"}
    assert Turn.objects.open().order_by("pk")[0].passed_over == "Rui Alves may only read."


def test_who_reads_and_is_a_basic_user_too_decides_nothing(world):
    RoleHolding.objects.create(user=world.rui, role=Role.READ_ONLY)

    assert not User.objects.get(pk=world.rui.pk).may_act
    assert route_anew(world.rui) == 2


def test_who_is_asked_instead_begins_without_their_old_mark(world):
    line = world.campaign.tasks.get(line_no=1)
    Mark.objects.create(task=line, campaign=world.campaign, person=world.tom, outcome="certify")
    leave(world.rui)

    route_anew(world.rui)

    assert (1, "Tom Okafor", "app_owner") in world.asked()
    assert not Mark.objects.exists()
