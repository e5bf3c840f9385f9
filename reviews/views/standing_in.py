"""A reviewer names who stands in for them, from the desk."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import localdate
from django.views.decorators.http import require_http_methods

from core.actions.delegations import BadDelegate
from core.errors import NotPossible
from core.http import HtmxRequest
from core.http.request import organisation_of
from core.queries.asked import people
from core.queries.letters import what_becomes
from core.queries.people import people_matching
from reviews.actions import giving
from reviews.actions.marks import must_be_open
from reviews.actions.standing_in import let_stand_in
from reviews.forms.standing_in import StandInForm
from reviews.models import Campaign
from reviews.queries.asking import open_turns
from reviews.queries.standing_in import standing
from reviews.views.own import own_campaign


@require_http_methods(["GET", "POST"])
def stand_in(request: HtmxRequest, pk: str) -> HttpResponse:
    campaign = own_campaign(request, pk)
    must_be_open(campaign)
    if request.method == "GET" or "delegate_find" in request.POST:
        today = localdate(timezone=organisation_of(request).zone)
        days = {"first": today.isoformat(), **request.POST.dict()}
        return _page(request, campaign, StandInForm(initial=days), 200)
    form = StandInForm(request.POST)
    if not form.is_valid():
        return _page(request, campaign, form, 422)
    typed, also_open = form.cleaned_data, "also_open" in request.POST
    delegate, first, last = typed["delegate"], typed["first"], typed["last"]
    try:
        given = let_stand_in(campaign, delegate, first=first, last=last, also_open=also_open, by=request.user)
    except NotPossible as problem:
        is_person = isinstance(problem, BadDelegate | giving.CannotTake)
        form.add_error("delegate" if is_person else "first", str(problem))
        return _page(request, campaign, form, 422)
    went = f" {given:,} line{'s' * (given != 1)} went to them." if given else ""
    messages.success(request, f"{delegate} stands in; {what_becomes()}.{went}")
    return redirect("reviews:desk", pk)


def _page(request: HtmxRequest, campaign: Campaign, form: StandInForm, status: int) -> HttpResponse:
    chosen = list(people(request.POST, "delegate"))
    words = request.POST.get("delegate_words", "").strip()
    without = [request.user.pk, *(each.pk for each in chosen)]
    context = {
        "campaign": campaign,
        "form": form,
        "chosen": chosen,
        "words": words,
        "matches": people_matching(words, seen_by=request.user, without=without),
        "errors": form["delegate"].errors,
        "standing": standing(campaign, request.user),
        "open": open_turns(campaign, request.user).count(),
        "also_open": "also_open" in request.POST or request.method == "GET",
    }
    return render(request, "reviews/desk_stand_in.html", context, status=status)
