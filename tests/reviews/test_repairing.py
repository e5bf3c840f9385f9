"""Lines put right while their campaign runs: nothing is taken away, and nobody comes to their own access."""

import pytest
from django.urls import reverse

from core.errors import Denied, NotPossible, StaleState
from core.models import OutgoingMail, Role, TrailEvent, User
from reviews.actions import deciding, marks, removals, repairing
from reviews.models import Campaign, Decision, LineRound, Mark, PolicyVersion, Progress, ReviewTask, Turn
from reviews.queries import bridge
from reviews.queries.applying import applying
from reviews.queries.desk import PERSON, bar
from reviews.queries.evidence import evidence_lines
from reviews.queries.lines import for_screen
from reviews.queries.memo import _asked_anew
from reviews.queries.routes import deciders
from reviews.queries.stops import stops
from reviews.queries.submitted import elsewhere
from tests.make import make_account, make_grant, make_user
from tests.reviews.making import make_policy
from tests.reviews.world import World, content, counts

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("nudges")]
MANAGER, APP_OWNER = {"kind": "manager"}, {"kind": "app_owner"}
WHY = "Asked the wrong person"


@pytest.fixture
def root(db):
    return make_user("Sam Root", Role.SUPER)


def running(*steps, lines=2, **campaign):
    world = World(*steps, **campaign)
    for number in range(lines):
        world.line(world.grace, f"Account {number}")
    world.enter()
    Campaign.objects.update(status="running")
    world.campaign.refresh_from_db()
    return world


def decide(world, person, *lines, outcome=Mark.Outcome.CERTIFY):
    marks.mark(world.campaign, lines, outcome, by=person, reason="Needed")
    return deciding.submit(world.campaign, person, marks_seen=bar(world.campaign, person).stamp)


def chosen(world, *numbers):
    return list(world.campaign.tasks.filter(line_no__in=numbers).order_by("line_no"))


def line(world, number=1):
    return world.campaign.tasks.get(line_no=number)


def rules_of(task):
    found = applying(task.campaign).text_to(task)
    assert found is not None
    return found.rules


def test_a_restarted_line_is_asked_about_from_the_first_step_and_what_was_decided_stays(trail):
    world = running(MANAGER, APP_OWNER)
    decide(world, world.rui, 1)
    assert world.asked(line(world)) == [(1, "Tom Okafor", "app_owner")]

    assert repairing.restart(chosen(world, 1), by=world.olga, reason=WHY) == 1

    first = line(world)
    assert (first.status, first.round, first.settled_at) == ("open", 2, None)
    assert first.status_reason == f"Restarted by Olga Berg: {WHY}"
    assert world.asked(first) == [(1, "Rui Alves", "manager")]
    began = LineRound.objects.get()
    assert (began.number, began.by, began.reason, began.policy_version) == (2, world.olga, WHY, None)
    assert (Decision.objects.count(), deciders(ReviewTask.objects.filter(pk=first.pk))) == (1, {})
    assert counts() == {"Rui Alves": (3, 2), "Tom Okafor": (0, 0)}
    assert trail()[-1] == "lines.restarted"
    assert TrailEvent.objects.get(action="lines.restarted").change["numbers"] == [1]


def test_who_is_asked_anew_begins_without_marks_and_is_told():
    world = running()
    marks.mark(world.campaign, [1], Mark.Outcome.CERTIFY, by=world.rui)
    stamp = bar(world.campaign, world.rui).stamp

    repairing.restart(chosen(world, 1), by=world.olga, reason=WHY)

    with pytest.raises(StaleState):
        deciding.submit(world.campaign, world.rui, marks_seen=stamp)
    assert Mark.objects.count() == 0
    assert [letter.recipient for letter in OutgoingMail.objects.all()] == [world.rui]


