"""Marks become decisions: final, append-only, all of a submission at once or none of it."""

# ruff: noqa: S608  # what is written into the text are names of our own columns
import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import connection, transaction
from django.db.models import F
from django.utils.timezone import now

from core.errors import Denied, NotPossible, StaleState
from core.models import User
from core.trail import record
from reviews.actions import removals, turns
from reviews.actions.marks import OWN, ask_others, must_be_open
from reviews.actions.rights import must_decide, owners_of
from reviews.models import Campaign, Decision, Mark, Progress, ReviewTask, Submission, Turn
from reviews.queries.asking import MOST, Question, Rules, questions
from reviews.queries.independence import ties_now
from reviews.queries.keys import among, as_parameter, is_among, is_one
from reviews.queries.marks import ready_first, stamp_of
from reviews.queries.rounds import of_this_round

type Value = str | int | datetime | list[int] | None
"""What goes into a statement."""

NAMED = 100
"""Lines that the trail names one by one."""


@dataclass(frozen=True, slots=True)
class Lost:
    """A mark that came too late, and who was first; empty: nobody is asked about the line any more."""

    line_no: int
    decided_by: str = ""


@dataclass(frozen=True, slots=True)
class Submitted:
    """What became of the marks."""

    submission: Submission
    lost: Sequence[Lost] = ()
    own: Sequence[int] = ()
    """Lines about the reviewer's own access: left open."""
    unreasoned: Sequence[int] = ()
    """Lines that still need a reason: left open, marked."""
    more: int = 0
    """Marks beyond those that one act submits."""

    @property
    def is_smooth(self) -> bool:
        """Every mark became a decision."""
        return not (self.lost or self.own or self.unreasoned or self.more)


@dataclass(frozen=True, slots=True)
class _Ready:
    """A mark that may become a decision."""

    question: Question
    outcome: str


class MustSignInAgain(Denied):
    """A step of the policy takes decisions only from somebody who proved lately who they are."""

    def __init__(self, line: int) -> None:
        super().__init__(f"The policy wants you to sign in again before you decide line {line:,}.")


def submit(campaign: Campaign, by: User, *, marks_seen: str, is_proven: bool = False) -> Submitted:
    """Decide what this person has marked. `marks_seen`: the stamp of the marks as they said yes to them;
    `is_proven`: they proved within the last ten minutes who they are, which steps may want.

    Marks without a reason they need stay; those that somebody else was faster with are told as lost. Raises
    Denied, MustSignInAgain, NotPossible, StaleState.
    """
    must_decide(by)
    try:
        with transaction.atomic():
            done = _submit(campaign, by, marks_seen, is_proven=is_proven)
    except _OwnAlone:
        ask_others(by)
        raise
    if done.own:
        ask_others(by)
    return done


class _OwnAlone(NotPossible):
    """All that is marked is about one's own access."""


def _submit(campaign: Campaign, by: User, marks_seen: str, *, is_proven: bool) -> Submitted:
    _hold(campaign)
    must_be_open(campaign)
    marks = _held_marks(campaign, by)
    if _stamp(marks) != marks_seen:
        raise StaleState("Your marks are not what this page showed, or are submitted already. Look again.")
    done = _decide(campaign, by, sorted(marks, key=ready_first)[:MOST], is_proven=is_proven)
    return replace(done, more=max(len(marks) - MOST, 0))


def _decide(campaign: Campaign, by: User, marks: Sequence[Mark], *, is_proven: bool) -> Submitted:
    rules = Rules(campaign)
    asked = {each.task: each for each in questions(campaign, by, tasks=[m.task_id for m in marks])}
    own = [q for mark in marks if (q := asked.get(mark.task_id)) and not rules.may_answer(q)]
    mine = [(mark, q) for mark in marks if (q := asked.get(mark.task_id)) and rules.may_answer(q)]
    bare = [q for mark, q in mine if not mark.reason and rules.needs_reason(q, mark.outcome)]
    left = {q.task for q in (*own, *bare)}
    ready = [_Ready(q, mark.outcome) for mark, q in mine if q.task not in left]
    gone = [mark.task_id for mark in marks if mark.task_id not in asked]
    if not ready and not gone:
        raise _nothing(campaign, own, bare)
    if not is_proven:
        _must_want_no_proof(rules, ready)
    at = now()
    accepted = _take(ready, by, at)
    submission = _submission(campaign, by, ready, accepted, len(gone), at)
    _write(submission, by, accepted)
    _settle(campaign, by, rules, submission, accepted)
    taken = {each.question.task for each in accepted}
    lost = _lost([*gone, *(each.question.task for each in ready if each.question.task not in taken)])
    done = [*gone, *(each.question.task for each in ready)]
    Mark.objects.filter(is_one("task_id", done), person=by).delete()
    _tell(submission, accepted, lost)
    return Submitted(submission, lost, [q.line_no for q in own], [q.line_no for q in bare])


