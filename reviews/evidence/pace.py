"""How reviewers went about it, in numbers that are stated and not judged."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter


@dataclass(frozen=True, slots=True)
class Answer:
    """One decision as it was submitted. In order of reviewer, and of submission and line."""

    reviewer: str
    at: datetime
    """When it was submitted."""
    together: int
    """How many lines were marked by the same act."""
    was_opened: bool
    is_certified: bool


@dataclass(slots=True)
class Pace:
    """One reviewer."""

    reviewer: str
    decisions: int = 0
    in_bulk: int = 0
    """Marked together with others."""
    opened: int = 0
    longest_unopened: int = 0
    """The longest run of certified lines none of which was opened."""
    spent: timedelta | None = None
    """From the first opening to the first submission, and from each submission to the next; breaks too."""
    _run: int = field(default=0, repr=False)

    @property
    def a_minute(self) -> float | None:
        minutes = self.spent.total_seconds() / 60 if self.spent else 0
        return self.decisions / minutes if minutes else None

    @property
    def share_in_bulk(self) -> float:
        return self.in_bulk / self.decisions if self.decisions else 0.0

    def add(self, answer: Answer) -> None:
        self.decisions += 1
        self.in_bulk += answer.together > 1
        self.opened += answer.was_opened
        self._run = self._run + 1 if answer.is_certified and not answer.was_opened else 0
        self.longest_unopened = max(self.longest_unopened, self._run)


def paces(answers: Iterable[Answer], began: dict[str, datetime]) -> Sequence[Pace]:
    """Of every reviewer who submitted something. `began`: when each first opened the campaign."""
    found = []
    for reviewer, group in groupby(answers, key=attrgetter("reviewer")):
        pace, last = Pace(reviewer), None
        for answer in group:
            pace.add(answer)
            last = answer.at
        if last is not None and (first := began.get(reviewer)) and last > first:
            pace.spent = last - first
        found.append(pace)
    return found
