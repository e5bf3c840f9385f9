"""This room's figures: campaigns by status, and what workers have yet to do for them."""

from collections.abc import Iterator

from prometheus_client.core import Metric

from core.metrics import by_status, gauge, offer, offer_waiting
from reviews.models import Campaign, Report


def register() -> None:
    """Put them beside those of the ground floor. Called from apps.py, once."""
    offer(_figures)
    offer_waiting("reviews.stage", Campaign.objects.filter(status=Campaign.Status.STAGING).all)
    offer_waiting("reviews.close", Campaign.objects.filter(status=Campaign.Status.CLOSING).all)
    offer_waiting("reviews.make_report", Report.objects.filter(status=Report.Status.WANTED).all)


def _figures() -> Iterator[Metric]:
    counted = by_status(Campaign.objects.all(), Campaign.Status.values)
    yield gauge("reeve_campaigns", "Campaigns by status.", "status", counted)
