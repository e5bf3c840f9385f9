"""Whoever runs a campaign has somebody else asked: about one line, or about all a reviewer still has open."""

from collections.abc import Sequence

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from core.http import HtmxRequest
from core.models import User
from core.queries.asked import people
from core.queries.people import people_matching
from reviews.actions import giving
from reviews.actions.rights import must_run
from reviews.forms.ending import ReassignForm
from reviews.models import Campaign, Turn
from reviews.views.running import shown


@require_http_methods(["GET", "POST"])
def reassign_line(request: HtmxRequest, pk: str, line_no: int) -> HttpResponse:
    campaign = shown(request, pk)
    return _reassign(request, campaign, Turn.objects.filter(line_no=line_no))


@require_http_methods(["GET", "POST"])
def reassign_reviewer(request: HtmxRequest, pk: str, reviewer: str) -> HttpResponse:
    campaign = shown(request, pk)
    return _reassign(request, campaign, Turn.objects.filter(reviewer=reviewer))


def _reassign(request: HtmxRequest, campaign: Campaign, turns: QuerySet[Turn]) -> HttpResponse:
    must_run(campaign, request.user)
    turns = turns.filter(campaign=campaign, status=Turn.Status.OPEN)
    if not turns.exists():
        raise Http404
    form = ReassignForm(request.POST if request.method == "POST" else None)
    chosen = list(people(request.POST, "to"))
    if not form.is_bound or "to_find" in request.POST:
        return _page(request, campaign, turns, form, chosen, "", 200)
    if len(chosen) != 1 or not form.is_valid():
        return _page(request, campaign, turns, form, chosen, "" if form.errors else "Choose one person.", 422)
    try:
        number = giving.give_on(turns, chosen[0], by=request.user, reason=form.cleaned_data["reason"])
    except giving.CannotTake as problem:
        return _page(request, campaign, turns, form, chosen, str(problem), 422)
    except giving.ReasonNeeded as problem:
        form.add_error("reason", str(problem))
        return _page(request, campaign, turns, form, chosen, "", 422)
    are = "1 line" if number == 1 else f"{number:,} lines"
    messages.success(request, f"{chosen[0]} is asked about {are} now.")
    return redirect("reviews:campaign", campaign.pk)


def _page(
    request: HtmxRequest,
    campaign: Campaign,
    turns: QuerySet[Turn],
    form: ReassignForm,
    chosen: Sequence[User],
    error: str,
    status: int,
) -> HttpResponse:
    asked = User.objects.filter(pk__in=turns.values("reviewer")).order_by("search_text")
    words = request.POST.get("to_words", "")
    context = {
        "campaign": campaign,
        "form": form,
        "number": turns.count(),
        "names": [each.name for each in asked],
        "chosen": chosen,
        "errors": [error] if error else [],
        "words": words,
        "matches": people_matching(words, seen_by=request.user, without=[each.pk for each in chosen]),
    }
    return render(request, "reviews/running_reassign.html", context, status=status)
