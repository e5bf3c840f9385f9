"""One campaign: its draft, its staging, the start page once it is staged; then the page it is run from."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from core.http import HtmxRequest
from reviews.models import Campaign
from reviews.views.campaigns import visible

STAGED = "reviews/campaign_staged.html"


@require_GET
def campaign(request: HtmxRequest, pk: str) -> HttpResponse:
    shown = visible(request, pk)
    if shown.is_draft and request.htmx:
        return _part(request, shown)
    if shown.is_draft:
        return redirect("reviews:draft_scope", shown.pk)
    return _part(request, shown)


def _part(request: HtmxRequest, shown: Campaign) -> HttpResponse:
    return render(request, STAGED, {})