@pytest.mark.parametrize("outcome", [Mark.Outcome.CERTIFY, Mark.Outcome.DENY])
def test_a_decided_line_can_be_decided_otherwise_after_a_restart(outcome):
    world = running(lines=1)
    decide(world, world.rui, 1, outcome=outcome)

    repairing.restart(chosen(world, 1), by=world.olga, reason=WHY)
    other = Mark.Outcome.DENY if outcome == Mark.Outcome.CERTIFY else Mark.Outcome.CERTIFY
    decide(world, world.rui, 1, outcome=other)

    assert Decision.objects.count() == 2
    assert line(world).status == ("denied" if other == Mark.Outcome.DENY else "certified")
    left = [each.status for each in line(world).removals.order_by("pk")]
    assert left == (["waiting"] if other == Mark.Outcome.DENY else ["dropped"])


def test_what_was_removed_already_is_not_asked_about_again():
    world = running()
    decide(world, world.rui, 1, outcome=Mark.Outcome.DENY)
    line(world).removals.update(status="removed")

    with pytest.raises(NotPossible, match="line 1 is already removed"):
        repairing.restart(chosen(world, 1, 2), by=world.olga, reason=WHY)

    assert [task.round for task in chosen(world, 1, 2)] == [1, 1]


def test_only_who_runs_the_campaign_restarts_its_lines(root, trail):
    world = running(control_owner=make_user("Ines Moreau", Role.SUPER))
    for person in (world.rui, world.tom, world.nora, world.campaign.control_owner):
        with pytest.raises(Denied):
            repairing.restart(chosen(world, 1), by=person, reason=WHY)
    assert (LineRound.objects.count(), trail()) == (0, [])

    repairing.restart(chosen(world, 1), by=root, reason=WHY)


@pytest.mark.parametrize("act", ["hard_reset", "change_policy", "cancel"])
def test_only_a_super_administrator_resets_moves_and_cancels(act, trail):
    world = running()

    with pytest.raises(Denied, match="Only a Super Administrator"):
        do(act, chosen(world, 1), world.olga)

    assert (line(world).round, line(world).status, trail()) == (1, "open", [])


@pytest.mark.parametrize("act", ["restart", "hard_reset", "change_policy", "cancel"])
def test_nobody_puts_a_line_right_that_is_their_own_access(act, root):
    world = running()
    account = line(world, 2).account
    account.person = root
    account.save()

    with pytest.raises(Denied, match="Line 2 is about your own access"):
        do(act, chosen(world, 1, 2), root)

    assert [(task.round, task.status) for task in chosen(world, 1, 2)] == [(1, "open"), (1, "open")]


@pytest.mark.parametrize("act", ["restart", "hard_reset", "change_policy", "cancel"])
def test_a_line_that_changed_meanwhile_and_a_campaign_that_ended_are_left_alone(act, root):
    world = running()
    seen = chosen(world, 1)
    decide(world, world.rui, 1)
    with pytest.raises(StaleState, match="Line 1 changed meanwhile"):
        do(act, seen, root)

    Campaign.objects.update(status="closed")
    with pytest.raises(NotPossible, match="while it runs"):
        do(act, chosen(world, 2), root)
    with pytest.raises(NotPossible, match="Give a reason"):
        do(act, chosen(world, 2), root, reason=" ")


def test_a_cancelled_line_is_an_exception_and_the_counts_tie(root, trail):
    world = running()
    decide(world, world.rui, 2)

    repairing.cancel(chosen(world, 1), by=root, reason="A test account")

    first = line(world)
    assert (first.status, first.status_reason) == ("excepted", "Cancelled by Sam Root: A test account")
    assert Turn.objects.get(task=first).status == Turn.Status.ENDED
    assert Progress.objects.get().open == 0
    assert trail()[-1] == "lines.called_off"
    lines = bridge._lines(world.campaign)
    assert dict(lines.parts)["Exception"] == 1
    with pytest.raises(NotPossible, match="Line 2 is certified: only open lines"):
        repairing.cancel(chosen(world, 2), by=root, reason="A test account")


