"""For whom a reviewer decides in a campaign, and who stands in for them."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count
from django.utils.timezone import now

from core.models import Delegation, User
from reviews.models import Campaign
from reviews.queries.asking import open_turns


@dataclass(frozen=True, slots=True)
class For:
    """Somebody for whom the reader decides lines."""

    name: str
    lines: int


@dataclass(frozen=True, slots=True)
class Standing:
    decides_for: Sequence[For]
    stand_in: Delegation | None
    """Who takes over what is newly asked of the reader, now or later."""


def standing(campaign: Campaign, person: User) -> Standing:
    rows = open_turns(campaign, person).exclude(on_behalf_of=None).order_by()
    found = rows.values_list("on_behalf_of__name").annotate(lines=Count("pk")).order_by("on_behalf_of__name")
    present = Delegation.objects.not_over(now()).filter(person=person).select_related("delegate").first()
    return Standing([For(name, lines) for name, lines in found], present)
