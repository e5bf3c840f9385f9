"""What a reviewer would submit, and what would come of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Case, QuerySet, When

from core.models import User
from reviews.models import Campaign, Mark, ReviewTask
from reviews.queries.asking import MOST, Rules, questions
from reviews.queries.keys import among

SHOWN = 50


@dataclass(frozen=True, slots=True)
class Summary:
    certified: int
    denied: int
    onward: int
    """Of the certified ones: somebody else is asked next."""
    needing: Sequence[ReviewTask]
    """Some of those that stay marked, for they lack a reason."""
    needing_number: int
    own_number: int
    denials: Sequence[Mark]
    """Some of what is denied."""
    tasks: QuerySet[ReviewTask]
    """Every denied line that is ready."""
    gone: int
    """Marks on lines that somebody else decided meanwhile, or was given: they come to nothing."""
    wants_proof: bool
    """Some of it is only taken from somebody who signed in again lately."""
    removes: bool
    """Whether some of what is denied is taken away by that."""

    @property
    def ready(self) -> int:
        return self.certified + self.denied


def summary(campaign: Campaign, person: User) -> Summary:
    """Of the marks that one act may submit: there may be more, for the next."""
    rules, marks = Rules(campaign), _marks(campaign, person)
    asked = {each.task: each for each in questions(campaign, person, tasks=[m.task_id for m in marks])}
    certified, onward, gone = 0, 0, 0
    needing, own, denials, removed, wants_proof = [], [], [], 0, False
    for mark in marks:
        question = asked.get(mark.task_id)
        if question is not None and rules.wants_proof(question):
            wants_proof = True
        if question is None:
            gone += 1
        elif not rules.may_answer(question):
            own.append(mark.task_id)
        elif not mark.reason and rules.needs_reason(question, mark.outcome):
            needing.append(mark.task_id)
        elif mark.outcome == Mark.Outcome.DENY:
            denials.append(mark.pk)
            removed += rules.removes(question)
        else:
            certified += 1
            onward += rules.goes_on(question)
    rows = Mark.objects.filter(pk__in=among(denials)).select_related("task").order_by("task__line_no")
    return Summary(
        certified=certified,
        denied=len(denials),
        onward=onward,
        needing=_tasks(needing),
        needing_number=len(needing),
        own_number=len(own),
        denials=list(rows[:SHOWN]),
        tasks=ReviewTask.objects.filter(pk__in=rows.order_by().values("task")),
        gone=gone,
        wants_proof=wants_proof,
        removes=bool(removed) or not denials,
    )


def _marks(campaign: Campaign, person: User) -> Sequence[Mark]:
    """As many as one act submits, those that lack a reason last (`ready_first`)."""
    marks = Mark.objects.filter(campaign=campaign, person=person).exclude(outcome=Mark.Outcome.NONE)
    is_bare = Case(When(needs_reason=True, reason="", then=1), default=0)
    return list(marks.defer("seen").order_by(is_bare, "pk")[:MOST])


def _tasks(keys: Sequence[int]) -> Sequence[ReviewTask]:
    return list(ReviewTask.objects.filter(pk__in=among(keys)).order_by("line_no")[:SHOWN])
