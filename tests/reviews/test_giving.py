"""Lines are given on by whom it may be, to whom it may be, and everything is told."""

from datetime import timedelta

import pytest
from django.utils.timezone import now

from core.errors import Denied, NotPossible, StaleState
from core.models import Delegation, OutgoingMail, Role, TrailEvent, User
from reviews.actions import giving
from reviews.actions.giving import CannotTake, ReasonNeeded
from reviews.actions.turns import enter_step, give_on
from reviews.models import Campaign, Mark, Turn
from tests.make import make_account, make_grant, make_user
from tests.reviews.world import World, counts

WHY = "Nora works with them every day."


@pytest.fixture
def world(db):
    return running()


def running(*steps):
    """Two of Grace's lines are with Rui."""
    world = World(*steps)
    world.line(world.grace)
    world.line(world.grace)
    world.enter()
    Campaign.objects.update(status=Campaign.Status.RUNNING, decide_by=now())
    world.campaign.refresh_from_db()
    return world


def of(world, *lines):
    turns = Turn.objects.filter(campaign=world.campaign)
    return turns.filter(line_no__in=lines) if lines else turns


def give(world, *lines, to=None, by=None, reason=WHY):
    return give_on(of(world, *lines), to or world.nora, by=by or world.rui, reason=reason)


def told():
    return list(TrailEvent.objects.values_list("action", flat=True))


def test_a_reviewer_gives_lines_on_and_the_other_is_asked(world):
    assert give(world) == 2

    assert [(turn.line_no, turn.reviewer, turn.status) for turn in Turn.objects.order_by("pk")] == [
        (1, world.rui, "given_on"),
        (2, world.rui, "given_on"),
        (1, world.nora, "open"),
        (2, world.nora, "open"),
    ]
    new = Turn.objects.open().order_by("pk")[0]
    assert (new.via, new.given_by, new.given_reason, new.step, new.rule) == (
        "reassigned",
        world.rui,
        WHY,
        1,
        1,
    )
    assert counts() == {"Rui Alves": (0, 0), "Nora Lindqvist": (2, 2)}
    event = TrailEvent.objects.get()
    assert event.action == "reviews.given_on"
    assert event.change["numbers"] == [1, 2]
    assert event.change["reason"] == WHY
    assert event.change["to"]["name"] == "Nora Lindqvist"
    letter = OutgoingMail.objects.get()
    assert (letter.letter, letter.to, letter.reply_to) == ("review_given", world.nora.email, world.rui.email)
    assert letter.subject == "2 lines of Coupa access, Q4 are yours to review"
    assert WHY in letter.text


def test_one_letter_a_day_however_often(world):
    give(world, 1)
    give(world, 2)

    assert OutgoingMail.objects.count() == 1
    assert told() == ["reviews.given_on", "reviews.given_on"]


@pytest.mark.parametrize(
    ("who", "allowed"),
    [
        ("rui", True),
        ("olga", True),
        ("super", True),
        ("tom", False),
        ("grace", False),
        ("auditor", False),
        ("left", False),
    ],
)
def test_only_the_reviewer_and_who_runs_the_campaign_give_lines_on(world, who, allowed):
    others = {
        "super": make_user("Ada Super", Role.SUPER),
        "auditor": make_user("Ann Auditor", Role.READ_ONLY),
        "left": make_user("Lou Left", Role.SUPER, status=User.Status.DEACTIVATED),
    }
    by = others.get(who) or getattr(world, who)

    if allowed:
        assert give(world, by=by) == 2
    else:
        with pytest.raises(Denied, match="Olga Berg"):
            give(world, by=by)
    assert Turn.objects.open().filter(reviewer=world.nora).count() == (2 if allowed else 0)
    assert told() == (["reviews.given_on"] if allowed else [])
    assert OutgoingMail.objects.count() == (1 if allowed else 0)


def test_who_came_to_only_read_gives_nothing_on(world):
    world.rui.holdings.update(role=Role.READ_ONLY)

    with pytest.raises(Denied, match=r"only reads.*Olga Berg"):
        give(world)

    assert counts() == {"Rui Alves": (2, 2)}


def test_nobody_chooses_who_decides_on_their_own_access(world):
    world.campaign.ownerships.update(user=world.grace)
    world.grace.holdings.create(role=Role.CAMPAIGN)

    with pytest.raises(Denied, match="their own access"):
        give(world, by=world.grace)


def test_nobody_is_given_their_own_access_not_even_by_their_second_account(world):
    double = make_user("Grace Second", employee_id="7")
    User.objects.filter(pk=world.grace.pk).update(employee_id="7")

    for to in (world.grace, double):
        with pytest.raises(CannotTake, match=r"line 1: Grace .* cannot decide on their own access"):
            give(world, to=to)
    assert counts() == {"Rui Alves": (2, 2)}
    assert told() == []


@pytest.mark.parametrize(
    ("to", "why"),
    [
        ({"status": "deactivated"}, "is deactivated"),
        ({"roles": (Role.READ_ONLY,)}, "may only read"),
    ],
)
def test_lines_are_given_only_to_who_may_decide(world, to, why):
    other = make_user("Otto Other", *to.pop("roles", ()), **to)

    with pytest.raises(CannotTake, match=why):
        give(world, to=other)


def test_lines_are_not_given_to_who_signs_off(world):
    Campaign.objects.update(control_owner=world.nora)

    with pytest.raises(CannotTake, match="signs off"):
        give(world)


