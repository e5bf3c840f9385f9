"""The review desk: whom or what one walks through, the lines of one stop, how far one is."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import (
    BigIntegerField,
    Count,
    Exists,
    ExpressionWrapper,
    F,
    FilteredRelation,
    Max,
    OuterRef,
    Q,
    QuerySet,
)

from connectors.models import Account, ResourceType, Tag
from core.models import User
from core.models.keys import folded
from core.queries.paging import Page, keyset_page
from reviews.models import Campaign, Comment, Instructions, LineRound, Mark, Progress, ReviewTask, Turn
from reviews.queries.asking import Question, Rules, questions
from reviews.queries.earlier import FRESH, earlier_campaigns, is_fresh, with_freshness
from reviews.queries.graves import grave_in
from reviews.queries.insights import Insight, insights
from reviews.queries.marks import stamp_of

PERSON, ENTITLEMENT, FLAT = "person", "entitlement", "flat"
VIEWS: Mapping[str, str] = {PERSON: "By person", ENTITLEMENT: "By entitlement", FLAT: "One list"}
NOBODY = "none"
"""The stop of accounts that belong to nobody."""
SIZE = 50
"""Lines of a page."""
STOPS = 200
"""Stops shown at once; the others are found by name."""
COLUMNS = ("access", "kind", "risk", "description", "account", "owner", "since", "last", "hints", "advice")
"""What a line shows: kept with every decision."""
CLOSER, CHANGED, REST, READY, DONE = "closer", "changed", "rest", "ready", "done"


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
class Stop:
    """A person or an entitlement, with the lines of it that one is asked about."""

    key: str
    name: str
    sub: str
    lines: int
    decided: int
    """Submitted before."""
    marked: int
    section: str
    kind: str = ""
    """Of an entitlement's resource."""

    @property
    def done(self) -> int:
        return self.decided + self.marked

    @property
    def open(self) -> int:
        return self.lines - self.done

    @property
    def initials(self) -> str:
        return User(name=self.name).initials


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
    def lacks_reason(self) -> bool:
        return bool(self.mark and self.mark.outcome and self.mark.needs_reason and not self.mark.reason)


@dataclass(frozen=True, slots=True)
class Group:
    """Lines of one page that stand under one heading, and how many there are in all."""

    title: str
    is_fresh: bool
    lines: Sequence[Line]
    total: int
    open: int


@dataclass(frozen=True, slots=True)
class Sheet:
    """One page of lines of a stop."""

    page: Page[Turn]
    groups: Sequence[Group]


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
    return turns.filter(task__entitlement=key) if view == ENTITLEMENT else turns


def stops(
    campaign: Campaign, person: User, view: str, *, earlier: Sequence[Campaign], only: str = ""
) -> Sequence[Stop]:
    """Every stop of a view, or only that one: those to look at first before the others, by name."""
    if view == FLAT:
        return []
    named = _PEOPLE if view == PERSON else _ENTITLEMENTS
    own = own_turns(campaign, person, also_done=True)
    turns = (at_stop(own, view, only) if only else own).alias(
        mine=FilteredRelation("task__marks", condition=Q(task__marks__person=person))
    )
    is_open = Q(status=Turn.Status.OPEN)
    closer = Q(task__account_status=Account.Status.DISABLED) | Q(task__person__status=User.Status.DEACTIVATED)
    rows = turns.values(*named).annotate(
        lines=Count("pk"),
        decided=Count("pk", filter=Q(status=Turn.Status.DECIDED)),
        marked=Count("pk", filter=is_open & Q(mine__outcome__in=(Mark.Outcome.CERTIFY, Mark.Outcome.DENY))),
        fresh=Count("pk", filter=is_open & is_fresh(earlier)),
        closer=Count("pk", filter=is_open & closer if view == PERSON else Q(pk=None)),
    )
    grave = grave_in(campaign)
    found = [_stop(row, view, grave) for row in rows.order_by()]
    order = (CLOSER, CHANGED, REST, READY, DONE)
    return sorted(found, key=lambda each: (order.index(each.section), folded(each.name), each.key))


_PEOPLE = ("task__person", "task__person_name", "task__person_title")
_ENTITLEMENTS = (
    "task__entitlement",
    "task__entitlement_name",
    "task__app_name",
    "task__kind",
    "task__risk",
)


