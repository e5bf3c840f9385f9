"""What a reviewer notes about lines before they submit. Freely changed; nothing is decided by it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.timezone import now

from core.errors import Denied, NotPossible
from core.models import User
from core.queue import nudge
from reviews.actions.rights import must_decide, owners_of
from reviews.models import Campaign, Mark, Progress, ReviewTask, Turn
from reviews.queries import visible
from reviews.queries.asking import MOST, Question, Rules, questions
from reviews.queries.keys import among

type Seen = Mapping[int, Mapping[str, Any]]
"""By line: what the reviewer was shown."""
QUICK = ("No longer in this job", "Never needed", "Left the company", "Access was inappropriate")
"""Reasons that one click gives."""
LONGEST = 2_000  # letters of a reason
NAMED = 8
"""Lines that a sentence names one by one."""
OWN = (
    "Line {} is about your own access: nobody decides on that themselves. Somebody else is looked for; the"
    " owners of the campaign can choose whom. {}"
)


@dataclass(frozen=True, slots=True)
class Marked:
    """What became of an act on several lines."""

    lines: Sequence[int]
    needing: Sequence[int] = ()
    """Left open, for to certify them needs a reason each."""
    own: Sequence[int] = ()
    """Left open, for they are about the reviewer's own access."""
    gone: int = 0
    """Of those meant, no longer asked of this person."""

    @property
    def sentence(self) -> str:
        """What the reviewer must be told; empty where all went as they see."""
        said = []
        if self.needing:
            said.append(
                f"{_lines(self.needing)} stayed open: to certify {_it(self.needing)} you must say why."
            )
        if self.own:
            said.append(
                f"{_lines(self.own)} stayed open: nobody decides on their own access, so others are asked."
            )
        if self.gone:
            said.append(f"{self.gone:,} of them somebody else has decided meanwhile, or was given.")
        return " ".join(said)


class OwnAccess(Denied):
    """All of it is about one's own access."""


def mark(
    campaign: Campaign,
    lines: Collection[int],
    outcome: Mark.Outcome,
    *,
    by: User,
    reason: str = "",
    seen: Seen | None = None,
) -> Marked:
    """Note what the person would decide about these lines; they may note something else later.

    Several lines at once are counted as such (`together`), and those whose certifying needs a reason stay
    open unless one is given. Others are asked about what is one's own. Raises Denied and NotPossible where
    nothing could be noted.
    """
    try:
        with transaction.atomic():
            marked = _mark(campaign, lines, outcome, by=by, reason=reason, seen=seen or {})
    except OwnAccess:
        ask_others(by)
        raise
    if marked.own:
        ask_others(by)
    return marked


def ask_others(by: User) -> None:
    """A worker has others asked about what became this person's own access. Not to be undone by a refusal:
    call it after the transaction that refused."""
    nudge("reviews.route_anew", by.pk)


def _mark(
    campaign: Campaign, lines: Collection[int], outcome: Mark.Outcome, *, by: User, reason: str, seen: Seen
) -> Marked:
    must_be_open(campaign)
    must_decide(by)
    reason = _fit(reason)
    if len(lines) > MOST:
        raise NotPossible(f"At most {MOST:,} lines can be marked at once.")
    _hold(campaign.pk, by, lines)
    found, rules = questions(campaign, by, lines=lines), Rules(campaign)
    own = [each.line_no for each in found if not rules.may_answer(each)]
    asked = [each for each in found if rules.may_answer(each)]
    needing = _needing(asked, rules, outcome, reason) if len(lines) > 1 else []
    taken = [each for each in asked if each.line_no not in set(needing)]
    if not found:
        raise Denied("You are not asked about this line, or no longer. Somebody else may have decided it.")
    if not asked:
        raise OwnAccess(OWN.format(own[0], owners_of(campaign)))
    wanting = {each.task for each in taken if rules.needs_reason(each, outcome)}
    _note(campaign, taken, outcome, wanting, by=by, reason=reason, seen=seen)
    return Marked([each.line_no for each in taken], needing, own, len(lines) - len(found))


@transaction.atomic
def say(campaign: Campaign, reasons: Mapping[int, str], *, by: User) -> Marked:
    """Keep reasons, each with its line, marked already or not. Raises Denied, NotPossible."""
    must_be_open(campaign)
    must_decide(by)
    given = {line: _fit(reason) for line, reason in reasons.items()}
    _hold(campaign.pk, by, given)
    found, at = questions(campaign, by, lines=given), now()
    here, new = _marks(found, by), []
    for each in found:
        row, reason = here.get(each.task), given[each.line_no]
        if reason and row is None:
            new.append(Mark(task_id=each.task, campaign=campaign, person=by, reason=reason, at=at))
        elif row is not None and row.reason != reason:
            Mark.objects.filter(pk=row.pk).update(reason=reason, at=at)
    Mark.objects.bulk_create(new)
    return Marked([each.line_no for each in found], gone=len(given) - len(found))


@transaction.atomic
def undo(campaign: Campaign, lines: Collection[int], *, by: User) -> Marked:
    """Take marks back, with their reasons. When a line was first opened stays known."""
    must_be_open(campaign)
    must_decide(by)
    found = questions(campaign, by, lines=lines)
    _clear(by, [each.task for each in found])
    return Marked([each.line_no for each in found], gone=len(lines) - len(found))


