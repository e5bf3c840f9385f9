"""One page of lines of the desk, under headings: what is new or changed, or each entitlement."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from django.db.models import (
    BigIntegerField,
    Count,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
    Value,
)

from core.models import User
from core.queries.paging import Page, keyset_page
from reviews.models import Campaign, Mark, Turn
from reviews.queries.desk import APP, RESOURCE, SIZE, Line, drawn, whole
from reviews.queries.earlier import FRESH, KNOWN, in_order, is_fresh, with_freshness

GROUPED = (APP, RESOURCE)
"""Views whose lines stand under their entitlements."""
WHOLE = "all"
"""In place of the key of a group: every open line of the stop."""


@dataclass(frozen=True, slots=True)
class Group:
    """Lines of one page that stand under one heading, and how many there are in all."""

    key: str
    title: str
    lines: Sequence[Line]
    total: int
    open: int


@dataclass(frozen=True, slots=True)
class Sheet:
    """One page of lines of a stop."""

    page: Page[Turn]
    groups: Sequence[Group]

    @property
    def lines(self) -> Sequence[Line]:
        return [line for group in self.groups for line in group.lines]


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a long list one is, as its address says."""

    after: str = ""
    before: str = ""
    number: int = 0


def sheet(
    campaign: Campaign,
    person: User,
    turns: QuerySet[Turn],
    *,
    view: str,
    earlier: Sequence[Campaign],
    place: Place,
) -> Sheet:
    """One page of these turns: new or changed ones first, then in the order of lines; where they stand under
    their entitlements in that order alone."""
    is_grouped = view in GROUPED
    rank = Value(0) if is_grouped else F("freshness")
    order = ExpressionWrapper(rank * 10_000_000_000 + F("line_no"), output_field=BigIntegerField())
    rows = whole(with_freshness(turns, earlier).annotate(place=order))
    page = keyset_page(
        rows, order="place", after=place.after, before=place.before, size=SIZE, number=place.number
    )
    lines = drawn(campaign, person, page.rows, earlier=earlier)
    group = _by_entitlement if is_grouped else _by_freshness
    return Sheet(page, group(turns, lines, person, earlier))


def lines_of_group(turns: QuerySet[Turn], view: str, key: str, earlier: Sequence[Campaign]) -> list[int]:
    """The numbers of a group of these turns, on whatever page they are."""
    if key == WHOLE:
        return [number for number, _ in in_order(turns, earlier)]
    if view in GROUPED:
        rows = turns.filter(task__entitlement=key).order_by("line_no")
        return list(rows.values_list("line_no", flat=True))
    return [number for number, freshness in in_order(turns, earlier) if str(freshness) == key]


def _unmarked(person: User) -> Q:
    marked = Mark.objects.filter(task=OuterRef("task"), person=person).exclude(outcome=Mark.Outcome.NONE)
    return Q(status=Turn.Status.OPEN) & ~Q(Exists(marked))


def _by_entitlement(
    turns: QuerySet[Turn], lines: Sequence[Line], person: User, earlier: Sequence[Campaign]
) -> Sequence[Group]:
    shown = {line.task.entitlement_id for line in lines}
    rows = turns.filter(task__entitlement__in=shown).order_by().values("task__entitlement")
    counted = rows.annotate(total=Count("pk"), open=Count("pk", filter=_unmarked(person)))
    counts = {row["task__entitlement"]: (row["total"], row["open"]) for row in counted}
    found = []
    for key, part in groupby(lines, key=lambda line: line.task.entitlement_id):
        held = list(part)
        title = f"Accounts with {held[0].task.entitlement_name}"
        found.append(Group(key, title, held, *counts[key]))
    return found


def _by_freshness(
    turns: QuerySet[Turn], lines: Sequence[Line], person: User, earlier: Sequence[Campaign]
) -> Sequence[Group]:
    is_open, is_new = _unmarked(person), is_fresh(earlier)
    counts = turns.aggregate(
        total=Count("pk"),
        open=Count("pk", filter=is_open),
        new=Count("pk", filter=is_new),
        new_open=Count("pk", filter=is_new & is_open),
    )
    since = earlier[0].name if earlier else ""
    known = ("Unchanged" if since else "To review", counts["total"] - counts["new"])
    heads = (
        (FRESH, f"New or changed since {since}", counts["new"], counts["new_open"]),
        (KNOWN, *known, counts["open"] - counts["new_open"]),
    )
    found = []
    for freshness, title, total, left in heads:
        part = [line for line in lines if line.is_fresh == (freshness == FRESH)]
        if part:
            found.append(Group(str(freshness), title, part, total, left))
    return found
