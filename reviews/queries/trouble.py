"""Removals past their day, and those the app refused, as a letter tells them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Count, Max, Min, QuerySet
from django.utils.timezone import localdate

from connectors.models import App
from core.models import OutgoingMail, User
from reviews.models import Campaign, Removal
from reviews.queries.due import WEEK, Today, worked_between
from reviews.queries.letters import owners_of, written_today
from reviews.queries.removals import FOR_OWNERS, late
from reviews.queries.told import plural, spelled

LETTER = "removal_trouble"
NAMES = ("campaign__name", "app__name")


@dataclass(slots=True)
class Trouble:
    """What one person is to hear: a sentence for each campaign and app."""

    person: User
    late: dict[tuple[str, str], str] = field(default_factory=dict)
    refused: dict[tuple[str, str], str] = field(default_factory=dict)
    numbers: dict[tuple[str, str, bool], int] = field(default_factory=dict)
    newest: datetime | None = None

    @property
    def subject(self) -> str:
        number = sum(count for (_, _, is_late), count in self.numbers.items() if is_late)
        if number:
            return f"{plural(number, 'removal')} {'is' if number == 1 else 'are'} past the day to be gone"
        return f"{plural(sum(self.numbers.values()), 'removal')} refused by the app"


@dataclass(frozen=True, slots=True)
class Group:
    """Removals of one campaign in one app."""

    campaign: str
    app: str
    number: int
    sentence: str
    at: datetime
    """When the newest of them came to be told."""
    is_late: bool

    @property
    def pair(self) -> tuple[str, str]:
        return self.campaign, self.app


def to_tell(today: Today) -> Sequence[Trouble]:
    """Whom to write to now: something new is late or refused, or something is late and a week has passed.

    Owners of the campaign, and of what is late the owners of the app. Nobody who had a letter about reviews
    today: they hear on the next working day.
    """
    found = _troubles([*_late(today), *_refused()])
    had_one = written_today(today, found)
    last = _last_letters(found)
    return [each for key, each in found.items() if key not in had_one and _wants(each, last.get(key), today)]


def _wants(each: Trouble, last: datetime | None, today: Today) -> bool:
    if last is None or (each.newest is not None and each.newest > last):
        return True
    passed = worked_between(today.organisation, localdate(last, today.zone), today.day)
    return bool(each.late) and passed >= WEEK


def _troubles(groups: Sequence[Group]) -> Mapping[str, Trouble]:
    found: dict[str, Trouble] = {}
    owners = owners_of({group.campaign for group in groups})
    apps = App.objects.in_bulk({group.app for group in groups if group.is_late})
    of_apps = {key: list(app.owners_now()) for key, app in apps.items()}
    for group in groups:
        people = {each.pk: each for each in owners.get(group.campaign, ())}
        if group.is_late:
            people |= {each.pk: each for each in of_apps[group.app]}
        for key, person in people.items():
            one = found.setdefault(key, Trouble(person))
            (one.late if group.is_late else one.refused)[group.pair] = group.sentence
            one.numbers[*group.pair, group.is_late] = group.number
            one.newest = max(one.newest or group.at, group.at)
    return found


def _late(today: Today) -> Sequence[Group]:
    counted = _by_pair(late(Removal.objects.all())).annotate(Count("pk"), Min("due_on"), Max("due_on"))
    found = []
    for campaign, name, app, app_name, number, first, last in counted.order_by(*NAMES):
        said = f"{name}: {plural(number, 'removal')} in {app_name}, to be gone by {spelled(first)}."
        found.append(Group(campaign, app, number, said, _morning_after(last, today), is_late=True))
    return found


def _refused() -> Sequence[Group]:
    """The app was asked, and did not do it: since then people know, who look after it."""
    rows = Removal.objects.filter(
        status__in=FOR_OWNERS, order__sent_at__isnull=False, order__told_at__isnull=False
    )
    found = []
    for campaign, name, app, app_name, number, at in (
        _by_pair(rows).annotate(Count("pk"), Max("order__told_at")).order_by(*NAMES)
    ):
        said = f"{name}: {plural(number, 'removal')} in {app_name}."
        found.append(Group(campaign, app, number, said, at, is_late=False))
    return found


def _by_pair(rows: QuerySet[Removal]) -> QuerySet[Removal, Any]:
    """Rows begin with the keys and names of campaign and app."""
    wanted = rows.exclude(campaign__status=Campaign.Status.CANCELLED)
    return wanted.order_by().values_list("campaign", "campaign__name", "app", "app__name")


def _morning_after(day: date, today: Today) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(), today.zone)


def _last_letters(people: Collection[str]) -> Mapping[str, datetime]:
    rows = OutgoingMail.objects.filter(letter=LETTER, recipient__in=list(people)).order_by()
    return dict(rows.values_list("recipient").annotate(Max("created_at")))
