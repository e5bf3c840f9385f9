"""Campaigns that begin by themselves: staged when their time has come, started as soon as they are staged."""

from collections.abc import Sequence

from django.db import transaction
from django.utils.timezone import now

from core.errors import NotPossible
from reviews.actions import campaigns, staging
from reviews.models import Campaign


def to_stage() -> Sequence[Campaign]:
    """Drafts whose time has come. What failed stays a draft with its reason until somebody changes it."""
    rows = Campaign.objects.filter(status=Campaign.Status.DRAFT, starts_at__lte=now(), staging_problem="")
    return list(rows.order_by("starts_at", "pk"))


def to_start() -> Sequence[Campaign]:
    """Staged ones whose time has come, however they were staged."""
    rows = Campaign.objects.filter(status=Campaign.Status.STAGED, starts_at__lte=now())
    return list(rows.order_by("starts_at", "pk"))


def stage(campaign: Campaign) -> None:
    """Have it staged in nobody's name, which never overrides. Why it cannot be stands on its page."""
    try:
        staging.want(campaign, by=None)
    except NotPossible as refusal:
        with transaction.atomic():
            rows = Campaign.objects.filter(pk=campaign.pk, status=Campaign.Status.DRAFT)
            rows.update(staging_problem=f"It was to start by itself. {refusal}")


def start(campaign: Campaign) -> None:
    """Ask its reviewers, with a letter if its settings say so. Raises StaleState."""
    campaigns.start(campaign, writes=campaign.writes_at_start, by=None)
