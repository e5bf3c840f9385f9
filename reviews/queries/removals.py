"""Removals as lists show them: of a campaign, of the apps somebody answers for."""

from collections.abc import Collection, Mapping, Sequence

from django.db.models import Count, Q
from django.utils.timezone import localdate

from connectors.models import App
from connectors.queries.remaining import Remaining, remaining
from core.models import Organisation, User
from reviews.models import Campaign, Removal
from reviews.models.task import RemovalQuerySet

FOR_OWNERS = (Removal.Status.BY_HAND, Removal.Status.FAILED)
"""An owner of the app has to act, beside those to be confirmed."""


def for_screen(rows: RemovalQuerySet) -> RemovalQuerySet:
    """All that a row on screen needs, in one query."""
    return rows.select_related(
        "campaign__control_owner", "task__person", "app", "order", "disabling", "confirmed_by", "excepted_by"
    )


def of_apps(user: User) -> RemovalQuerySet:
    """Everything about the apps this person answers for."""
    if not user.is_active:
        return Removal.objects.none()
    return Removal.objects.filter(app__in=App.objects.owned_by(user))


def waiting_for(user: User) -> RemovalQuerySet:
    """What waits for this person: to be confirmed, done by hand, or ordered again."""
    to_confirm = Removal.objects.confirmable_by(user).values("pk")
    return of_apps(user).filter(Q(pk__in=to_confirm) | Q(status__in=FOR_OWNERS))


def late(rows: RemovalQuerySet) -> RemovalQuerySet:
    """Open ones whose day is over; what is done waits for its proof and is not late."""
    today = localdate(timezone=Organisation.current().zone)
    return rows.open().exclude(status=Removal.Status.REMOVED).filter(due_on__lt=today)


def late_campaigns(user: User) -> Sequence[tuple[Campaign, int]]:
    """Campaigns this person may run that have removals past their day, and how many."""
    running = Campaign.objects.run_by(user).exclude(status=Campaign.Status.CANCELLED)
    mine = running.filter(owners=user) if user.is_active else running.none()
    counted = late(Removal.objects.filter(campaign__in=mine)).order_by().values_list("campaign")
    numbers: dict[str, int] = dict(counted.annotate(Count("pk")))
    return [(each, numbers[each.pk]) for each in mine.filter(pk__in=numbers).order_by("name", "pk")]


def afterwards(removals: Collection[Removal]) -> Mapping[str, Remaining]:
    """What their accounts, by key, hold once all is gone that these campaigns take away."""
    accounts = {each.task.account_id for each in removals}
    if not accounts:
        return {}
    campaigns = {each.campaign_id for each in removals}
    others = Removal.objects.open().filter(campaign__in=campaigns, task__account__in=accounts)
    return remaining(accounts, set(others.values_list("task__account", "task__entitlement")))
