"""One campaign: its draft, its staging seen at work, the start page; then the page it is run from."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.timezone import now
from django.views.decorators.http import require_GET
from django_htmx.http import HttpResponseClientRedirect

from core.http import HtmxRequest
from core.queries.asked import page
from reviews.actions import staging
from reviews.actions.campaigns import end_of_days
from reviews.models import Campaign, PeopleSource, Progress
from reviews.queries import bridge, sources
from reviews.queries.applying import applying
from reviews.views import running
from reviews.views.campaigns import visible
from reviews.views.drafts import head

STAGING = "reviews/campaign_staging.html"
STAGED = "reviews/campaign_staged.html"


@require_GET
def campaign(request: HtmxRequest, pk: str) -> HttpResponse:
    """The page of a campaign, whatever its state. While it is being staged htmx asks for a part of it."""
    shown = visible(request, pk)
    if shown.started_at is not None:
        return running.overview(request, pk)
    if shown.status == Campaign.Status.STAGING:
        template = f"{STAGING}#staging" if request.htmx else STAGING
        return render(request, template, _staging(request, shown))
    if request.htmx:  # it was being staged a second ago
        return HttpResponseClientRedirect(reverse("reviews:campaign", args=[shown.pk]))
    if shown.is_draft:
        return redirect(
            "reviews:draft_scope" if not shown.staging_problem else "reviews:draft_data", shown.pk
        )
    return render(request, STAGED, _staged(request, shown))


def _staging(request: HtmxRequest, shown: Campaign) -> dict[str, Any]:
    waits = shown.override_reason and shown.override_seconded_by_id is None and staging.needs_second()
    user = request.user
    may_second = user.is_active and user.has_role(*staging.SECONDS) and user.pk != shown.staging_wanted_by_id
    return head(request, shown, "staging") | {
        "sources": sources.of_scope(shown.scope) if shown.frozen_at is None else [],
        "waits_for_second": bool(waits),
        "may_second": bool(waits) and may_second,
    }


def _staged(request: HtmxRequest, shown: Campaign) -> dict[str, Any]:
    rows = Progress.objects.filter(campaign=shown).select_related("reviewer")
    return head(request, shown, "staged") | {
        "page": page(request, rows, order="-asked", size=20),
        "reviewers": rows.count(),
        "sources": shown.sources.select_related("connector__app", "run").order_by("source", "pk"),
        "people": PeopleSource.objects.filter(campaign=shown).first(),
        "bridge": bridge.of(shown),
        "policies": applying(shown).all(),
        "decide_by": end_of_days(now(), shown.days_to_decide),
        "may_start": shown.status == Campaign.Status.STAGED,
    }
