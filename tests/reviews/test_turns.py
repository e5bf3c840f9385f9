"""Lines enter a step: turns, kept counts and the trail, from rows to rows."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from connectors.models import (
    Account,
    AppOwner,
    EntitlementOwner,
    ProvisionOrder,
    ResourceOwner,
)
from core.models import Delegation, Membership, OutgoingMail, PeopleGroup, Reporting, Role, TrailEvent, User
from reviews.actions.rounds import begin_round
from reviews.actions.turns import NobodyToAsk, enter_step
from reviews.models import Campaign, Decision, Mark, Progress, ReviewTask, Turn
from reviews.queries.asking import questions
from reviews.queries.people import own_among
from reviews.queries.routes import deciders
from reviews.routing import BUILT_IN
from tests.flush import past_the_triggers
from tests.make import make_account, make_entitlement, make_grant, make_user
from tests.reviews.making import make_policy
from tests.reviews.world import World, counts


@pytest.fixture
def world(db):
    return World()


def test_every_line_is_asked_about_and_counted(world):
    first, second = world.line(world.grace), world.line(name="Robot")

    going = world.enter()

    assert going == {first.pk, second.pk}
    assert world.asked() == [(1, "Rui Alves", "manager"), (2, "Tom Okafor", "app_owner")]
    assert counts() == {"Rui Alves": (1, 1), "Tom Okafor": (1, 1)}
    turn = Turn.objects.get(line_no=2)
    assert turn.is_fallback
    assert turn.passed_over == "The account belongs to nobody, so there is no manager to ask."
    assert (turn.rule, turn.step, turn.status) == (1, 1, "open")
    assert OutgoingMail.objects.count() == 0


def test_what_was_decided_before_a_line_opened_again_no_longer_counts(world):
    line = ReviewTask.objects.filter(pk=world.line(world.grace).pk)
    world.enter()
    Campaign.objects.update(status=Campaign.Status.RUNNING)
    world.certify(Turn.objects.get())
    assert [each.reviewer for each in deciders(line)[line.get().pk]] == [world.rui.pk]

    begin_round(list(line), by=None, reason="Seen again", said="Seen again")
    Turn.objects.open().update(independence="holds")

    assert deciders(line) == {}
    asked = questions(world.campaign, world.rui)
    assert [each.is_tied for each in asked] == [True]
    world.certify(Turn.objects.open().get())
    assert [each.is_tied for each in deciders(line)[line.get().pk]] == [True]


def test_a_decision_that_was_corrected_makes_nobody_independent(world):
    world.line(world.grace)
    world.enter()
    turn = Turn.objects.get()
    world.certify(turn)
    wrong = Decision.objects.get()
    Decision.objects.create(
        task=turn.task, campaign=world.campaign, by=world.olga, outcome="denied", replaces=wrong
    )
    Turn.objects.update(status=Turn.Status.OPEN, independence="holds")

    assert [each.is_tied for each in questions(world.campaign, world.rui)] == [True]


def test_whoever_is_asked_anew_begins_without_marks(world):
    line, other = world.line(world.grace), world.line(world.grace)
    world.enter()
    Campaign.objects.update(status=Campaign.Status.RUNNING)
    for task, person in ((line, world.rui), (line, world.tom), (other, world.rui)):
        Mark.objects.create(task=task, campaign=world.campaign, person=person, outcome="certify")
    Turn.objects.filter(task=line).update(status=Turn.Status.OVERTAKEN)

    enter_step(ReviewTask.objects.filter(pk=line.pk), 1)

    assert world.asked(line) == [(1, "Rui Alves", "manager")]
    left = set(Mark.objects.values_list("task", "person"))
    assert left == {(line.pk, world.tom.pk), (other.pk, world.rui.pk)}


def test_a_line_without_anybody_stops_the_staging_and_is_named(world):
    world.line(world.grace)
    AppOwner.objects.all().delete()
    world.campaign.ownerships.all().delete()
    world.line(name="Robot")

    with pytest.raises(
        NobodyToAsk, match=r"1 line\. Line 2: The account belongs to nobody.*Coupa has no owner"
    ):
        world.enter()

    assert Turn.objects.count() == 0
    assert Progress.objects.count() == 0


def test_owners_are_people_by_name_and_whoever_holds_an_entitlement(db):
    world = World({"kind": "entitlement_owner"}, {"kind": "resource_owner"})
    keeper, holder = make_user("Kay Named"), make_user("Hana Holder")
    makes_owner = make_entitlement(world.app, "Owners of buyers")
    make_grant(make_account(world.app, "Hana Holder", person=holder), makes_owner)
    away = make_account(world.app, "Away", person=make_user("Away"), status=Account.Status.DISABLED)
    make_grant(away, makes_owner)
    EntitlementOwner.objects.create(thing=world.buyer, user=keeper)
    EntitlementOwner.objects.create(thing=world.buyer, entitlement=makes_owner)
    ResourceOwner.objects.create(resource=world.buyer.resource, user=world.tom)
    line = world.line(world.grace)

    world.enter()

    assert world.asked(line) == [
        (1, "Kay Named", "entitlement_owner"),
        (1, "Hana Holder", "entitlement_owner"),
    ]


def test_members_of_a_group_are_all_asked(db):
    group = PeopleGroup.objects.create(name="Desk")
    for name in ("Ann Adams", "Bob Brown"):
        Membership.objects.create(group=group, person=make_user(name))
    world = World({"kind": "group", "group": group.pk})
    line = world.line(world.grace)

    world.enter()

    assert world.asked(line) == [(1, "Ann Adams", "group"), (1, "Bob Brown", "group")]


def test_whoever_stands_in_today_is_asked_on_behalf(world):
    nora = world.nora
    moment = now()
    Delegation.objects.create(
        person=world.rui,
        delegate=nora,
        starts_at=moment - timedelta(days=1),
        ends_at=moment + timedelta(days=1),
    )
    world.line(world.grace)

    world.enter()

    turn = Turn.objects.get()
    assert (turn.reviewer, turn.on_behalf_of) == (nora, world.rui)


def test_a_delegation_that_is_over_changes_nothing(world):
    moment = now()
    Delegation.objects.create(
        person=world.rui, delegate=world.tom, starts_at=moment - timedelta(days=3), ends_at=moment
    )
    world.line(world.grace)

    world.enter()

    assert world.asked() == [(1, "Rui Alves", "manager")]


def test_who_is_only_a_reader_and_who_signs_off_are_not_asked(db):
    reader, chief = make_user("Ann Reader", Role.READ_ONLY), make_user("Cleo Chief")
    world = World({"kind": "people", "people": [reader.pk, chief.pk]}, control_owner=chief)
    world.line(world.grace)

    world.enter()

    assert world.asked() == [(1, "Olga Berg", "campaign_owner")]
    told = Turn.objects.get().passed_over
    assert told == "Ann Reader may only read. Cleo Chief signs off the campaign, so decides no line."


@pytest.mark.parametrize(
    "account",
    [
        {"person": None, "login": "TOM.okafor@meridian.example"},
        {"person": None, "email": "Tom.Okafor@Meridian.Example "},
        {"person": None, "employee_id": "E17"},
        {"person": "double"},
    ],
    ids=["login", "e-mail", "number", "one human"],
)
def test_nobody_is_asked_about_an_account_that_is_theirs_in_any_way(world, account):
    User.objects.filter(pk=world.tom.pk).update(employee_id="e17 ")
    if account["person"]:
        account = {"person": make_user("Tom Second", employee_id="E17")}
    line = world.line(name="Other", **account)

    world.enter()

    assert world.asked() == [(1, "Olga Berg", "campaign_owner")]
    assert own_among(world.tom, ReviewTask.objects.all()) == {line.pk}
    assert own_among(world.olga, ReviewTask.objects.all()) == frozenset()


def test_the_present_owner_counts_as_well_as_the_frozen_one(world):
    line = world.line(world.grace)
    Account.objects.filter(pk=line.account_id).update(person=world.rui)

    world.enter()

    assert world.asked() == [(1, "Tom Okafor", "app_owner")]
    assert own_among(world.rui, ReviewTask.objects.all()) == {line.pk}
    assert own_among(world.grace, ReviewTask.objects.all()) == {line.pk}


def test_what_an_account_of_nobody_s_bore_when_it_was_frozen_counts_as_well(world):
    line = world.line(name="Other", login="TOM.okafor@meridian.example ")
    Account.objects.filter(pk=line.account_id).update(person=world.grace, email="", login="other")

    world.enter()

    assert world.asked() == [(1, "Olga Berg", "campaign_owner")]
    assert own_among(world.tom, ReviewTask.objects.all()) == {line.pk}


def test_what_an_account_bore_while_it_was_somebody_s_is_theirs_alone(world):
    line = world.line(world.grace, login="tom.okafor@meridian.example")
    Account.objects.filter(pk=line.account_id).update(email="", login="other")

    assert own_among(world.tom, ReviewTask.objects.all()) == frozenset()


def test_ties_are_kept_with_the_turn(world):
    Reporting.objects.create(person=world.tom, manager=world.grace)
    make_grant(make_account(world.app, "Tom Okafor", person=world.tom), world.buyer)
    Reporting.objects.filter(person=world.grace).delete()
    line = world.line(world.grace)
    ProvisionOrder.objects.create(
        app=world.app,
        verb=ProvisionOrder.Verb.GRANT,
        account=line.account,
        entitlement=world.buyer,
        reason="Asked",
        wanted_by=world.tom,
    )

    world.enter()

    assert Turn.objects.get().independence == "granted,holds,subordinate"


def test_two_who_are_asked_about_each_other_are_a_pair(world):
    second = make_user("Sam Second")
    AppOwner.objects.create(app=world.app, user=second)
    for owner in (world.tom, second):
        world.line(owner, owner.name, entitlement=make_entitlement(world.app, owner.name))
    world.line(world.grace)

    world.enter()

    ties = dict(Turn.objects.values_list("line_no", "independence"))
    assert ties == {1: "mutual", 2: "mutual", 3: ""}


def test_another_step_asks_others_and_lines_without_one_are_left(db):
    world = World({"kind": "manager"}, {"kind": "app_owner"}, status=Campaign.Status.RUNNING)
    line = world.line(world.grace)
    world.enter()
    world.certify(Turn.objects.get())

    assert world.enter(2) == {line.pk}
    assert world.asked() == [(1, "Tom Okafor", "app_owner")]
    world.certify(Turn.objects.get(step=2))
    assert world.enter(3) == frozenset()
    assert Turn.objects.open().count() == 0
    assert list(TrailEvent.objects.values_list("action", flat=True)) == ["reviews.step_entered"]


def test_what_is_grave_and_was_certified_by_a_holder_is_seconded(world):
    Campaign.objects.update(status=Campaign.Status.RUNNING)
    risky = make_entitlement(world.app, "Admin", risk="High")
    make_grant(make_account(world.app, "Rui Alves", person=world.rui), risky)
    line, plain = world.line(world.grace, entitlement=risky), world.line(world.grace)
    world.enter()
    for turn in Turn.objects.all():
        world.certify(turn)

    assert world.enter(2) == {line.pk}
    assert world.asked() == [(1, "Tom Okafor", "second")]
    assert plain.pk != line.pk


def test_who_decided_for_somebody_keeps_both_from_the_next_step(db):
    world = World({"kind": "manager"}, {"kind": "manager"}, status=Campaign.Status.RUNNING)
    world.line(world.grace)
    world.enter()
    turn = Turn.objects.get()
    with past_the_triggers():
        Turn.objects.filter(pk=turn.pk).update(reviewer=world.tom, on_behalf_of=world.rui)
    turn.refresh_from_db()
    world.certify(turn, on_behalf_of=world.rui)

    world.enter(2)

    assert world.asked() == [(1, "Olga Berg", "campaign_owner")]


def test_where_nobody_is_left_while_it_runs_an_exception_says_so(db):
    world = World({"kind": "manager"}, {"kind": "manager"}, status=Campaign.Status.RUNNING)
    line = world.line(world.grace)
    world.enter()
    world.certify(Turn.objects.get())
    User.objects.filter(pk__in=[world.tom.pk, world.olga.pk]).update(status=User.Status.DEACTIVATED)

    assert world.enter(2) == {line.pk}

    line.refresh_from_db()
    assert line.status == ReviewTask.Status.EXCEPTED
    assert line.status_reason.startswith("Nobody is left to ask. Rui Alves decided an earlier step.")
    event = TrailEvent.objects.get(action="reviews.nobody_to_ask")
    assert (event.severity, event.change["line"]) == (TrailEvent.Severity.ERROR, 1)


def test_every_built_in_policy_routes_an_ordinary_company(db):
    for code, (_, _, text) in BUILT_IN.items():
        world = World()
        version = make_policy(f"Policy {code}", text).latest()
        Campaign.objects.filter(pk=world.campaign.pk).update(policy_version=version)
        line = world.line(world.grace)
        world.enter()
        assert Turn.objects.open().filter(task=line).count() == 1


def test_the_number_of_queries_does_not_grow_with_the_lines(world):
    def needed():
        with CaptureQueriesContext(connection) as queries:
            world.enter()
        Turn.objects.all().delete()
        return len(queries)

    world.line(world.grace)
    world.enter()
    Turn.objects.all().delete()
    few = needed()
    for number in range(30):
        person = make_user(f"Person {number}")
        Reporting.objects.create(person=person, manager=world.rui)
        entitlement = make_entitlement(world.app, f"Role {number}")
        world.line(person, f"Person {number}", entitlement=entitlement)

    assert needed() <= few
    assert few <= 30
