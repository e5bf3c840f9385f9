"""Campaigns that begin by themselves: staged when their time has come, started as soon as they are staged."""

from collections.abc import Sequence
from datetime import datetime, time

from django.db import transaction
from django.db.models import F, Q
from django.utils.timezone import now

from core.errors import NotPossible
from core.models import OutgoingMail
from reviews.actions import campaigns, notices, staging, templates
from reviews.models import Campaign, Template
from reviews.queries.due import Today
from reviews.queries.missing import missing


def to_stage() -> Sequence[Campaign]:
    """Drafts whose time has come. One that was refused is tried again every hour, and at once when somebody
    changed it; what somebody staged in vain after its time is theirs to stage again."""
    by_somebody = Q(staging_wanted_by__isnull=False)
    ahead = Q(starts_at__gt=F("staging_wanted_at"))  # in vain, but before its time
    to_try = Q(staging_problem="") | Q(staging_wanted_by=None, due_at__lte=now()) | (by_somebody & ahead)
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
            staging.want(campaign, by=None)
    except NotPossible as refusal:
        rows = Campaign.objects.filter(pk=campaign.pk, status=Campaign.Status.DRAFT)
        again = {"staging_wanted_by": None, "due_at": now() + staging.LATER}
        if rows.update(staging_problem=f"It was to start by itself. {refusal}", **again):
            notices.staging_waits(campaign, str(refusal))


def to_look_ahead(today: Today) -> Sequence[Campaign]:
    """Drafts whose time comes by the end of the next working day, and of which nobody heard today."""
    organisation = today.organisation
    last = organisation.working_days_after(today.day, 1)
    until = datetime.combine(last, time.max, today.zone)
    rows = Campaign.objects.filter(
        status=Campaign.Status.DRAFT, starts_at__gt=now(), starts_at__lte=until
    ).select_related("scope", "policy")
    told = OutgoingMail.objects.filter(letter=notices.AHEAD, created_at__gte=today.begins_at)
    keys = told.values_list("key", flat=True)
    known = {key.split(":")[1] for key in keys}
    return [each for each in rows.order_by("starts_at", "pk") if each.pk not in known]


@transaction.atomic
def look_ahead(campaign: Campaign) -> None:
    """Tell its owners before its time what would keep it from being staged, if anything would."""
    if said := [*missing(campaign).values(), *staging.in_the_way(campaign)]:
        notices.will_wait(campaign, " ".join(said))


def start(campaign: Campaign) -> None:
    """Ask its reviewers, with a letter if its settings say so. Raises StaleState."""
    campaigns.start(campaign, writes=campaign.writes_at_start, by=None)
