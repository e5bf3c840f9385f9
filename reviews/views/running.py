"""A campaign under way: how far it is, its lines' counts, what was submitted, what happened."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.timezone import localdate, now
from django.views.decorators.http import require_GET

from core.http import HtmxRequest, organisation_of
from core.queries.asked import page
from reviews.actions.permission import may_run
from reviews.actions.rights import may_sign_off
from reviews.actions.sampling import LOOKED_AT, still_to_look_at
from reviews.models import Campaign, PeopleSource, Removal, ReviewTask
from reviews.queries import bridge, roll_forward, running
from reviews.queries.applying import applying

NOT_CLOSED = (Campaign.Status.RUNNING, Campaign.Status.CLOSING, Campaign.Status.CANCELLED)


@require_GET
def overview(request: HtmxRequest, pk: str) -> HttpResponse:
    """The ring, the falling line, who is how far, and what became of denials."""
    campaign = shown(request, pk)
    above = head(request, campaign, "overview")
    numbers = above["counts"]
    by_app, by_kind = running.shares(campaign)
    is_done = request.GET.get("reviewers") == "done"
    days = running.open_by_day(campaign)
    zone = organisation_of(request).zone
    removals = running.removals_by_status(campaign)
    context = above | {
        "ring": _ring(numbers),
        "ring_label": _ring_label(numbers),
        "days": days,
        "last_day": localdate(campaign.decide_by, zone) if campaign.decide_by else None,
        "burndown_label": _burndown_label(days, numbers),
        "by_app": by_app,
        "by_kind": by_kind,
        "removals": [(status, removals[status]) for status in Removal.Status if status in removals],
        "removal_number": sum(removals.values()),
        "page": page(request, running.reviewers(campaign, done=is_done), order="-open"),
        "is_done": is_done,
        "open_reviewers": running.reviewers(campaign, done=False).count(),
        "done_reviewers": running.reviewers(campaign, done=True).count(),
    }
    return render(request, "reviews/running_overview.html", context)


@require_GET
def submissions(request: HtmxRequest, pk: str) -> HttpResponse:
    """What was handed in, when and by whom: meant and accepted may differ."""
    campaign = shown(request, pk)
    rows = campaign.submissions.select_related("by")
    context = head(request, campaign, "submissions") | {"page": page(request, rows, order="-at")}
    return render(request, "reviews/running_submissions.html", context)


@require_GET
def data(request: HtmxRequest, pk: str) -> HttpResponse:
    """The sources as they stood when the population was frozen, and whether the counts tie."""
    campaign = shown(request, pk)
    sources = campaign.sources.select_related("connector__app", "run").order_by("source", "pk")
    context = head(request, campaign, "data") | {
        "sources": list(sources),
        "people": PeopleSource.objects.filter(campaign=campaign).first(),
        "bridge": bridge.of(campaign),
        "policies": applying(campaign).all(),
        "moved": roll_forward.of(campaign),
    }
    return render(request, "reviews/running_data.html", context)


@require_GET
def trail(request: HtmxRequest, pk: str) -> HttpResponse:
    campaign = shown(request, pk)
    return render(request, "reviews/running_trail.html", head(request, campaign, "trail"))


def shown(request: HtmxRequest, pk: str) -> Campaign:
    return get_object_or_404(running.campaigns_shown(request.user), pk=pk)


def head(request: HtmxRequest, campaign: Campaign, tab: str) -> dict[str, Any]:
    """What stands above each of these pages."""
    return {
        "campaign": campaign,
        "tab": tab,
        "counts": running.counts(campaign),
        "reviewer_number": campaign.progress.count(),
        "submission_number": campaign.submissions.count(),
        "removal_open": Removal.objects.open().filter(campaign=campaign).count(),
        "overridden": len(campaign.bridge.get("overridden", [])),
        "sample_open": still_to_look_at(campaign) if campaign.status in LOOKED_AT else 0,
        "pace": _pace(campaign),
        "may_run": may_run(campaign, request.user),
        "may_sign_off": may_sign_off(campaign, request.user),
        "is_closed": campaign.status not in NOT_CLOSED,
    }


def _pace(campaign: Campaign) -> str:
    """How much time is left, in words; nothing where none is set or needed any more."""
    if campaign.status != Campaign.Status.RUNNING or campaign.decide_by is None:
        return ""
    return _left(campaign.decide_by, now())


def _left(until: datetime, present: datetime) -> str:
    days = (until - present).days
    if until < present:
        late = (present - until).days
        return f"{late} day{'' if late == 1 else 's'} overdue" if late else "Overdue since today"
    return f"{days} day{'' if days == 1 else 's'} left" if days else "Last day"


def _ring(numbers: running.Counts) -> list[tuple[str, int]]:
    rest = numbers.excepted + numbers.cancelled
    return [("good", numbers.certified), ("bad", numbers.denied), ("gone", rest)]


def _ring_label(numbers: running.Counts) -> str:
    status = ReviewTask.Status
    named = {
        status.CERTIFIED: numbers.certified,
        status.DENIED: numbers.denied,
        status.EXCEPTED: numbers.excepted,
        status.CANCELLED: numbers.cancelled,
    }
    told = ", ".join(f"{number:,} {each.label.lower()}" for each, number in named.items())
    return f"{numbers.percent} percent settled: {told}, {numbers.open:,} open"


def _burndown_label(days: Sequence[tuple[date, int]], numbers: running.Counts) -> str:
    if not days:
        return "Nothing to show yet."
    first = days[0][0]
    return f"Open lines went from {numbers.lines:,} on {first:%d %B} to {days[-1][1]:,} now."
