"""The review desk: whom or what one walks through, the lines of one stop, how far one is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet

from connectors.models import Account, ResourceType, Tag
from core.models import User
from reviews.models import Campaign, Comment, Instructions, LineRound, Mark, Progress, ReviewTask, Turn
from reviews.queries.asking import Question, Rules, questions
from reviews.queries.earlier import FRESH
from reviews.queries.insights import NEW, Hint, Insight, insights
from reviews.queries.marks import stamp_of

PERSON, APP, ENTITLEMENT, RESOURCE, FLAT = "person", "app", "entitlement", "resource", "flat"
VIEWS: Mapping[str, str] = dict(Campaign.Desk.choices)
HOLDERS = (APP, ENTITLEMENT, RESOURCE)
"""Views whose lines are told apart by who holds the access."""
NOBODY = "none"
"""The stop of accounts that belong to nobody."""
SIZE = 50
"""Lines of a page."""
HINTS = 4
"""So many hints of a line are shown at once; the others are in its details."""


type Turns = QuerySet[Turn]


@dataclass(frozen=True, slots=True)
class Bar:
    """How far one reviewer is."""

    asked: int
    decided: int
    """Submitted before."""
    certify: int
    deny: int
    needing: int
    stamp: str

    @property
    def marked(self) -> int:
        return self.certify + self.deny

    @property
    def done(self) -> int:
        """Decided or marked."""
        return self.decided + self.marked

    @property
    def open(self) -> int:
        return max(self.asked - self.done, 0)

    @property
    def ready(self) -> int:
        return self.marked - self.needing


@dataclass(frozen=True, slots=True)
class Line:
    """A line as the desk draws it."""

    turn: Turn
    task: ReviewTask
    mark: Mark | None
    insight: Insight
    kind_name: str
    risk_level: str
    """`low`, `med`, `high`; empty: none is set."""
    is_fresh: bool
    question: Question | None
    """None once it is decided."""
    may_answer: bool
    needs_to_certify: bool
    needs_to_deny: bool
    goes_on: bool
    comments: int

    @property
    def outcome(self) -> str:
        return self.mark.outcome if self.mark else ""

    @property
    def account(self) -> Account:
        return self.task.account

    @property
    def last_sign_in(self) -> str:
        """The day as its source told it; empty: the source does not tell."""
        return str(self.account.profile.get("last_login") or "")[:10]

    @property
    def news(self) -> Sequence[Hint]:
        """Hints that are shown as tags beside the name."""
        return [each for each in self.insight.hints if each.tone == NEW]

    @property
    def hints(self) -> Sequence[tuple[int, Hint]]:
        """The others that are shown with the line, each with its number among all."""
        numbered = list(enumerate(self.insight.hints, 1))[:HINTS]
        return [(number, each) for number, each in numbered if each.tone != NEW]

    @property
    def lacks_reason(self) -> bool:
        return bool(self.mark and self.mark.outcome and self.mark.needs_reason and not self.mark.reason)


def bar(campaign: Campaign, person: User) -> Bar:
    marks = Mark.objects.filter(campaign=campaign, person=person).exclude(outcome=Mark.Outcome.NONE)
    found = marks.aggregate(
        certify=Count("pk", filter=Q(outcome=Mark.Outcome.CERTIFY)),
        deny=Count("pk", filter=Q(outcome=Mark.Outcome.DENY)),
        needing=Count("pk", filter=Q(needs_reason=True, reason="")),
        last=Max("at"),
    )
    progress = Progress.objects.filter(campaign=campaign, reviewer=person).first()
    asked, left = (progress.asked, progress.open) if progress else (0, 0)
    stamp = stamp_of(found["certify"], found["deny"], found["last"])
    return Bar(asked, asked - left, found["certify"], found["deny"], found["needing"], stamp)


def own_turns(campaign: Campaign, person: User, *, also_done: bool) -> QuerySet[Turn]:
    """What this person is asked about, or decided before; not what they decided in an earlier round."""
    asked = Turn.objects.filter(campaign=campaign, reviewer=person)
    if not also_done:
        return asked.filter(status=Turn.Status.OPEN)
    later = LineRound.objects.filter(task=OuterRef("task"), number__gt=OuterRef("round"))
    return asked.filter(~Exists(later), status__in=(Turn.Status.OPEN, Turn.Status.DECIDED))


def at_stop(turns: QuerySet[Turn], view: str, key: str) -> QuerySet[Turn]:
    """Of these turns those of one stop."""
    if view == PERSON:
        return turns.filter(task__person=None) if key == NOBODY else turns.filter(task__person=key)
    return turns.filter(**{f"task__{OF[view]}": key}) if view in OF else turns


OF: Mapping[str, str] = {APP: "app", ENTITLEMENT: "entitlement", RESOURCE: "entitlement__resource"}


def whole(turns: QuerySet[Turn]) -> QuerySet[Turn]:
    """With all that `drawn` looks at."""
    return turns.select_related("task__account", "on_behalf_of")


def drawn(
    campaign: Campaign, person: User, turns: Sequence[Turn], *, earlier: Sequence[Campaign]
) -> Sequence[Line]:
    """These turns as lines, with all that is shown of each. They come by `whole`."""
    tasks = [turn.task for turn in turns]
    known = insights(tasks, campaign, earlier=earlier)
    marks = {each.task_id: each for each in Mark.objects.filter(person=person, task__in=tasks)}
    asked = {each.task: each for each in questions(campaign, person, lines=[t.line_no for t in turns])}
    said = dict(Comment.objects.filter(task__in=tasks).values_list("task").annotate(n=Count("pk")))
    kinds = kind_names(tasks)
    levels = risk_levels()
    rules = Rules(campaign)
    found = []
    for turn in turns:
        task, question = turn.task, asked.get(turn.task_id)
        found.append(
            Line(
                turn=turn,
                task=task,
                mark=marks.get(task.pk),
                insight=known[task.pk],
                kind_name=kinds.get((task.app_id, task.kind), task.kind),
                risk_level=levels.get(task.risk, "med" if task.risk else ""),
                is_fresh=getattr(turn, "freshness", None) == FRESH,
                question=question,
                may_answer=question is not None and rules.may_answer(question),
                needs_to_certify=question is not None and rules.needs_reason(question, "certify"),
                needs_to_deny=question is not None and rules.needs_reason(question, "deny"),
                goes_on=question is not None and rules.goes_on(question),
                comments=said.get(task.pk, 0),
            )
        )
    return found


def kind_names(tasks: Sequence[ReviewTask]) -> Mapping[tuple[str, str], str]:
    """What the app calls the kinds of these lines."""
    rows = ResourceType.objects.filter(app__in={each.app_id for each in tasks})
    return {(app, kind): name for app, kind, name in rows.values_list("app_id", "kind", "name")}


def risk_levels() -> Mapping[str, str]:
    """How many bars a risk has: grave ones all, the lowest one, what is between two."""
    rows = list(Tag.objects.risks().order_by("rank").values_list("name", "is_grave"))
    return {
        name: "high" if is_grave else "low" if number == 0 else "med"
        for number, (name, is_grave) in enumerate(rows)
    }


def instructions(campaign: Campaign) -> Instructions | None:
    """As they read now."""
    return campaign.instructions.order_by("-number").first()