def _stop(row: Mapping[str, object], view: str, grave: Collection[str]) -> Stop:
    numbers = {name: int(str(row[name])) for name in ("lines", "decided", "marked")}
    if view == PERSON:
        key = str(row["task__person"] or NOBODY)
        name = str(row["task__person_name"]) or "No owner"
        sub = str(row["task__person_title"]) if row["task__person"] else "Accounts that belong to nobody"
        is_closer, kind = key == NOBODY or bool(row["closer"]), ""
    else:
        key, name = str(row["task__entitlement"]), str(row["task__entitlement_name"])
        risk = str(row["task__risk"])
        sub = f"{row['task__app_name']}{f', {risk}' if risk else ''}"
        is_closer, kind = risk in grave, str(row["task__kind"])
    section = _section(**numbers, is_closer=is_closer, is_changed=bool(row["fresh"]))
    return Stop(key, name, sub, **numbers, section=section, kind=kind)


def _section(*, lines: int, decided: int, marked: int, is_closer: bool, is_changed: bool) -> str:
    if decided == lines:
        return DONE
    if decided + marked == lines:
        return READY
    if is_closer:
        return CLOSER
    return CHANGED if is_changed else REST


def sheet(
    campaign: Campaign,
    person: User,
    turns: QuerySet[Turn],
    *,
    earlier: Sequence[Campaign],
    after: str = "",
    before: str = "",
    number: int = 0,
) -> Sheet:
    """One page of these turns, new or changed ones first, then in the order of lines."""
    place = ExpressionWrapper(F("freshness") * 10_000_000_000 + F("line_no"), output_field=BigIntegerField())
    rows = with_freshness(turns, earlier).annotate(place=place)
    rows = rows.select_related("task", "on_behalf_of")
    page = keyset_page(rows, order="place", after=after, before=before, size=SIZE, number=number)
    lines = drawn(campaign, person, page.rows, earlier=earlier)
    fresh = {turn.pk: getattr(turn, "freshness", None) == FRESH for turn in page.rows}
    return Sheet(page, _groups(turns, lines, fresh, person, earlier))


def _groups(
    turns: QuerySet[Turn],
    lines: Sequence[Line],
    fresh: Mapping[int, bool],
    person: User,
    earlier: Sequence[Campaign],
) -> Sequence[Group]:
    marked = Mark.objects.filter(task=OuterRef("task"), person=person).exclude(outcome=Mark.Outcome.NONE)
    is_open = Q(status=Turn.Status.OPEN) & ~Q(Exists(marked))
    is_new = is_fresh(earlier)
    counts = turns.aggregate(
        total=Count("pk"),
        open=Count("pk", filter=is_open),
        new=Count("pk", filter=is_new),
        new_open=Count("pk", filter=is_new & is_open),
    )
    since = earlier[0].name if earlier else ""
    found = []
    for is_new_one in (True, False):
        part = [line for line in lines if fresh[line.turn.pk] == is_new_one]
        if not part:
            continue
        title = f"New or changed since {since}" if is_new_one else "Unchanged" if since else "To review"
        total = counts["new"] if is_new_one else counts["total"] - counts["new"]
        left = counts["new_open"] if is_new_one else counts["open"] - counts["new_open"]
        found.append(Group(title, is_new_one, part, total, left))
    return found


def drawn(
    campaign: Campaign, person: User, turns: Sequence[Turn], *, earlier: Sequence[Campaign]
) -> Sequence[Line]:
    """These turns as lines, with all that is shown of each."""
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


def seen_by(
    campaign: Campaign, person: User, view: str, lines: Sequence[int]
) -> dict[int, dict[str, object]]:
    """What is shown of these lines, as it goes into a decision; under 0 what holds for lines not shown."""
    number = Instructions.objects.filter(campaign=campaign).aggregate(last=Max("number"))["last"] or 0
    shown: dict[int, dict[str, object]] = {0: {"instructions": number, "view": view, "listed": False}}
    turns = own_turns(campaign, person, also_done=False).filter(line_no__in=list(lines)[:SIZE])
    tasks = [each.task for each in turns.select_related("task")]
    known = insights(tasks, campaign, earlier=earlier_campaigns(campaign))
    for task in tasks:
        said = known[task.pk]
        shown[task.line_no] = {
            "instructions": number,
            "view": view,
            "listed": True,
            "columns": list(COLUMNS),
            "hints": said.codes,
            "advice": said.advice,
        }
    return shown


def instructions(campaign: Campaign) -> Instructions | None:
    """As they read now."""
    return campaign.instructions.order_by("-number").first()
