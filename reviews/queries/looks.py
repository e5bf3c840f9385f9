"""What control owners said of the sample: all of it, and what counts now."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from reviews.models import Campaign, Look, SampledLine


@dataclass(frozen=True, slots=True)
class Looked:
    """A sampled line, with what was said of it, in order."""

    row: SampledLine
    looks: Sequence[Look]
    now: Look | None
    """The last of the control owner of now."""

    @property
    def earlier(self) -> Sequence[Look]:
        return [look for look in self.looks if look != self.now]


def sample_of(campaign: Campaign) -> Sequence[Looked]:
    """The whole sample, in order of lines."""
    said: dict[int, list[Look]] = {}
    for look in looks_of(campaign).select_related("by"):
        said.setdefault(look.sampled_id, []).append(look)
    rows = campaign.sample.select_related("task").order_by("line_no")
    return [_looked(row, said.get(row.pk, ()), campaign.control_owner_id) for row in rows]


def looks_of(campaign: Campaign) -> QuerySet[Look]:
    return Look.objects.filter(sampled__campaign=campaign).order_by("sampled__line_no", "pk")


def said_otherwise(campaign: Campaign) -> QuerySet[Look]:
    """Whoever said it, and whatever was said of the line later: each of these asks for a conclusion."""
    return looks_of(campaign).filter(agrees=False)


def _looked(row: SampledLine, looks: Sequence[Look], owner: str | None) -> Looked:
    own = [look for look in looks if look.by_id == owner]
    return Looked(row, looks, own[-1] if own else None)
