"""What became of a submission: how many marks were meant, and where those went that were not accepted."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from core.models import TrailEvent
from reviews.models import Decision, ReviewTask, Submission, Turn
from reviews.queries.rounds import of_this_round


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A line that was submitted and not accepted."""

    task: ReviewTask
    why: str


def elsewhere(submission: Submission) -> Sequence[Elsewhere]:
    """The first hundred of them, as the trail names them; why, as far as it is known now."""
    event = TrailEvent.objects.filter(
        action="reviews.submitted",
        object_type=submission.campaign._meta.label_lower,
        object_id=submission.campaign_id,
        change__submission=submission.key,
    ).first()
    numbers = event.change.get("too_late", []) if event is not None else []
    tasks = list(submission.campaign.tasks.filter(line_no__in=numbers).order_by("line_no"))
    first, given = _first(tasks), _given(submission, tasks)
    return [Elsewhere(task, _why(task, first, given)) for task in tasks]


def _first(tasks: Collection[ReviewTask]) -> Mapping[int, str]:
    """Who decided each of these lines in the round it is in."""
    rows = Decision.objects.filter(of_this_round(), task__in=tasks).order_by("pk")
    return {task: by or "The closing rule" for task, by in rows.values_list("task_id", "by__name")}


def _given(submission: Submission, tasks: Collection[ReviewTask]) -> Collection[int]:
    """Those that this reviewer was asked about and that went to somebody else."""
    turns = Turn.objects.filter(task__in=tasks, reviewer=submission.by_id, status=Turn.Status.GIVEN_ON)
    return set(turns.values_list("task_id", flat=True))


def _why(task: ReviewTask, first: Mapping[int, str], given: Collection[int]) -> str:
    if task.pk in given:
        return "It was given to somebody else."
    if name := first.get(task.pk):
        return f"{name} was first: {task.get_status_display().lower()}."
    if task.status in (ReviewTask.Status.CANCELLED, ReviewTask.Status.EXCEPTED):
        return f"The line ended meanwhile. {task.status_reason}".strip()
    return "You are no longer asked about it."
