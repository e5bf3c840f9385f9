"""Which risk levels count as High or Critical in a campaign."""

from collections.abc import Collection

from django.db.models import QuerySet

from connectors.models import Tag
from reviews.models import Campaign, ReviewTask


def grave_in(campaign: Campaign) -> Collection[str]:
    """As it was frozen; until then, as the tags have it today."""
    return Tag.objects.grave_names() if campaign.grave_risks is None else campaign.grave_risks


def grave_among(tasks: QuerySet[ReviewTask]) -> Collection[str]:
    """The same for lines of one campaign."""
    frozen = tasks.order_by().values_list("campaign__grave_risks", flat=True).first()
    return Tag.objects.grave_names() if frozen is None else frozen
