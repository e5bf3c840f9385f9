"""What a page of the desk showed, signed: it comes back with a mark, and goes with it into the decision."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.core import signing
from django.db.models import Max

from core.errors import StaleState
from core.models import User
from reviews.models import Campaign, Instructions
from reviews.queries.desk import Line

LONGEST = 24 * 60 * 60
"""Seconds a page may stand open."""
DETAILS = "details"
"""Among the columns: the details of the line were open."""
_SALT = "reviews.shown"


class Outdated(StaleState):
    """What a page showed is not known, or was too long ago: nobody decides by it."""


@dataclass(frozen=True, slots=True)
class Said:
    """Of one line: the hints that were shown with it, and the advice."""

    hints: Sequence[str]
    advice: str


@dataclass(frozen=True, slots=True)
class Shown:
    """One page as a reviewer saw it."""

    instructions: int
    view: str
    columns: Sequence[str]
    lines: Mapping[int, Said]

    def also(self, lines: Iterable[Line]) -> "Shown":
        """The same page after some of its lines were drawn anew."""
        return replace(self, lines={**self.lines, **_said(lines)})

    def seen(self, lines: Iterable[int]) -> dict[int, dict[str, Any]]:
        """What goes into the decisions on these lines; under 0 what holds for lines that were not shown."""
        common = {"instructions": self.instructions, "view": self.view}
        listed = {**common, "listed": True, "columns": list(self.columns)}
        found: dict[int, dict[str, Any]] = {0: {**common, "listed": False}}
        for number in lines:
            if said := self.lines.get(number):
                found[number] = {**listed, "hints": list(said.hints), "advice": said.advice}
        return found


def shown_now(campaign: Campaign, view: str, columns: Sequence[str], lines: Iterable[Line]) -> Shown:
    """These lines as they are about to be drawn."""
    number = Instructions.objects.filter(campaign=campaign).aggregate(last=Max("number"))["last"] or 0
    return Shown(number, view, columns, _said(lines))


def shown_in_detail(campaign: Campaign, view: str, columns: Sequence[str], line: Line) -> Shown:
    """One line with all its hints."""
    insight = line.insight
    said = {line.task.line_no: Said(insight.codes, insight.advice)}
    return replace(shown_now(campaign, view, [*columns, DETAILS], []), lines=said)


def token_of(shown: Shown, campaign: Campaign, person: User) -> str:
    """To be kept by the page; nobody but this person can use it, and only in this campaign."""
    lines = {str(number): [said.advice, *said.hints] for number, said in shown.lines.items()}
    told = [campaign.pk, person.pk, shown.instructions, shown.view, list(shown.columns), lines]
    return signing.dumps(told, salt=_SALT, compress=True)


def shown_by(token: str, campaign: Campaign, person: User) -> Shown:
    """Raises Outdated for what this person was not shown within the last day."""
    try:
        told = signing.loads(token, salt=_SALT, max_age=LONGEST)
    except signing.BadSignature:  # also one that is too old
        told = None
    if told is None or told[:2] != [campaign.pk, person.pk]:
        raise Outdated(
            "This page stood open for too long, so what it showed can no longer be kept with your marks."
            " Nothing was marked, and the reasons you wrote are kept: the page is new now, mark again."
        )
    _, _, instructions, view, columns, lines = told
    said = {int(number): Said(hints, advice) for number, (advice, *hints) in lines.items()}
    return Shown(instructions, view, columns, said)


def _said(lines: Iterable[Line]) -> dict[int, Said]:
    return {
        line.task.line_no: Said(
            [each.code for each in (*line.news, *(hint for _, hint in line.hints))], line.insight.advice
        )
        for line in lines
    }
