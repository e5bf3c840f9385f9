"""The reviews that ask something of one person, or did."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, Q, Sum

from core.models import User
from reviews.models import Campaign, Mark, Progress


@dataclass(frozen=True, slots=True)
class Mine:
    """A campaign and how far the reader is with it."""

    campaign: Campaign
    asked: int
    left: int
    """Not submitted."""
    marked: int

    @property
    def decided(self) -> int:
        return self.asked - self.left

    @property
    def is_open(self) -> bool:
        return self.campaign.status == Campaign.Status.RUNNING and self.left > 0


def mine(person: User) -> Sequence[Mine]:
    """Those with open work first, by when they are due; the finished ones below, newest first."""
    rows = Progress.objects.filter(reviewer=person, campaign__status__in=Campaign.STARTED, asked__gt=0)
    rows = rows.select_related("campaign").order_by("-campaign__started_at", "-pk")
    marks = Mark.objects.filter(person=person).exclude(outcome=Mark.Outcome.NONE)
    marked = dict(marks.values_list("campaign").annotate(n=Count("pk")))
    found = [Mine(each.campaign, each.asked, each.open, marked.get(each.campaign_id, 0)) for each in rows]
    waiting = [each for each in found if each.is_open]
    waiting.sort(
        key=lambda each: (each.campaign.decide_by is None, each.campaign.decide_by or 0, each.campaign.name)
    )
    return [*waiting, *(each for each in found if not each.is_open)]


def open_lines(person: User) -> int:
    """How many lines wait for this person."""
    running = Q(campaign__status=Campaign.Status.RUNNING)
    found = Progress.objects.filter(running, reviewer=person).aggregate(number=Sum("open"))
    return found["number"] or 0
