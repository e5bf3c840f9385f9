"""Corrections, the quality sample, the sign-off."""

from types import SimpleNamespace

import pytest

from connectors.models import ProvisionOrder, Tag
from core.errors import Denied, NotPossible
from core.models import Role, TrailEvent, User
from reviews import jobs
from reviews.actions import (
    campaigns,
    closing,
    correcting,
    removals,
    removing,
    repairing,
    sampling,
    signing_off,
)
from reviews.models import Campaign, Decision, Removal, Report, ReviewTask
from reviews.queries import bridge
from reviews.queries.decided import deciders
from reviews.queries.looks import sample_of
from reviews.queries.memo import memo
from reviews.queries.part_in import part_in
from tests.make import make_user
from tests.reviews.making import make_grants, make_running, removes_nothing

pytestmark = pytest.mark.django_db
ALL = list(signing_off.STATEMENTS)


@pytest.fixture
def owner(db):
    return make_user("Olga Berg", Role.CAMPAIGN)


@pytest.fixture
def control(db):
    return make_user("Ines Moreau", Role.BASIC)


@pytest.fixture
def reviewer(db):
    return make_user("Rui Costa", Role.BASIC)


@pytest.fixture
def app_owner(db):
    return make_user("Tom Okafor", Role.BASIC)


@pytest.fixture(autouse=True)
def _ties(monkeypatch):
    monkeypatch.setattr(bridge, "of", lambda campaign: SimpleNamespace(ties=True, rows=()))


@pytest.fixture
def campaign(owner, control, reviewer, app_owner, nudges):
    campaign = make_running(make_grants(6), reviewer, owner, control_owner=control)
    campaign.tasks.earliest("line_no").app.ownerships.create(user=app_owner)
    return campaign


def decide(campaign, outcome, *numbers, independence=""):
    for task in campaign.tasks.filter(line_no__in=numbers):
        turn = task.turns.get()
        by = turn.reviewer
        told = {"outcome": outcome, "by": by, "independence": independence}
        Decision.objects.create(task=task, campaign=campaign, turn=turn, **told)
    campaign.tasks.filter(line_no__in=numbers).update(status=outcome)
    if outcome == "denied":
        removals.open_for(list(campaign.tasks.filter(line_no__in=numbers)), None)


def closed(campaign, owner):
    closing.close(campaign, by=owner, at_end="exception")
    jobs.close(campaign.pk)
    campaign.refresh_from_db()


def look_at_all(campaign, control):
    for row in campaign.sample.all():
        sampling.look(row, by=control, agrees=True)


def test_a_correction_is_a_new_decision_that_names_the_old_one(campaign, owner, trail):
    decide(campaign, "certified", 1)
    task = campaign.tasks.get(line_no=1)

    correcting.correct(task, by=owner, outcome="denied", reason="They moved to Sales in May")

    task.refresh_from_db()
    old, new = Decision.objects.order_by("pk")
    assert task.status == "denied"
    assert (new.replaces, new.by, new.turn, new.outcome) == (old, owner, old.turn, "denied")
    assert Removal.objects.get().task == task
    assert trail() == ["removals.opened", "lines.corrected"]
    event = TrailEvent.objects.latest("pk")
    assert event.change["outcome"] == {"before": "Certified", "after": "Denied"}


def test_a_denial_is_corrected_until_access_was_taken_away(campaign, owner, app_owner):
    decide(campaign, "denied", 1, 2)
    correct = correcting.correct

    correct(campaign.tasks.get(line_no=1), by=owner, outcome="certified", reason="A wrong click")
    removing.confirm(list(Removal.objects.filter(task__line_no=2)), by=app_owner)
    jobs.order_removals(campaign.pk)
    ProvisionOrder.objects.update(status="removed")
    jobs.follow_order(ProvisionOrder.objects.get().pk)
    with pytest.raises(NotPossible, match="already removed"):
        correct(campaign.tasks.get(line_no=2), by=owner, outcome="certified", reason="A wrong click")

    assert Removal.objects.get(task__line_no=1).status == Removal.Status.DROPPED
    assert list(campaign.tasks.order_by("line_no").values_list("status", flat=True))[:2] == [
        "certified",
        "denied",
    ]
    assert Decision.objects.count() == 3