def test_a_line_under_another_policy_follows_that_one_to_its_end(root):
    world = running(MANAGER)
    other = make_policy("Owners, then the manager", content(APP_OWNER, MANAGER))

    repairing.change_policy(chosen(world, 1), other, by=root, reason=WHY)

    assert world.asked() == [(1, "Tom Okafor", "app_owner"), (2, "Rui Alves", "manager")]
    assert rules_of(line(world))[0].steps[0].kind == "app_owner"
    assert rules_of(line(world, 2))[0].steps[0].kind == "manager"
    decide(world, world.tom, 1)
    decide(world, world.rui, 2)
    assert world.asked() == [(1, "Rui Alves", "manager")]
    decide(world, world.rui, 1)
    assert {task.status for task in chosen(world, 1, 2)} == {"certified"}


def test_a_restart_keeps_the_policy_a_line_was_put_under(root):
    world = running(MANAGER)
    other = make_policy("Owners", content(APP_OWNER))
    repairing.change_policy(chosen(world, 1), other, by=root, reason=WHY)

    repairing.restart(chosen(world, 1, 2), by=world.olga, reason=WHY)

    assert world.asked() == [(1, "Tom Okafor", "app_owner"), (2, "Rui Alves", "manager")]


def test_a_hard_reset_asks_by_what_the_policy_says_today(root):
    world = running(MANAGER)
    policy = world.campaign.policy
    PolicyVersion.objects.create(policy=policy, number=2, content=content(APP_OWNER), digest="1" * 64)

    repairing.restart(chosen(world, 2), by=world.olga, reason=WHY)
    repairing.hard_reset(chosen(world, 1), by=root, reason=WHY)

    assert world.asked() == [(1, "Tom Okafor", "app_owner"), (2, "Rui Alves", "manager")]
    assert line(world).rounds.get().policy_version.number == 2


def test_a_hard_reset_by_a_policy_that_says_the_same_puts_a_line_under_nothing_new(root, trail):
    world = running(MANAGER)
    other = make_policy("Owners", content(APP_OWNER))
    repairing.change_policy(chosen(world, 2), other, by=root, reason=WHY)

    repairing.hard_reset(chosen(world, 1, 2), by=root, reason=WHY)

    assert line(world, 1).rounds.get().policy_version is None
    assert line(world, 2).rounds.get(number=3).policy_version == other.latest()
    assert trail()[-1] == "lines.reset"


def test_whether_denied_access_is_taken_away_is_for_the_policy_of_the_line(root):
    world = running(MANAGER)
    keeps = make_policy("Takes nothing away", {**content(MANAGER), "removes": False})
    repairing.change_policy(chosen(world, 1), keeps, by=root, reason=WHY)

    decide(world, world.rui, 1, 2, outcome=Mark.Outcome.DENY)

    assert [line(world, number).removals.count() for number in (1, 2)] == [0, 1]
    assert removals.denied_without(world.campaign).get() == line(world)


def test_a_policy_that_names_the_holder_asks_somebody_else(root):
    world = running(MANAGER)
    own = make_policy("Grace decides", content({"kind": "people", "people": [world.grace.pk]}))

    repairing.change_policy(chosen(world, 1), own, by=root, reason=WHY)

    assert world.asked(line(world)) == [(1, "Olga Berg", "campaign_owner")]


def test_where_nobody_could_be_asked_nothing_is_changed(root, trail):
    world = running(MANAGER)
    alone = make_policy("Grace", content({"kind": "people", "people": [world.grace.pk], "clean": True}))
    User.objects.filter(pk=world.olga.pk).update(status="deactivated")
    make_grant(make_account(world.app, "Sam Root", person=root), world.buyer)

    with pytest.raises(NotPossible, match=r"Line 1: Grace Kim cannot.*Sam Root has the same access"):
        repairing.change_policy(chosen(world, 1), alone, by=root, reason=WHY)

    assert (line(world).round, LineRound.objects.count(), trail()) == (1, 0, [])
    assert world.asked(line(world)) == [(1, "Rui Alves", "manager")]