def _must_want_no_proof(rules: Rules, ready: Sequence[_Ready]) -> None:
    for each in ready:
        if rules.wants_proof(each.question):
            raise MustSignInAgain(each.question.line_no)


def _hold(campaign: Campaign) -> None:
    """Read the campaign, and hold off its closing until the decisions are written; not other reviewers."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM reviews_campaign WHERE id = %s FOR SHARE", [campaign.pk])
    campaign.refresh_from_db(fields=["status", "policy_version"])


def _held_marks(campaign: Campaign, by: User) -> Sequence[Mark]:
    """The marks of this person, theirs alone while they submit: who submits twice finds none.

    Without what they were shown: that goes into the decisions where it stands.
    """
    rows = Mark.objects.filter(campaign=campaign, person=by).exclude(outcome=Mark.Outcome.NONE)
    return list(rows.select_for_update().defer("seen").order_by("pk"))


def _stamp(marks: Sequence[Mark]) -> str:
    outcomes = Counter(mark.outcome for mark in marks)
    last = max((mark.at for mark in marks), default=None)
    return stamp_of(outcomes[Mark.Outcome.CERTIFY], outcomes[Mark.Outcome.DENY], last)


def _take(ready: Sequence[_Ready], by: User, at: datetime) -> Sequence[_Ready]:
    """End the turns of those lines that nobody else was faster with; answers these.

    Lines are locked in order, so that two who decide about the same ones never wait for each other.
    """
    tasks = ReviewTask.objects.open().filter(is_one("pk", (each.question.task for each in ready)))
    held = set(tasks.order_by("pk").select_for_update(no_key=True).values_list("pk", flat=True))
    wanted = [each.question.turn for each in ready if each.question.task in held]
    taken = {
        row[0]
        for row in _returned(
            "UPDATE reviews_turn SET status = %s, ended_at = %s"
            f" WHERE {is_among('id')} AND status = %s AND reviewer_id = %s RETURNING id",
            (Turn.Status.DECIDED, at, as_parameter(wanted), Turn.Status.OPEN, by.pk),
        )
    }
    return [each for each in ready if each.question.turn in taken]


def _submission(
    campaign: Campaign, by: User, ready: Sequence[_Ready], accepted: Sequence[_Ready], gone: int, at: datetime
) -> Submission:
    outcomes = Counter(each.outcome for each in accepted)
    return Submission.objects.create(
        campaign=campaign,
        by=by,
        at=at,
        submitted=len(ready) + gone,
        accepted=len(accepted),
        certified=outcomes[Mark.Outcome.CERTIFY],
        denied=outcomes[Mark.Outcome.DENY],
    )


def _write(submission: Submission, by: User, accepted: Sequence[_Ready]) -> None:
    """The decisions, with what ties their reviewer to the line now: a statement for each kind of tie."""
    ties = ties_now(submission.campaign, by, [each.question for each in accepted])
    for codes, turns_tied in sorted(ties.items()):
        _write_tied(submission, turns_tied, codes)


def _write_tied(submission: Submission, taken: Sequence[int], codes: str) -> None:
    """Made of marks and turns where they stand."""
    columns = (
        "task_id, campaign_id, turn_id, round, outcome, reason, by_id, on_behalf_of_id, at, together,"
        " opened_at, seen, independence, submission_id"
    )
    _execute(
        f"INSERT INTO reviews_decision ({columns})"
        " SELECT m.task_id, m.campaign_id, t.id, t.round, CASE m.outcome WHEN %s THEN %s ELSE %s END,"
        " m.reason, m.person_id, t.on_behalf_of_id, %s, m.together, m.opened_at, m.seen, %s, %s"
        " FROM reviews_turn t JOIN reviews_mark m ON m.task_id = t.task_id AND m.person_id = t.reviewer_id"
        f" WHERE {is_among('t.id')} ORDER BY t.line_no",
        (
            Mark.Outcome.CERTIFY,
            Decision.Outcome.CERTIFIED,
            Decision.Outcome.DENIED,
            submission.at,
            codes,
            submission.pk,
            as_parameter(taken),
        ),
    )


def _settle(
    campaign: Campaign, by: User, rules: Rules, submission: Submission, accepted: Sequence[_Ready]
) -> None:
    """What follows: a next step, or the end of the line; a removal for what is denied; counters."""
    at = submission.at
    denied = [each.question for each in accepted if each.outcome == Mark.Outcome.DENY]
    certified = [each.question for each in accepted if each.outcome == Mark.Outcome.CERTIFY]
    _overtake(by, accepted, at)
    _end([each.task for each in denied], ReviewTask.Status.DENIED, at)
    _count(campaign, by, submission)
    for step in sorted({each.step for each in certified}):
        keys = {each.task for each in certified if each.step == step}
        onward = turns.enter_step(ReviewTask.objects.filter(is_one("pk", keys)), step + 1)
        _end(keys - onward, ReviewTask.Status.CERTIFIED, at)
    if going := [each.task for each in denied if rules.removes(each)]:
        tasks = ReviewTask.objects.filter(is_one("pk", going))
        removals.open_for(list(tasks.order_by("line_no")), by)


def _end(tasks: Collection[int], status: str, at: datetime) -> None:
    if tasks:
        ReviewTask.objects.filter(is_one("pk", tasks)).update(status=status, settled_at=at)


def _overtake(by: User, accepted: Sequence[_Ready], at: datetime) -> None:
    """Whoever was asked about the same lines is asked no longer; each counter is touched in one order."""
    rows = _returned(
        "UPDATE reviews_turn SET status = %s, ended_at = %s"
        f" WHERE {is_among('task_id')} AND status = %s RETURNING reviewer_id",
        (Turn.Status.OVERTAKEN, at, as_parameter(each.question.task for each in accepted), Turn.Status.OPEN),
    )
    overtaken = Counter(str(row[0]) for row in rows)
    if not overtaken:
        return
    campaign = Turn.objects.values_list("campaign_id", flat=True).get(pk=accepted[0].question.turn)
    counters = Progress.objects.filter(campaign=campaign, reviewer__in=[*overtaken, by.pk])
    list(counters.select_for_update(no_key=True).order_by("reviewer_id"))
    for reviewer, number in overtaken.items():
        counters.filter(reviewer=reviewer).update(open=F("open") - number)


def _count(campaign: Campaign, by: User, submission: Submission) -> None:
    Progress.objects.filter(campaign=campaign, reviewer=by).update(
        open=F("open") - submission.accepted,
        certified=F("certified") + submission.certified,
        denied=F("denied") + submission.denied,
        last_decided_at=submission.at,
    )


def _lost(tasks: Collection[int]) -> Sequence[Lost]:
    """Lines of marks that came to nothing, each with who decided it, as far as somebody did in its round."""
    rows = Decision.objects.filter(of_this_round(), task__in=among(tasks)).order_by("pk")
    who = dict(rows.values_list("task_id", "by__name"))
    numbers = ReviewTask.objects.filter(pk__in=among(tasks)).order_by("line_no").values_list("pk", "line_no")
    return [Lost(line_no, who.get(task) or "") for task, line_no in numbers]


def _tell(submission: Submission, accepted: Sequence[_Ready], lost: Sequence[Lost]) -> None:
    """One event a submission. Its digest is over line and outcome of each decision, in order of lines."""
    rows = sorted((each.question.line_no, each.outcome) for each in accepted)
    digest = hashlib.sha256("\n".join(f"{line_no} {outcome}" for line_no, outcome in rows).encode())
    record(
        "reviews.submitted",
        submission.campaign,
        by=submission.by,
        submission=submission.key,
        submitted=submission.submitted,
        accepted=submission.accepted,
        certified=submission.certified,
        denied=submission.denied,
        lines=[line_no for line_no, _ in rows[:NAMED]],
        too_late=[each.line_no for each in lost[:NAMED]],
        digest=digest.hexdigest(),
    )


def _nothing(campaign: Campaign, own: Sequence[Question], bare: Sequence[Question]) -> NotPossible:
    """Why none of it can be submitted."""
    if bare:
        return NotPossible(f"{len(bare):,} of your marks need a reason first: none is ready to be submitted.")
    if own:
        return _OwnAlone(OWN.format(own[0].line_no, owners_of(campaign)))
    return NotPossible("Nothing is marked, so there is nothing to submit.")


def _returned(sql: str, parameters: Iterable[Value]) -> Sequence[tuple[int | str, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, _adapted(parameters))
        return list(cursor.fetchall())


def _execute(sql: str, parameters: Iterable[Value]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, _adapted(parameters))


def _adapted(parameters: Iterable[Value]) -> list[Value]:
    """Times as the database keeps them, choices as their bare words."""
    adapt = connection.ops.adapt_datetimefield_value
    return [
        adapt(each) if isinstance(each, datetime) else str(each) if isinstance(each, str) else each
        for each in parameters
    ]
