"""Whoever runs a campaign has somebody else sign it off."""

from collections.abc import Sequence

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from core.errors import NotPossible
from core.http import HtmxRequest
from core.models import User
from core.queries.asked import people
from core.queries.people import people_matching
from reviews.actions import campaigns
from reviews.actions.rights import must_run
from reviews.forms.ending import ControlOwnerForm
from reviews.models import Campaign
from reviews.views.campaigns import visible


@require_http_methods(["GET", "POST"])
def control_owner(request: HtmxRequest, pk: str) -> HttpResponse:
    campaign = visible(request, pk)
    must_run(campaign, request.user)
    if campaign.is_draft:
        return redirect("reviews:draft_settings", campaign.pk)  # there it is said
    chosen = list(people(request.POST, "to"))
    if request.method == "GET" or "to_find" in request.POST:
        form = ControlOwnerForm(initial={"reason": request.POST.get("reason", "")})
        return _page(request, campaign, form, chosen, "", 200)
    form = ControlOwnerForm(request.POST)
    if len(chosen) != 1 or not form.is_valid():
        error = "" if len(chosen) == 1 else "Choose one person."
        return _page(request, campaign, form, chosen, error, 422)
    reason = form.cleaned_data["reason"]
    try:
        campaigns.change_control_owner(campaign, chosen[0], by=request.user, reason=reason)
    except NotPossible as problem:
        return _page(request, campaign, form, chosen, str(problem), 422)
    if campaign.started_at is None:
        messages.success(request, f"{chosen[0]} signs off now.")
        return redirect("reviews:campaign", campaign.pk)
    messages.success(request, f"{chosen[0]} signs off now, and looks at the whole sample anew.")
    return redirect("reviews:sign_off", campaign.pk)


def _page(
    request: HtmxRequest,
    campaign: Campaign,
    form: ControlOwnerForm,
    chosen: Sequence[User],
    error: str,
    status: int,
) -> HttpResponse:
    words = request.POST.get("to_words", "")
    context = {
        "campaign": campaign,
        "form": form,
        "chosen": chosen,
        "errors": [error] if error else [],
        "words": words,
        "matches": people_matching(words, seen_by=request.user, without=[each.pk for each in chosen]),
    }
    return render(request, "reviews/running_control_owner.html", context, status=status)
