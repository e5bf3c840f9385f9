"""The open questions a reviewer has in a campaign, and what the policy wants of an answer."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, QuerySet

from connectors.models import Grant
from core.models import User
from reviews import routing
from reviews.models import Campaign, Decision, Mark, Turn
from reviews.queries.applying import applying
from reviews.queries.graves import grave_in
from reviews.queries.keys import among, is_one
from reviews.queries.people import own_turns

MOST = 10_000  # lines one act may be about

_VALUES = (
    "pk",
    "task_id",
    "line_no",
    "step",
    "rule",
    "via",
    "independence",
    "task__app_id",
    "task__account_id",
    "task__entitlement_id",
    "task__person_id",
    "task__risk",
    "task__account_status",
    "task__account_type",
    "task__account__marks",
    "came_back",
    "was_clean",
)


@dataclass(frozen=True, slots=True)
class Question:
    """One open turn, with what decides whether an answer needs a reason."""

    turn: int
    task: int
    line_no: int
    step: int
    rule: int
    via: str
    is_tied: bool
    """Something ties everybody who certified it so far, and who is asked now, to the line."""
    line: routing.LineFacts
    is_own: bool
    """It is about the reviewer's own access, or about that of whom they stand in for."""


class Rules:
    """What the policies of the lines of a campaign say about answers. Read once for a page or an act."""

    def __init__(self, campaign: Campaign) -> None:
        self._applying = applying(campaign)

    def step_of(self, question: Question) -> routing.Step | None:
        """None where a campaign has no policy, or the step is one that no rule names."""
        text = self._text(question)
        return routing.step_at(text, question.rule, question.step) if text is not None else None

    def needs_reason(self, question: Question, outcome: str) -> bool:
        """Whether this outcome of a mark may not be submitted without words."""
        step = self.step_of(question)
        if step is None:
            return outcome == Mark.Outcome.DENY
        return routing.needs_reason(step, question.line, str(outcome))

    def may_answer(self, question: Question) -> bool:
        """Nobody answers for their own access, but where a step asks just that and another one follows."""
        if not question.is_own:
            return True
        step = self.step_of(question)
        return step is not None and step.lets_subjects_in and self.goes_on(question)

    def wants_proof(self, question: Question) -> bool:
        """Whether an answer is only taken from somebody who proved lately who they are."""
        step = self.step_of(question)
        return step is not None and step.sign_in_again

    def goes_on(self, question: Question) -> bool:
        """Whether somebody else is asked once this one certifies."""
        if (text := self._text(question)) is None:
            return False
        is_grave = question.line.is_grave
        return routing.follows(
            text, question.rule, question.step, is_grave=is_grave, is_tied=question.is_tied
        )

    def removes(self, question: Question) -> bool:
        """Whether a denial has the access taken away."""
        text = self._text(question)
        return text is None or text.removes

    def _text(self, question: Question) -> routing.PolicyText | None:
        line = question.line
        applied = self._applying.to(line.app, line.entitlement, question.task)
        return self._applying.text_of(applied) if applied else None


def open_turns(campaign: Campaign, person: User) -> QuerySet[Turn]:
    """Turns in which this person is asked now, on lines that are still open."""
    return Turn.objects.open().filter(campaign=campaign, reviewer=person, task__status="open")


def questions(
    campaign: Campaign,
    person: User,
    *,
    lines: Collection[int] | None = None,
    tasks: Collection[int] | None = None,
) -> Sequence[Question]:
    """What this person is asked now: about these lines, by number or by key, or about all of them."""
    turns = open_turns(campaign, person)
    if lines is not None:
        turns = turns.filter(line_no__in=among(lines))
    if tasks is not None:
        turns = turns.filter(is_one("task_id", tasks))
    again = Grant.objects.gone().filter(
        account=OuterRef("task__account"), entitlement=OuterRef("task__entitlement")
    )
    stands = Decision.objects.filter(task=OuterRef("task"), round=OuterRef("round"), replaced_by=None)
    clean = stands.filter(independence="", outcome=Decision.Outcome.CERTIFIED)
    found = {"came_back": Exists(again), "was_clean": Exists(clean)}
    rows = list(turns.annotate(**found).order_by("line_no").values(*_VALUES))
    own, grave = own_turns(turns), grave_in(campaign)
    return [_question(row, grave, is_own=row["pk"] in own) for row in rows]


def _question(row: Mapping[str, object], grave: Collection[str], *, is_own: bool) -> Question:
    line = routing.LineFacts(
        app=str(row["task__app_id"]),
        account=str(row["task__account_id"]),
        entitlement=str(row["task__entitlement_id"]),
        person=str(row["task__person_id"] or ""),
        is_grave=row["task__risk"] in grave,
        came_back=bool(row["came_back"]),
        account_type=str(row["task__account_type"]),
        account_status=str(row["task__account_status"]),
        account_marks=tuple(row["task__account__marks"] or ()),  # type: ignore[arg-type]  # a list of words
    )
    return Question(
        turn=row["pk"],  # type: ignore[arg-type]
        task=row["task_id"],  # type: ignore[arg-type]
        line_no=row["line_no"],  # type: ignore[arg-type]
        step=row["step"],  # type: ignore[arg-type]
        rule=row["rule"],  # type: ignore[arg-type]
        via=str(row["via"]),
        is_tied=bool(row["independence"]) and not row["was_clean"],
        line=line,
        is_own=is_own,
    )
