"""What the pages of a reviewer begin with: their campaign, and which part of the desk the address names."""

from django.shortcuts import get_object_or_404

from core.http import HtmxRequest
from core.queries.asked import one_of
from reviews.models import Campaign
from reviews.queries.desk import VIEWS

SHOWS = {"open": "Incomplete", "all": "All"}


def own_campaign(request: HtmxRequest, pk: str) -> Campaign:
    """A campaign that was started and asked the reader something; else there is no such page."""
    started = Campaign.objects.filter(status__in=Campaign.STARTED, progress__reviewer=request.user)
    return get_object_or_404(started.select_related("policy_version", "template"), pk=pk)


def view_of(request: HtmxRequest, campaign: Campaign) -> str:
    """By person, by entitlement or one list: as the address says, else as the campaign was set up."""
    return one_of(request, "view", VIEWS) or campaign.desk


def show_of(request: HtmxRequest, campaign: Campaign) -> str:
    """What is still to do, or all; of a review that takes no more decisions there is only all."""
    is_open = campaign.status == Campaign.Status.RUNNING
    return one_of(request, "show", SHOWS) or ("open" if is_open else "all")
