"""On which days a campaign wants its reviewers reminded, counted in working days of the organisation."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Self
from zoneinfo import ZoneInfo

from django.utils.timezone import now

from core.models import Organisation

OPENS = time(9)
"""From then on letters of the day are written, by the organisation's clock."""
WEEK = 5
LATE = (1, 2, 4)
"""Working days after the last one on which reviewers are still reminded; then only owners, weekly."""


class Stage(StrEnum):
    """What a day is to a campaign."""

    FIFTH_DAY = "fifth_day"
    THREE_LEFT = "three_left"
    ONE_LEFT = "one_left"
    LAST_DAY = "last_day"
    LATE_1 = "late_1"
    LATE_2 = "late_2"
    LATE_4 = "late_4"
    WEEKLY = "weekly"

    @property
    def is_for_reviewers(self) -> bool:
        """Whether everybody with open lines is reminded, opened or not."""
        return self not in (Stage.FIFTH_DAY, Stage.WEEKLY)

    @property
    def is_for_owners(self) -> bool:
        return self != Stage.FIFTH_DAY


@dataclass(frozen=True, slots=True)
class Today:
    """The day it is at the organisation, and when it began."""

    organisation: Organisation
    day: date
    time: time
    begins_at: datetime

    @classmethod
    def now(cls) -> Self:
        organisation = Organisation.current()
        here = now().astimezone(organisation.zone)
        midnight = datetime.combine(here.date(), time(), organisation.zone)
        return cls(organisation, here.date(), here.time(), midnight)

    @property
    def is_open(self) -> bool:
        """Whether letters that can wait are written now."""
        return self.organisation.is_working_day(self.day) and self.time >= OPENS

    @property
    def zone(self) -> ZoneInfo:
        return self.organisation.zone


def stage(started: date, due: date, today: Today) -> Stage | None:
    """What this day is to a campaign; None on a day on which nobody is written to.

    A last day that is not worked moves nothing: the last working day before it counts as the last day.
    """
    organisation, day = today.organisation, today.day
    if not organisation.is_working_day(day):
        return None
    if day > due:
        return _late(worked_between(organisation, due, day))
    last = due
    while not organisation.is_working_day(last):
        last -= timedelta(days=1)
    left = worked_between(organisation, day, last)
    before = {0: Stage.LAST_DAY, 1: Stage.ONE_LEFT, 3: Stage.THREE_LEFT}
    if left in before:
        return before[left]
    return Stage.FIFTH_DAY if worked_between(organisation, started, day) == WEEK else None


def _late(days: int) -> Stage | None:
    if days in LATE:
        return Stage(f"late_{days}")
    return Stage.WEEKLY if days > LATE[-1] and (days - LATE[-1]) % WEEK == 0 else None


def worked_between(organisation: Organisation, after: date, until: date) -> int:
    """Working days after the one and up to the other."""
    days = ((after + timedelta(days=offset)) for offset in range(1, (until - after).days + 1))
    return sum(1 for day in days if organisation.is_working_day(day))