def test_the_desk_shows_a_restarted_line_once():
    world = running()
    decide(world, world.rui, 1)
    repairing.restart(chosen(world, 1), by=world.olga, reason=WHY)

    [stop] = stops(world.campaign, world.rui, PERSON, earlier=[])

    assert (stop.lines, stop.decided) == (2, 0)


def test_what_was_decided_before_is_nobodys_answer_now(root):
    world = running()
    decide(world, world.rui, 1)
    before = chosen(world, 1)
    repairing.restart(before, by=world.olga, reason=WHY)

    [shown] = for_screen(world.campaign.tasks.filter(line_no=1))
    [lost] = deciding._lost([before[0].pk])

    assert shown.decided == []  # type: ignore[attr-defined]  # prefetched by for_screen
    assert (lost.line_no, lost.decided_by) == (1, "")


def test_a_mark_that_came_to_nothing_is_not_told_as_decided_by_an_earlier_round(root):
    world = running()
    decide(world, world.rui, 1)
    repairing.restart(chosen(world, 1), by=world.olga, reason=WHY)
    marks.mark(world.campaign, [1, 2], Mark.Outcome.CERTIFY, by=world.rui, reason="Needed")
    stamp = bar(world.campaign, world.rui).stamp
    Turn.objects.open().filter(line_no=1).update(status=Turn.Status.ENDED)

    done = deciding.submit(world.campaign, world.rui, marks_seen=stamp)

    assert [each.decided_by for each in done.lost] == [""]
    assert [each.why for each in elsewhere(done.submission)] == ["You are no longer asked about it."]


def test_the_memo_counts_lines_asked_about_anew_and_names_their_policies(root):
    world = running()
    repairing.restart(chosen(world, 1), by=world.olga, reason=WHY)
    assert list(_asked_anew(world.campaign)) == [("Lines asked about anew", "1")]

    repairing.change_policy(chosen(world, 2), make_policy("Owners"), by=root, reason=WHY)

    [(_, said)] = _asked_anew(world.campaign)
    assert said.startswith("2, 1 of them under another version or policy: Owners")


def test_evidence_tells_of_every_round():
    world = running(lines=1)
    decide(world, world.rui, 1)
    repairing.restart(chosen(world, 1), by=world.olga, reason=WHY)

    [told] = evidence_lines(world.campaign)

    assert told.outcome.by == ""
    assert WHY in told.outcome.earlier_rounds
    assert "before: certified by Rui Alves" in told.outcome.earlier_rounds
    assert [step.outcome for step in told.steps if step] == ["being asked"]


def do(act, tasks, by, reason=WHY):
    if act == "change_policy":
        return repairing.change_policy(tasks, make_policy("Other"), by=by, reason=reason)
    return getattr(repairing, act)(tasks, by=by, reason=reason)


def test_who_was_asked_in_an_earlier_round_reads_of_that_whatever_policy_holds_now(root, sign_in):
    grave = {"all": [{"field": "entitlement.risk", "is": "in", "values": ["High"]}]}
    rare = {"name": "Grave", "condition": grave, "steps": [MANAGER]}
    rest = {"name": "The rest", "condition": None, "steps": [MANAGER, APP_OWNER]}
    two_rules = make_policy("Two rules", {"rules": [rare, rest]})
    world = running(lines=1, policy=two_rules, policy_version=two_rules.latest())
    other = make_policy("App owners decide", content(APP_OWNER))
    repairing.change_policy(chosen(world, 1), other, by=root, reason=WHY)
    turn = Turn.objects.get(reviewer=world.rui)
    address = reverse("reviews:line", args=[world.campaign.pk, 1])

    page = sign_in(world.rui).get(address)

    assert (turn.round, turn.rule, line(world).round) == (1, 2, 2)
    assert page.status_code == 200
    assert "Asked about anew after that" in page.text
    assert "1. Reviewer" in page.text
    assert "As App owners decide" not in page.text
