"""Removals that wait for an owner of their app, as a letter tells them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db.models import Count, Max, Min, Q
from django.db.models.functions import Coalesce

from connectors.models import App
from core.models import OutgoingMail, User
from reviews.models import Campaign, Removal
from reviews.queries.due import Today
from reviews.queries.told import plural

LETTER = "removal_waiting"
TROUBLE = "removal_trouble"
"""Who hears of removals that are late hears of those that wait on another day."""
BY_HAND = Q(status=Removal.Status.BY_HAND, order=None)
"""Of these nobody hears by the letters about orders."""


@dataclass(slots=True)
class Waiting:
    """What waits for one person: a sentence for each app and campaign."""

    person: User
    number: int = 0
    until: date = date.max
    newest: datetime | None = None
    rows: list[str] = field(default_factory=list)
    by_hand: list[str] = field(default_factory=list)
    apps: list[str] = field(default_factory=list)


def to_tell(today: Today) -> Sequence[Waiting]:
    """Owners to write to now: something new waits for them, or something has to be gone by the next day."""
    found = _waiting()
    last = _last_letters(found)
    soon = today.organisation.working_days_after(today.day, 1)
    had_one = set(_last_letters(found, TROUBLE, since=today.begins_at))
    wanted = (each for key, each in found.items() if key not in had_one)
    return [each for each in wanted if _wants(each, last.get(each.person.pk), soon, today)]


def _wants(each: Waiting, last: datetime | None, soon: date, today: Today) -> bool:
    if last is None:
        return True
    if last >= today.begins_at or each.newest is None:
        return False
    return each.newest > last or today.day <= each.until <= soon


def _waiting() -> Mapping[str, Waiting]:
    unconfirmed = Q(status=Removal.Status.WAITING, confirmed_at=None)
    rows = Removal.objects.filter(unconfirmed | BY_HAND)
    rows = rows.exclude(campaign__status=Campaign.Status.CANCELLED).order_by()
    counted = rows.values_list("app", "campaign__name").annotate(
        to_confirm=Count("pk", filter=unconfirmed),
        by_hand=Count("pk", filter=BY_HAND),
        until=Min("due_on"),
        newest=Max(Coalesce("confirmed_at", "created_at")),
    )
    by_app: dict[str, list[tuple[str, int, int, date, datetime]]] = {}
    for app, campaign, waiting, to_do, until, newest in counted.order_by("campaign__name"):
        by_app.setdefault(app, []).append((campaign, waiting, to_do, until, newest))
    found: dict[str, Waiting] = {}
    for each in App.objects.filter(pk__in=by_app).order_by("name", "pk"):
        for owner in each.owners_now():
            one = found.setdefault(owner.pk, Waiting(owner))
            one.apps.append(each.name)
            for campaign, waiting, to_do, until, newest in by_app[each.pk]:
                if waiting:
                    one.rows.append(f"{each.name}: {plural(waiting, 'removal')} of {campaign}.")
                if to_do:
                    one.by_hand.append(f"{each.name}: {plural(to_do, 'removal')} of {campaign}.")
                one.number += waiting + to_do
                one.until = min(one.until, until)
                one.newest = max(one.newest or newest, newest)
    return found


def _last_letters(
    people: Collection[str], letter: str = LETTER, *, since: datetime | None = None
) -> Mapping[str, datetime]:
    rows = OutgoingMail.objects.filter(letter=letter, recipient__in=list(people)).order_by()
    if since is not None:
        rows = rows.filter(created_at__gte=since)
    return dict(rows.values_list("recipient").annotate(Max("created_at")))