@pytest.mark.parametrize(
    ("who", "sentence"),
    [
        ("the reviewer", "Only an owner of"),
        ("the control owner", "Only an owner of"),
        ("a control owner who is an owner", "control owner"),
        ("the subject", "your own access"),
    ],
)
def test_nobody_else_corrects_and_nobody_their_own_access(
    campaign, owner, control, reviewer, trail, who, sentence
):
    decide(campaign, "certified", 1)
    task = campaign.tasks.get(line_no=1)
    person = {"the reviewer": reviewer, "the control owner": control}.get(who, owner)
    if who == "a control owner who is an owner":
        Campaign.objects.update(control_owner=owner)
    if who == "the subject":
        task.account.person = owner
        task.account.save()

    with pytest.raises(Denied, match=sentence):
        correcting.correct(task, by=person, outcome="denied", reason="For some reason")

    assert Decision.objects.count() == 1
    assert trail() == []


def test_after_closing_nothing_is_corrected(campaign, owner):
    decide(campaign, "certified", 1)
    closed(campaign, owner)

    with pytest.raises(NotPossible, match="while it runs"):
        correcting.correct(campaign.tasks.get(line_no=1), by=owner, outcome="denied", reason="Too late")


@pytest.mark.parametrize(
    ("lines", "percent", "wanted"),
    [(1000, 10, 60), (100, 10, 10), (12, 10, 5), (3, 10, 3), (100, 0, 0), (0, 10, 0), (40, 100, 40)],
)
def test_the_sample_is_a_tenth_at_least_five_and_at_most_sixty(lines, percent, wanted):
    assert sampling.size(lines, percent) == wanted


def test_the_same_seed_draws_the_same_lines_each_once():
    numbers = list(range(1, 41))

    first = list(sampling.drawn("4f2c", numbers))

    assert first == list(sampling.drawn("4f2c", numbers))
    assert first != list(sampling.drawn("4f2d", numbers))
    assert sorted(first) == numbers


def test_the_sample_is_drawn_at_closing_from_decided_lines_without_the_control_owners_own(
    campaign, owner, control
):
    decide(campaign, "certified", 1, 2, 3, 4, 5)
    own = campaign.tasks.get(line_no=3).account
    own.person = control
    own.save()

    closed(campaign, owner)

    assert sorted(campaign.sample.values_list("line_no", flat=True)) == [1, 2, 4, 5]
    assert len(campaign.sample_seed) == 16


def test_only_the_control_owner_looks_again_and_says_why_not(campaign, owner, control):
    decide(campaign, "certified", 1, 2)
    closed(campaign, owner)
    row = campaign.sample.first()

    with pytest.raises(Denied, match="Ines Moreau"):
        sampling.look(row, by=owner, agrees=True)
    with pytest.raises(NotPossible, match="Say why"):
        sampling.look(row, by=control, agrees=False)
    sampling.look(row, by=control, agrees=False, note="They left the team")

    look = row.looks.get()
    assert (look.agrees, look.note, look.by) == (False, "They left the team", control)


def test_who_thinks_again_says_so_once_more_and_what_was_said_stays(campaign, owner, control, trail):
    decide(campaign, "certified", 1)
    closed(campaign, owner)
    row = campaign.sample.get()

    sampling.look(row, by=control, agrees=False, note="They left the team")
    sampling.look(row, by=control, agrees=True)

    (looked,) = sample_of(campaign)
    assert looked.now is not None
    assert (looked.now.agrees, [look.note for look in looked.earlier]) == (True, ["They left the team"])
    assert trail()[-2:] == ["lines.looked_at_again"] * 2


@pytest.mark.parametrize("later", ["nothing", "the same after all", "another control owner"])
def test_where_a_look_said_otherwise_a_conclusion_is_wanted(campaign, owner, control, later):
    decide(campaign, "certified", 1, 2)
    closed(campaign, owner)
    look_at_all(campaign, control)
    sampling.look(campaign.sample.first(), by=control, agrees=False, note="They left the team")
    signer = control
    if later == "the same after all":
        sampling.look(campaign.sample.first(), by=control, agrees=True)
    if later == "another control owner":
        signer = make_user("Hugo Brandt", Role.BASIC)
        campaigns.change_control_owner(campaign, signer, by=owner, reason="She moved on")
        campaign.refresh_from_db()
        with pytest.raises(NotPossible, match="still to be looked at again"):
            signing_off.sign_off(campaign, by=signer, agreed=ALL)
        look_at_all(campaign, signer)

    with pytest.raises(NotPossible, match="Say what you conclude"):
        signing_off.sign_off(campaign, by=signer, agreed=ALL, conclusion=" ")
    signing_off.sign_off(campaign, by=signer, agreed=ALL, conclusion="One slip; the manager was told.")

    campaign.refresh_from_db()
    assert campaign.conclusion == "One slip; the manager was told."
    event = TrailEvent.objects.get(action="campaigns.signed_off")
    assert event.change["conclusion"] == "One slip; the manager was told."
    section = next(each for each in memo(campaign).sections if each.heading == "Quality sample")
    assert [row[3] for row in section.rows] == ["They left the team"]
    assert memo(campaign).sections[-1].pairs[0][1] == "One slip; the manager was told."


