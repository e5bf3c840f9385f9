"""What a reviewer would submit, and what would come of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Case, Count, Q, QuerySet, When

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
    own: Sequence[ReviewTask]
    """Some of those about the reviewer's own access."""
    own_number: int
    denials: Sequence[Mark]
    """Some of what is denied."""
    tasks: QuerySet[ReviewTask]
    """Every denied line that is ready and whose access is then taken away."""
    gone: int
    """Marks on lines that somebody else decided meanwhile, or was given: they come to nothing."""
    later: int
    """Marks that are ready and more than one act submits: for the next."""
    stays: int
    """Of the denied ones: their policy has nothing taken away."""
    wants_proof: bool
    """Some of it is only taken from somebody who signed in again lately."""

    @property
    def removes(self) -> bool:
        """Whether all that is denied is taken away."""
        return not self.stays

    @property
    def ready(self) -> int:
        return self.certified + self.denied


def summary(campaign: Campaign, person: User) -> Summary:
    """Of the marks that one act may submit: there may be more, for the next."""
    rules, marks = Rules(campaign), _marks(campaign, person)
    more, more_bare = _beyond(campaign, person, marks)
    asked = {each.task: each for each in questions(campaign, person, tasks=[m.task_id for m in marks])}
    certified, onward, gone = 0, 0, 0
    needing, own, denials, going, wants_proof = [], [], [], [], False
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
            going += [mark.task_id] if rules.removes(question) else []
        else:
            certified += 1
            onward += rules.goes_on(question)
    rows = Mark.objects.filter(pk__in=among(denials)).select_related("task").order_by("task__line_no")
    return Summary(
        certified=certified,
        denied=len(denials),
        onward=onward,
        needing=_tasks(needing),
        needing_number=len(needing) + more_bare,
        own=_tasks(own),
        own_number=len(own),
        denials=list(rows[:SHOWN]),
        tasks=ReviewTask.objects.filter(pk__in=among(going)),
        gone=gone,
        later=more - more_bare,
        stays=len(denials) - len(going),
        wants_proof=wants_proof,
    )


def _marks(campaign: Campaign, person: User) -> Sequence[Mark]:
    """As many as one act submits, those that lack a reason last (`ready_first`)."""
    is_bare = Case(When(_BARE, then=1), default=0)
    return list(_all_marks(campaign, person).defer("seen").order_by(is_bare, "pk")[:MOST])


_BARE = Q(needs_reason=True, reason="")


def _all_marks(campaign: Campaign, person: User) -> QuerySet[Mark]:
    return Mark.objects.filter(campaign=campaign, person=person).exclude(outcome=Mark.Outcome.NONE)


def _beyond(campaign: Campaign, person: User, marks: Sequence[Mark]) -> tuple[int, int]:
    """How many marks there are beside these, and how many of them lack a reason."""
    if len(marks) < MOST:
        return 0, 0
    found = _all_marks(campaign, person).aggregate(every=Count("pk"), bare=Count("pk", filter=_BARE))
    bare = sum(mark.needs_reason and not mark.reason for mark in marks)
    return found["every"] - len(marks), found["bare"] - bare


def _tasks(keys: Sequence[int]) -> Sequence[ReviewTask]:
    return list(ReviewTask.objects.filter(pk__in=among(keys)).order_by("line_no")[:SHOWN])
