"""What denying would lead to, said before anybody submits it. Writes nothing."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import CharField, Count, QuerySet
from django.db.models.functions import Coalesce

from connectors.models import App
from reviews.actions import removals
from reviews.models import Campaign, ReviewTask

OWNERS = 3
"""So many owners of an app are named."""


@dataclass(frozen=True, slots=True)
class Consequence:
    """What becomes of the denied access of one app."""

    app: str
    people: int
    access: int
    waits: bool
    """An owner of the app confirms first."""
    owners: Sequence[str]
    earliest: date
    latest: date
    """Between these days it is to be gone."""


def consequences(campaign: Campaign, tasks: QuerySet[ReviewTask]) -> Sequence[Consequence]:
    """By app, what these denials would lead to, and by when. Counted by the database: they may be many."""
    risks: defaultdict[str, set[str]] = defaultdict(set)
    for app_id, risk in tasks.order_by().values_list("app", "risk").distinct():
        risks[app_id].add(risk)
    whose = Coalesce("person_id", "account_id", output_field=CharField())
    rows = (
        tasks.order_by().values_list("app").annotate(access=Count("pk"), people=Count(whose, distinct=True))
    )
    counts = {app_id: (access, people) for app_id, access, people in rows}
    return [_of_app(campaign, app, *counts[app.pk], risks[app.pk]) for app in _by_name(counts)]


def _by_name(apps: Iterable[str]) -> Iterable[App]:
    return App.objects.filter(pk__in=list(apps)).order_by("name", "pk")


def _of_app(campaign: Campaign, app: App, access: int, people: int, risks: Collection[str]) -> Consequence:
    days = removals.due_on(campaign, risks)
    return Consequence(
        app=app.name,
        people=people,
        access=access,
        owners=[owner.name for owner in app.owners_now()[:OWNERS]],
        earliest=days[0],
        latest=days[-1],
        waits=removals.asks_first(campaign, app.pk),
    )