def test_the_statement_counts_those_whom_something_tied_and_what_nobody_answered(campaign, owner, control):
    decide(campaign, "certified", 1, 2)
    decide(campaign, "certified", 3, 4, independence="granted,holds")
    decide(campaign, "denied", 5, independence="holds,own")
    Decision.objects.create(task=campaign.tasks.get(line_no=6), campaign=campaign, outcome="denied")
    campaign.tasks.filter(line_no=6).update(status="denied")
    Removal.objects.update(status="proven")
    removals.open_for([campaign.tasks.get(line_no=6)], None)
    Removal.objects.update(status="proven")
    closed(campaign, owner)
    look_at_all(campaign, control)

    signing_off.sign_off(campaign, by=control, agreed=ALL)

    campaign.refresh_from_db()
    found = deciders(campaign)
    assert (found.independent, found.tied, found.silent) == (2, 3, 1)
    assert found.by_tie == {
        "has the same access": 3,
        "granted or requested this access": 2,
        "gave up their own access": 1,
    }
    assert campaign.statements["decided"] == (
        "Every line was decided by somebody independent of it, or is an exception with its reason, or is one"
        " of the 3 listed with what tied the reviewer, or is the one that the closing rule denied as"
        " nobody answered."
    )
    section = next(each for each in memo(campaign).sections if each.heading == "Who decided")
    assert [(row[0], row[3]) for row in section.rows][-1] == (
        "5",
        "has the same access; gave up their own access",
    )


def test_the_last_decision_of_the_present_round_is_what_counts(campaign, owner):
    decide(campaign, "certified", 1, independence="holds")
    decide(campaign, "certified", 2, independence="holds")
    correcting.correct(
        campaign.tasks.get(line_no=1), by=owner, outcome="denied", reason="They moved to Sales"
    )
    repairing.restart([campaign.tasks.get(line_no=2)], by=owner, reason="Wrong manager")

    found = deciders(campaign)

    assert (found.independent, found.tied) == (1, 0)


def test_the_control_owner_signs_off_with_four_statements(campaign, owner, control, trail):
    decide(campaign, "certified", 1, 2)
    closed(campaign, owner)
    look_at_all(campaign, control)

    with pytest.raises(NotPossible, match="all four statements"):
        signing_off.sign_off(campaign, by=control, agreed=ALL[:3])
    signing_off.sign_off(campaign, by=control, agreed=ALL)

    campaign.refresh_from_db()
    assert campaign.status == Campaign.Status.SIGNED_OFF
    assert campaign.signed_off_by == control
    assert campaign.statements == signing_off.STATEMENTS
    assert trail()[-1] == "campaigns.signed_off"
    assert campaign.reports.filter(by=None, status="wanted").count() == len(Report.Kind)


@pytest.mark.parametrize("who", ["owner", "super", "deactivated"])
def test_nobody_else_signs_off(campaign, owner, control, who):
    closed(campaign, owner)
    person = {"owner": owner, "super": make_user("Ada Lindgren", Role.SUPER), "deactivated": control}[who]
    if who == "deactivated":
        control.status = "deactivated"
        control.save()

    with pytest.raises(Denied, match="Only the control owner"):
        signing_off.sign_off(campaign, by=person, agreed=ALL)

    campaign.refresh_from_db()
    assert campaign.status == Campaign.Status.CLOSED


def test_who_only_reads_does_not_sign_off(campaign, owner, control):
    closed(campaign, owner)
    control.holdings.update(role=Role.READ_ONLY)
    control = User.objects.get(pk=control.pk)

    with pytest.raises(Denied, match="only reads"):
        signing_off.sign_off(campaign, by=control, agreed=ALL)

    campaign.refresh_from_db()
    assert campaign.status == Campaign.Status.CLOSED


def test_who_decided_a_line_does_not_sign_off(campaign, owner, reviewer):
    Campaign.objects.update(control_owner=reviewer)
    campaign.refresh_from_db()
    decide(campaign, "certified", 1)
    closed(campaign, owner)
    look_at_all(campaign, reviewer)

    with pytest.raises(NotPossible, match="Rui Costa decided 1 of its lines"):
        signing_off.sign_off(campaign, by=reviewer, agreed=ALL)


