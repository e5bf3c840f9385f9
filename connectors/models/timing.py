"""Pure: when a connector is read by itself, at an interval or by a cron line in a time zone."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from functools import cache
from itertools import islice, pairwise
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError

HOURLY = timedelta(hours=1)
"""Between runs while decisions rest on what is read."""
DAY = timedelta(days=1)
DAILY_AT = time(2)
"""When connectors that are read every so many days are read, by the clock on the wall."""
SHORTEST = timedelta(minutes=30)
"""Nothing is read more often than this (row A16)."""
LONGEST = timedelta(days=31)
LOOKED_AT, LOOKED_FOR = 1_000, timedelta(days=400)
"""How many times of a cron line are looked at, and over how long, before it is taken."""
_NO_ZONES = ("posix/", "right/", "localtime", "posixrules", "Factory")


class BadCron(ValueError):
    """A cron line that cannot be taken; the sentence says why."""


@cache
def zone_names() -> tuple[str, ...]:
    """Every zone of the tz database, by name."""
    return tuple(sorted(name for name in available_timezones() if not name.startswith(_NO_ZONES)))


def after_interval(every: timedelta, at: datetime, zone: ZoneInfo) -> datetime:
    """Whole days mean the time of day there, whatever summer does; anything else is so much later."""
    if every % DAY:
        return at + every
    local = at.astimezone(zone)
    last = datetime.combine(local.date(), DAILY_AT, zone)
    if last > local:
        last -= DAY
    return last + every


def after_cron(line: str, at: datetime, zone: ZoneInfo) -> datetime:
    """The first moment after `at` that the line names. Raises BadCron if there is none."""
    moments = _moments(line, at.astimezone(zone))
    return next(moment for moment in moments if moment.astimezone(UTC) > at)  # an hour may come twice


def must_be_cron(line: str, least: timedelta = SHORTEST) -> None:
    """Refuse what cannot be read, never comes, or comes again before `least` is over."""
    start = datetime(2027, 1, 1)  # noqa: DTZ001  # the line alone is judged, whatever a zone makes of it
    until = start + LOOKED_FOR
    moments = [start, *islice(_moments(line, start), LOOKED_AT)][1:]
    near = [moment for moment in moments if moment <= until]
    for first, second in pairwise(near):
        if second - first < least:
            raise BadCron(
                f"It would come at {first:%H:%M} and again at {second:%H:%M}: at least"
                f" {minutes(least)} minutes must lie between two runs."
            )


def minutes(length: timedelta) -> int:
    return int(length.total_seconds() // 60)


def _moments(line: str, at: datetime) -> Iterator[datetime]:
    """Without an end, but for a line that never comes: that raises BadCron."""
    if len(line.split()) != 5:
        raise BadCron(
            "A cron line has five parts: minute, hour, day of the month, month, day of the week."
            " “0 6 * * 1-5” is 06:00 from Monday to Friday."
        )
    try:
        found = CronSim(line.upper(), at)
    except CronSimError as problem:
        raise BadCron(f"This cannot be read as a cron line: {str(problem).lower()}.") from problem
    is_any = False
    for moment in found:
        is_any = True
        yield moment
    if not is_any:
        raise BadCron("This never comes: no such day is in any calendar.")