def test_all_or_none_is_given_on(world):
    world.line(world.nora, "Nora Lindqvist")
    enter_step(world.campaign.tasks.filter(line_no=3), 1)

    with pytest.raises(CannotTake, match="line 3"):
        give(world, by=world.olga)

    assert Turn.objects.open().filter(reviewer=world.nora).count() == 0


def test_pages_of_one_act_are_told_of_once(world, monkeypatch):
    monkeypatch.setattr(giving, "PAGE", 1)

    assert give_on(Turn.objects.open(), world.nora, by=world.olga, reason=WHY) == 2

    assert counts() == {"Rui Alves": (0, 0), "Nora Lindqvist": (2, 2)}
    event = TrailEvent.objects.get()
    assert (event.change["lines"], event.change["numbers"]) == (2, [1, 2])
    assert OutgoingMail.objects.get().subject == "2 lines of Coupa access, Q4 are yours to review"


def test_what_the_last_page_refuses_is_not_given_on_by_the_first(world, monkeypatch):
    monkeypatch.setattr(giving, "PAGE", 1)
    world.line(world.nora, "Nora Lindqvist")
    enter_step(world.campaign.tasks.filter(line_no=3), 1)

    with pytest.raises(CannotTake, match="line 3"):
        give(world, by=world.olga)

    assert not Turn.objects.filter(reviewer=world.nora).exists()


def test_a_step_may_keep_reviewers_from_giving_on_not_owners(db):
    world = running({"kind": "manager", "may_reassign": False})

    with pytest.raises(Denied, match="Ask Olga Berg"):
        give(world)
    assert give(world, by=world.olga) == 2


def test_a_step_may_say_to_whom(db):
    allowed = make_user("Ann Allowed")
    world = running({"kind": "manager", "reassign_to": [allowed.pk]})

    with pytest.raises(CannotTake, match="only to: Ann Allowed"):
        give(world)
    assert give(world, to=allowed) == 2


def test_a_reason_is_needed_unless_the_step_says_otherwise(db):
    world = running()
    with pytest.raises(ReasonNeeded):
        give(world, reason="  ")
    easy = running({"kind": "manager", "reassign_needs_reason": False})
    assert give(easy, by=easy.olga, reason="") == 2


def test_whoever_stands_in_takes_over(world):
    Delegation.objects.create(
        person=world.nora, delegate=world.tom, starts_at=now(), ends_at=now() + timedelta(days=2)
    )

    give(world)

    new = Turn.objects.open().order_by("pk")[0]
    assert (new.reviewer, new.on_behalf_of) == (world.tom, world.nora)
    assert OutgoingMail.objects.get().to == world.tom.email


def test_what_is_given_back_by_the_stand_in_goes_to_the_person(world):
    Delegation.objects.create(
        person=world.nora, delegate=world.rui, starts_at=now(), ends_at=now() + timedelta(days=2)
    )

    give(world)

    assert set(Turn.objects.open().values_list("reviewer", flat=True)) == {world.nora.pk}


def test_a_clean_step_stays_clean(db):
    world = running({"kind": "manager", "clean": True})
    make_grant(make_account(world.app, "Nora", person=world.nora), world.buyer)

    with pytest.raises(CannotTake, match="has the same access"):
        give(world)


def test_ties_of_whom_it_is_given_to_are_kept(world):
    make_grant(make_account(world.app, "Nora", person=world.nora), world.buyer)

    give(world)

    assert set(Turn.objects.open().values_list("independence", flat=True)) == {"holds"}


def test_who_is_asked_already_is_not_asked_twice(db):
    first, second = make_user("Ann First", Role.BASIC), make_user("Bob Second")
    world = running({"kind": "people", "people": [first.pk, second.pk]})

    assert give_on(of(world, 1).filter(reviewer=first), second, by=first, reason=WHY) == 1

    assert Turn.objects.open().filter(line_no=1).count() == 1
    assert counts() == {"Ann First": (1, 1), "Bob Second": (2, 2)}


def test_what_is_no_longer_open_is_not_given_on(world):
    give(world, 1)

    with pytest.raises(StaleState):
        give_on(of(world).filter(reviewer=world.rui), world.nora, by=world.rui, reason=WHY)


@pytest.mark.parametrize("status", ["closing", "closed", "cancelled", "signed_off"])
def test_nothing_is_given_on_once_the_campaign_is_over(world, status):
    Campaign.objects.update(status=status)

    with pytest.raises(NotPossible, match="nobody is asked"):
        give(world)


def test_nobody_is_written_to_before_the_start(world):
    Campaign.objects.update(status=Campaign.Status.STAGED)

    give(world, by=world.olga)

    assert OutgoingMail.objects.count() == 0


def test_it_must_be_given_to_somebody_else(world):
    with pytest.raises(CannotTake, match="is asked about it already"):
        give(world, to=world.rui)


def test_who_is_given_a_line_again_begins_without_their_old_mark(world):
    for task, person in ((1, world.rui), (2, world.rui), (1, world.nora)):
        line = world.campaign.tasks.get(line_no=task)
        Mark.objects.create(task=line, campaign=world.campaign, person=person, outcome="deny")
    give(world, 1)
    assert set(Mark.objects.values_list("task__line_no", "person")) == {(1, world.rui.pk), (2, world.rui.pk)}

    give_on(Turn.objects.open().filter(line_no=1), world.rui, by=world.nora, reason=WHY)

    assert list(Mark.objects.values_list("task__line_no", "person")) == [(2, world.rui.pk)]