@pytest.mark.parametrize(
    ("part", "sentence"),
    [
        ("decided as their double", "decided 1 of its lines"),
        ("was stood in for", "decided 1 of its lines"),
        ("closed it by denying", "had its open lines denied"),
        ("excepted a removal", "let the access of 1 denied line stay"),
    ],
)
def test_who_had_any_part_in_the_decisions_does_not_sign_off(campaign, owner, control, part, sentence):
    double = make_user("Ines M", employee_id="77")
    control.employee_id = "77"
    control.save()
    task = campaign.tasks.get(line_no=1)
    decision = {"task": task, "campaign": campaign, "turn": task.turns.get(), "outcome": "certified"}
    if part == "decided as their double":
        Decision.objects.create(**decision, by=double)
    elif part == "was stood in for":
        Decision.objects.create(**decision, by=make_user("Hugo Brandt"), on_behalf_of=control)
    elif part == "closed it by denying":
        Campaign.objects.update(at_end="remove", closing_wanted_by=control)
    else:
        decide(campaign, "denied", 1)
        Removal.objects.update(status="excepted", excepted_by=double, reason="Needed")
    Campaign.objects.update(status="closed")
    campaign.refresh_from_db()

    with pytest.raises(NotPossible, match=f"Ines Moreau {sentence}.* cannot sign off too"):
        signing_off.sign_off(campaign, by=control, agreed=ALL)


def test_everything_in_the_way_is_named(campaign, owner, control, monkeypatch):
    Tag.objects.get_or_create(kind="risk", name="Critical", defaults={"is_grave": True})
    task = campaign.tasks.get(line_no=1)
    line = ReviewTask(**{field.attname: getattr(task, field.attname) for field in ReviewTask._meta.fields})
    line.pk, line.line_no, line.grant, line.risk = None, 7, 999_999, "Critical"
    line.save()
    decide(campaign, "certified", 2)
    line.status = "denied"
    ReviewTask.objects.filter(pk=line.pk).update(status="denied")
    removals.open_for([line], None)
    monkeypatch.setattr(bridge, "of", lambda campaign: SimpleNamespace(ties=False))

    assert signing_off.obstacles(campaign) == ["It is running: it can be signed off once it is closed."]
    closed(campaign, owner)

    assert signing_off.obstacles(campaign) == [
        "1 removal is neither proven gone nor an exception.",
        "1 denied line of a grave risk: nobody has looked back yet.",
        "2 of the sampled lines are still to be looked at again.",
        "The counts do not tie: look at its data.",
    ]
    with pytest.raises(NotPossible, match="neither proven gone"):
        signing_off.sign_off(campaign, by=control, agreed=ALL)


def test_denied_lines_that_nobody_takes_away_stand_in_the_way_until_they_are_removed_or_excepted(
    campaign, owner, control
):
    removes_nothing(campaign)
    decide(campaign, "denied", 1, 2)
    closed(campaign, owner)
    look_at_all(campaign, control)

    assert not Removal.objects.exists()
    with pytest.raises(NotPossible, match="2 denied lines have no removal: an owner of the campaign opens"):
        signing_off.sign_off(campaign, by=control, agreed=ALL)

    removals.open_denied(campaign, by=owner)
    removing.except_(list(Removal.objects.all()), by=owner, reason="Needed until the year-end close")
    assert signing_off.obstacles(campaign) == []


def test_an_open_line_stands_in_the_way(campaign, owner, control):
    closed(campaign, owner)
    campaign.tasks.filter(line_no=1).update(status="open")

    with pytest.raises(NotPossible, match="1 line is still open"):
        signing_off.sign_off(campaign, by=control, agreed=ALL)


def test_an_exception_about_the_control_owner_s_own_access_is_for_another_to_accept(
    campaign, owner, reviewer, control
):
    account = campaign.tasks.get(line_no=1).account
    account.person = control
    account.save()
    closed(campaign, owner)
    look_at_all(campaign, control)

    with pytest.raises(NotPossible, match="Line 1 is an exception and about the own access of"):
        signing_off.sign_off(campaign, by=control, agreed=ALL)


def test_who_had_lines_asked_about_anew_or_cancelled_does_not_sign_off(campaign, owner, control):
    control.holdings.create(role=Role.SUPER)
    root = User.objects.get(pk=control.pk)
    Campaign.objects.update(control_owner=owner)
    repairing.restart([campaign.tasks.get(line_no=1)], by=root, reason="Wrong manager")
    repairing.cancel([campaign.tasks.get(line_no=1)], by=root, reason="A test account")

    assert list(part_in(campaign, root)) == ["had lines asked about anew", "cancelled lines"]
