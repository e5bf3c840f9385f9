"""Looking after a connector: its name, its times, what it reads and what it keeps of it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.timezone import now

from connectors import registry
from connectors.actions.permission import must_govern, must_manage
from connectors.models import Connector, timing
from connectors.sync.attributes import ALWAYS_KEPT
from connectors.sync.kinds import ACCOUNTS
from core.errors import NotPossible
from core.models import Organisation, User
from core.models.keys import one_line
from core.states import must_be_unchanged
from core.trail import record

MOST_NAMES = 200
"""Attributes a filter may name."""
HANDED_IN = "A file is read when it is handed in"


class NothingToRead(NotPossible):
    """Nothing would be left to read: a pause is what is meant."""


@dataclass(frozen=True, slots=True)
class Times:
    """A schedule as it is wished: an interval, or a cron line with a time zone."""

    every: timedelta = timing.DAY
    cron: str = ""
    zone_name: str = ""
    """Empty: the organisation's."""


@transaction.atomic
def rename(connector: Connector, name: str, *, by: User | None, seen: datetime | None) -> None:
    """Its name alone; the app keeps its own. Raises StaleState if somebody was faster."""
    connector = _taken(connector, by=by, seen=seen)
    name = one_line(name)
    if not name:
        raise NotPossible("Enter a name.")
    before = connector.name
    if name == before:
        return
    _save(connector, name=name)
    record("connectors.renamed", connector, by=by, before=before, after=name)


@transaction.atomic
def schedule(connector: Connector, times: Times, *, by: User | None, seen: datetime | None) -> None:
    """Read it at these times from now on. Raises BadCron where a line cannot be meant, StaleState, and
    NotPossible where nothing is read by schedule."""
    connector = _taken(connector, by=by, seen=seen)
    must_have_times(connector)
    before, least = _spoken(connector), least_between(connector)
    if times.cron:
        timing.must_be_cron(times.cron, least)
        changes: dict[str, Any] = {"schedule": Connector.Schedule.CRON, "cron": " ".join(times.cron.split())}
    else:
        _must_be_an_interval(times.every, least)
        changes = {"schedule": Connector.Schedule.DAYS, "every": times.every, "cron": ""}
    if times.zone_name and times.zone_name not in timing.zone_names():
        raise NotPossible(f"“{times.zone_name}” is no time zone.")
    for name, value in (changes | {"zone_name": times.zone_name}).items():
        setattr(connector, name, value)
    if before == _spoken(connector):
        return
    _save(connector, **changes, zone_name=times.zone_name, next_run_at=next_run(connector))
    record("connectors.rescheduled", connector, by=by, before=before, after=_spoken(connector))


@transaction.atomic
def choose_kinds(
    connector: Connector, kinds: Collection[str], *, by: User | None, seen: datetime | None
) -> None:
    """Read these kinds from the next sync on. What is no longer read stays as it was last seen.

    Raises NothingToRead if none is left, StaleState.
    """
    connector = _taken(connector, by=by, seen=seen)
    readable = [each for each in registry.spec(connector.driver).capabilities if each.sync]
    wanted = [each.kind for each in readable if each.kind in kinds]
    if not wanted:
        raise NothingToRead(f"Nothing would be read any more. Pause {connector} instead.")
    if ACCOUNTS in {each.kind for each in readable} and ACCOUNTS not in wanted:
        raise NotPossible("Accounts are read with everything else: access is always somebody's.")
    default = [each.kind for each in readable if each.by_default]
    chosen = [] if wanted == default else wanted
    before = connector.kinds or default
    if before == wanted:
        return
    _save(connector, kinds=chosen)
    record("connectors.kinds_chosen", connector, by=by, before=before, after=wanted)


@transaction.atomic
def filter_attributes(
    connector: Connector, mode: str, names: Collection[str], *, by: User | None, seen: datetime | None
) -> None:
    """Keep other attributes of accounts from the next sync on. For those who govern the app (row A22)."""
    must_govern(connector.app, by)
    connector = _row(connector, seen=seen)
    wanted = sorted({one_line(name) for name in names} - {""}) if mode != Connector.Filter.ALL else []
    _must_be_a_filter(mode, wanted)
    before = {"mode": connector.filter_mode, "names": connector.filter_names}
    after = {"mode": mode, "names": wanted}
    if before == after:
        return
    _save(connector, filter_mode=mode, filter_names=wanted)
    record("connectors.attributes_filtered", connector, by=by, before=before, after=after)


def next_run(connector: Connector) -> datetime | None:
    """When it is read by its schedule, seen from now; None before it is set up, without its secret, and for
    files."""
    if not connector.has_settings or connector.is_cleared or not has_times(connector):
        return None
    at = now()
    due = connector.next_run_after(at, Organisation.current().zone)
    return min(due, at + timing.HOURLY) if connector.is_under_review else due


def has_times(connector: Connector) -> bool:
    """Whether it is read by schedule: files are read when they are handed in."""
    try:
        return not registry.spec(connector.driver).takes_files
    except LookupError:
        return True  # its driver is not in this version: its times stay as they are


def must_have_times(connector: Connector) -> None:
    """Raises NotPossible where there is no schedule to look at."""
    if not has_times(connector):
        raise NotPossible(f"{HANDED_IN}: {connector} has no schedule.")


def least_between(connector: Connector) -> timedelta:
    """What must lie between two runs: as the driver states it, and never less than the house allows."""
    stated = timedelta(minutes=registry.spec(connector.driver).least_minutes)
    return max(stated, timing.SHORTEST)


def _taken(connector: Connector, *, by: User | None, seen: datetime | None) -> Connector:
    must_manage(connector, by)
    return _row(connector, seen=seen)


def _row(connector: Connector, *, seen: datetime | None) -> Connector:
    connector = Connector.objects.locked(connector.pk)
    if connector.deleted_at:
        raise NotPossible(f"{connector} was deleted.")
    must_be_unchanged(connector.changed_at, seen=seen)
    return connector


def _save(connector: Connector, **changes: Any) -> None:
    for name, value in changes.items():
        setattr(connector, name, value)
    connector.changed_at = now()
    connector.save(update_fields=[*changes, "changed_at"])


def _must_be_an_interval(every: timedelta, least: timedelta) -> None:
    if every < least:
        raise NotPossible(f"At least {timing.minutes(least)} minutes must lie between two runs.")
    if every > timing.LONGEST:
        raise NotPossible(f"At most {timing.LONGEST.days} days may lie between two runs.")


def _must_be_a_filter(mode: str, names: Collection[str]) -> None:
    if mode not in Connector.Filter.values:
        raise NotPossible("Choose one of the three ways.")
    if mode != Connector.Filter.ALL and not names:
        raise NotPossible("Name at least one attribute, or keep all.")
    if len(names) > MOST_NAMES:
        raise NotPossible(f"At most {MOST_NAMES} attributes.")
    if fixed := sorted(ALWAYS_KEPT & set(names)):
        raise NotPossible(
            f"{', '.join(fixed)}: always kept. Accounts are told apart, matched and judged by these."
        )


def _spoken(connector: Connector) -> str:
    zone = f" ({connector.zone_name})" if connector.zone_name else ""
    if connector.schedule == Connector.Schedule.CRON:
        return f"cron {connector.cron}{zone}"
    return f"every {int(connector.every.total_seconds() // 60)} min{zone}"
