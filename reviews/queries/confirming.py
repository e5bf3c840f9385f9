"""Removals that wait for an owner of their app, as a letter tells them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db.models import Count, Max, Min

from connectors.models import App
from core.models import OutgoingMail, User
from reviews.models import Campaign, Removal
from reviews.queries.due import Today
from reviews.queries.told import plural

LETTER = "removal_waiting"


@dataclass(slots=True)
class Waiting:
    """What waits for one person: a sentence for each app and campaign."""

    person: User
    number: int = 0
    until: date = date.max
    newest: datetime | None = None
    rows: list[str] = field(default_factory=list)
    apps: list[str] = field(default_factory=list)


def to_tell(today: Today) -> Sequence[Waiting]:
    """Owners to write to now: something new waits for them, or something has to be gone by the next day."""
    found = _waiting()
    last = _last_letters(found)
    soon = today.organisation.working_days_after(today.day, 1)
    return [each for key, each in found.items() if _wants(each, last.get(key), soon, today)]


def _wants(each: Waiting, last: datetime | None, soon: date, today: Today) -> bool:
    if last is None:
        return True
    if last >= today.begins_at or each.newest is None:
        return False
    return each.newest > last or today.day <= each.until <= soon


def _waiting() -> Mapping[str, Waiting]:
    rows = Removal.objects.filter(status=Removal.Status.WAITING, confirmed_at=None)
    rows = rows.exclude(campaign__status=Campaign.Status.CANCELLED).order_by()
    counted = rows.values_list("app", "campaign__name").annotate(
        Count("pk"), Min("due_on"), Max("created_at")
    )
    by_app: dict[str, list[tuple[str, int, date, datetime]]] = {}
    for app, campaign, number, until, newest in counted.order_by("campaign__name"):
        by_app.setdefault(app, []).append((campaign, number, until, newest))
    found: dict[str, Waiting] = {}
    for each in App.objects.filter(pk__in=by_app).order_by("name", "pk"):
        for owner in each.owners_now():
            one = found.setdefault(owner.pk, Waiting(owner))
            one.apps.append(each.name)
            for campaign, number, until, newest in by_app[each.pk]:
                one.rows.append(f"{each.name}: {plural(number, 'removal')} of {campaign}.")
                one.number += number
                one.until = min(one.until, until)
                one.newest = max(one.newest or newest, newest)
    return found


def _last_letters(people: Mapping[str, Waiting]) -> Mapping[str, datetime]:
    rows = OutgoingMail.objects.filter(letter=LETTER, recipient__in=list(people)).order_by()
    return dict(rows.values_list("recipient").annotate(Max("created_at")))
