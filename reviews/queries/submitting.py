"""What a reviewer would submit, and what would come of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.models import User
from reviews.models import Campaign, Mark, ReviewTask
from reviews.queries.asking import Rules, questions
from reviews.queries.keys import among

SHOWN = 50


@dataclass(frozen=True, slots=True)
class Summary:
    certified: int
    denied: int
    onward: int
    """Of the certified ones: somebody else is asked next."""
    needing: Sequence[ReviewTask]
    own: Sequence[ReviewTask]
    denials: Sequence[Mark]
    """Some of what is denied."""
    tasks: Sequence[ReviewTask]
    """Every denied line that is ready."""
    removes: bool

    @property
    def ready(self) -> int:
        return self.certified + self.denied


def summary(campaign: Campaign, person: User) -> Summary:
    rules = Rules(campaign)
    asked = {each.task: each for each in questions(campaign, person)}
    marks = Mark.objects.filter(campaign=campaign, person=person).exclude(outcome=Mark.Outcome.NONE)
    certified, onward = 0, 0
    needing, own, denials = [], [], []
    for mark in marks.order_by("pk"):
        question = asked.get(mark.task_id)
        if question is None:
            continue
        if not rules.may_answer(question):
            own.append(mark.task_id)
        elif not mark.reason and rules.needs_reason(question, mark.outcome):
            needing.append(mark.task_id)
        elif mark.outcome == Mark.Outcome.DENY:
            denials.append(mark.pk)
        else:
            certified += 1
            onward += rules.goes_on(question)
    rows = Mark.objects.filter(pk__in=among(denials)).select_related("task").order_by("task__line_no")
    return Summary(
        certified=certified,
        denied=len(denials),
        onward=onward,
        needing=_tasks(needing),
        own=_tasks(own),
        denials=list(rows[:SHOWN]),
        tasks=list(
            ReviewTask.objects.filter(marks__in=among(denials)).select_related("app").order_by("line_no")
        ),
        removes=rules.removes,
    )


def _tasks(keys: Sequence[int]) -> Sequence[ReviewTask]:
    return list(ReviewTask.objects.filter(pk__in=among(keys)).order_by("line_no")[:SHOWN])
