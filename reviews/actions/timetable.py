"""Campaigns that begin by themselves: staged when their time has come, started as soon as they are staged."""

from collections.abc import Sequence

from django.db import transaction
from django.db.models import Q
from django.utils.timezone import now

from core.errors import NotPossible
from reviews.actions import campaigns, notices, staging, templates
from reviews.models import Campaign, Template


def to_stage() -> Sequence[Campaign]:
    """Drafts whose time has come. One that was refused is tried again every hour, and at once when somebody
    changed it; what somebody staged in vain is theirs to stage again."""
    to_try = Q(staging_problem="") | Q(staging_wanted_by=None, due_at__lte=now())
    rows = Campaign.objects.filter(to_try, status=Campaign.Status.DRAFT, starts_at__lte=now())
    return list(rows.order_by("starts_at", "pk"))


def to_start() -> Sequence[Campaign]:
    """Staged ones whose time has come, unless somebody staged them after it had passed."""
    staged = Campaign.objects.starting_by_themselves().filter(status=Campaign.Status.STAGED)
    rows = staged.filter(starts_at__lte=now())
    return list(rows.order_by("starts_at", "pk"))


def draft(template: Template) -> None:
    """Make the draft whose day has come. Why it cannot be made is told; the day stays until it is."""
    try:
        templates.make_due_draft(template)
    except NotPossible as refusal:
        notices.not_drafted(template, str(refusal))


@transaction.atomic
def stage(campaign: Campaign) -> None:
    """Have it staged in nobody's name, which never overrides. Why it cannot be stands on its page and is
    told."""
    try:
        with transaction.atomic():
            campaigns.must_be_whole(campaign)
            staging.want(campaign, by=None)
    except NotPossible as refusal:
        rows = Campaign.objects.filter(pk=campaign.pk, status=Campaign.Status.DRAFT)
        again = {"staging_wanted_by": None, "due_at": now() + staging.LATER}
        if rows.update(staging_problem=f"It was to start by itself. {refusal}", **again):
            notices.staging_waits(campaign, str(refusal))


def start(campaign: Campaign) -> None:
    """Ask its reviewers, with a letter if its settings say so. Raises StaleState."""
    campaigns.start(campaign, writes=campaign.writes_at_start, by=None)