@transaction.atomic
def undo_last(campaign: Campaign, *, by: User) -> Marked:
    """Take back what the last act marked, however many lines it was about."""
    must_be_open(campaign)
    must_decide(by)
    marks = Mark.objects.filter(campaign=campaign, person=by).exclude(outcome=Mark.Outcome.NONE)
    last = marks.order_by("-at").values_list("at", flat=True).first()
    if last is None:
        raise NotPossible("Nothing is marked that could be taken back.")
    tasks = list(marks.filter(at=last).values_list("task_id", "task__line_no"))
    _clear(by, [task for task, _ in tasks])
    return Marked([line_no for _, line_no in tasks])


@transaction.atomic
def open_line(turn: Turn, *, by: User) -> None:
    """Keep when its reviewer first opened the details of a line. Once; others leave no trace."""
    if turn.reviewer_id != by.pk or turn.status != Turn.Status.OPEN:
        return
    _hold(turn.campaign_id, by, [turn.line_no])
    if not Turn.objects.open().filter(pk=turn.pk).exists():
        return  # decided meanwhile
    at = now()
    row, _ = Mark.objects.get_or_create(
        task_id=turn.task_id, person=by, defaults={"campaign_id": turn.campaign_id, "opened_at": at}
    )
    Mark.objects.filter(pk=row.pk, opened_at=None).update(opened_at=at)


def come_in(campaign: Campaign, *, by: User) -> None:
    """Keep when a reviewer first looked at their lines."""
    Progress.objects.filter(campaign=campaign, reviewer=by, first_opened_at=None).update(
        first_opened_at=now()
    )


def must_be_open(campaign: Campaign) -> None:
    if campaign.status != Campaign.Status.RUNNING:
        raise NotPossible(
            f"{campaign} is no longer running: what is decided stays, comments are still welcome."
        )


def _hold(campaign: str, by: User, lines: Collection[int]) -> None:
    """Hold off whoever submits decisions on these lines: what was read before that is read again after it.

    Marks before lines, as `submit` does, so that neither waits for the other for ever.
    """
    turns = Turn.objects.open().filter(campaign=campaign, reviewer=by, line_no__in=among(lines))
    marks = Mark.objects.filter(person=by, task__in=turns.values("task"))
    list(marks.order_by("pk").select_for_update().values_list("pk", flat=True))
    tasks = ReviewTask.objects.filter(pk__in=turns.values("task"))
    list(tasks.order_by("pk").select_for_update(no_key=True).values_list("pk", flat=True))


def _lines(numbers: Sequence[int]) -> str:
    if len(numbers) > NAMED:
        return f"{len(numbers):,} lines"
    said = ", ".join(str(each) for each in numbers)
    return f"Line {said}" if len(numbers) == 1 else f"Lines {said}"


def _it(numbers: Sequence[int]) -> str:
    return "it" if len(numbers) == 1 else "them"


def _needing(asked: Iterable[Question], rules: Rules, outcome: str, reason: str) -> list[int]:
    if outcome != Mark.Outcome.CERTIFY or reason:
        return []
    return [each.line_no for each in asked if rules.needs_reason(each, outcome)]


def _note(
    campaign: Campaign,
    taken: Sequence[Question],
    outcome: str,
    wanting: Collection[int],
    *,
    by: User,
    reason: str,
    seen: Seen,
) -> None:
    """One statement for a thousand lines. Who changes their mind gives a new reason."""
    here, at = _marks(taken, by), now()
    rows = []
    for each in taken:
        before = here.get(each.task)
        kept = before.reason if before and before.outcome in ("", outcome) else ""
        shown = dict(seen.get(each.line_no) or seen.get(0, {}))
        if shown.get("listed") and (attributes := visible.labels(campaign, each.line.app)):
            shown["attributes"] = list(attributes)
        rows.append(
            Mark(
                task_id=each.task,
                campaign=campaign,
                person=by,
                outcome=outcome,
                reason=reason or kept,
                together=len(taken),
                needs_reason=each.task in wanting,
                seen=shown,
                at=at,
            )
        )
    Mark.objects.bulk_create(
        rows,
        batch_size=1_000,
        update_conflicts=True,
        unique_fields=("task", "person"),
        update_fields=("outcome", "reason", "together", "needs_reason", "seen", "at"),
    )


def _marks(found: Iterable[Question], by: User) -> dict[int, Mark]:
    rows = Mark.objects.filter(person=by, task__in=among(each.task for each in found))
    return {row.task_id: row for row in rows}


def _clear(by: User, tasks: Iterable[int]) -> None:
    marks = Mark.objects.filter(person=by, task__in=among(tasks))
    marks.update(outcome=Mark.Outcome.NONE, reason="", together=1, needs_reason=False, seen={}, at=now())


def _fit(reason: str) -> str:
    reason = reason.strip()
    if len(reason) > LONGEST:
        raise NotPossible(f"A reason has at most {LONGEST:,} letters; this one has {len(reason):,}.")
    return reason
