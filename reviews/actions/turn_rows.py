"""Many turns written at once, and the kept counts of their reviewers with them."""

# ruff: noqa: S608  # what is written into the text are names of our own table and columns

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import connection
from django.db.models import F

from reviews.actions.keeping import keep_people
from reviews.models import Campaign, Mark, Progress, Turn
from reviews.queries.facts import Line
from reviews.queries.keys import among
from reviews.routing import Asked, Tie

TABLE = Turn._meta.db_table


class Row(NamedTuple):
    """A turn about to be written, its columns by name."""

    task_id: int
    campaign_id: str
    line_no: int
    round: int
    step: int
    rule: int
    reviewer_id: str
    on_behalf_of_id: str | None
    via: str
    is_fallback: bool
    passed_over: str
    independence: str
    status: str
    given_by_id: str | None
    given_reason: str
    at: datetime


COLUMNS = Row._fields


def rows_of(asked: Asked, campaign: Campaign, line: Line, at: datetime) -> Iterable[Row]:
    """A turn for each person who is asked."""
    passed_over = " ".join(asked.passed_over)
    for each in asked.people:
        yield Row(
            task_id=line.pk,
            campaign_id=campaign.pk,
            line_no=line.line_no,
            round=line.round,
            step=asked.step,
            rule=asked.rule,
            reviewer_id=each.reviewer,
            on_behalf_of_id=each.on_behalf_of or None,
            via=asked.via.value,
            is_fallback=asked.is_fallback,
            passed_over=passed_over,
            independence=codes(each.ties),
            status=Turn.Status.OPEN.value,
            given_by_id=None,
            given_reason="",
            at=at,
        )


def codes(ties: Iterable[Tie]) -> str:
    """Ties as a turn keeps them: their codes, by commas."""
    return ",".join(sorted(ties))


def write(rows: Sequence[Row]) -> None:
    """Write these turns, count them for their reviewers, and keep who those are.

    Not by `bulk_create`: it prepares each value by itself, which costs more than the rest.
    """
    if not rows:
        return
    names = ", ".join(COLUMNS)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {TABLE} ({names}) FROM STDIN") as into:
                for row in rows:
                    into.write_row(row)
        else:
            marks, at = ", ".join(["%s"] * len(COLUMNS)), {row.at: _stored(row.at) for row in rows}
            cursor.executemany(
                f"INSERT INTO {TABLE} ({names}) VALUES ({marks})", [(*row[:-1], at[row.at]) for row in rows]
            )
    keep_people(rows[0].campaign_id, {key for row in rows for key in _people(row)})
    count(rows[0].campaign_id, Counter(row.reviewer_id for row in rows))


def ask_anew(rows: Sequence[Row]) -> None:
    """Write turns of a campaign whose reviewers may have noted something already."""
    if rows:
        write(rows)
        _forget_marks(rows)


def _forget_marks(rows: Sequence[Row]) -> None:
    """Whoever is asked anew begins anew: what they noted when they were asked before does not come back.

    Marks in the middle of a submission are left to it: it tells that they came too late, and removes them.
    """
    asked_now = {(row.task_id, row.reviewer_id) for row in rows}
    people = sorted({reviewer for _, reviewer in asked_now})
    marks = Mark.objects.filter(task__in=among({task for task, _ in asked_now}), person__in=people)
    held = marks.select_for_update(skip_locked=True).values_list("pk", "task_id", "person_id")
    stale = [mark for mark, task, person in held if (task, person) in asked_now]
    if stale:
        Mark.objects.filter(pk__in=among(stale)).delete()


def count(campaign: str, more: Mapping[str, int], *, was_asked: bool = False) -> None:
    """Keep the counts of these reviewers right: so many lines more, or fewer, are open to them.

    `was_asked`: they count as asked all the same, since nobody else is.
    """
    Progress.objects.bulk_create(
        [Progress(campaign_id=campaign, reviewer_id=reviewer) for reviewer in sorted(more)],
        ignore_conflicts=True,
    )
    rows = Progress.objects.filter(campaign=campaign, reviewer__in=list(more))
    list(rows.select_for_update().order_by("reviewer").values_list("pk", flat=True))  # no two in a ring
    together: dict[int, list[str]] = {}
    for reviewer, number in more.items():
        together.setdefault(number, []).append(reviewer)
    for number, reviewers in together.items():
        those = rows.filter(reviewer__in=reviewers)
        those.update(open=F("open") + number, asked=F("asked") + (0 if was_asked else number))


def _people(row: Row) -> Iterator[str | None]:
    yield from (row.reviewer_id, row.on_behalf_of_id, row.given_by_id)


def _stored(at: datetime) -> str:
    """A moment as the model would store it."""
    return str(connection.ops.adapt_datetimefield_value(at))
