"""The first review, of Reeve's own administrators: one page, one name, one button."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from connectors.queries.console import proposals
from core.actions.invitations import may_invite
from core.errors import NotPossible
from core.http import HtmxRequest
from core.queries.asked import people
from core.queries.people import people_matching
from reviews.actions import first_review as verbs
from reviews.actions.permission import must_make_campaigns
from reviews.queries.first_review import app_owners, is_offered, looked_at

ONE = "Name one person who signs off."
NAME = "control_owner"


@require_http_methods(["GET", "POST"])
def first_review(request: HtmxRequest) -> HttpResponse:
    must_make_campaigns(request.user)
    if not is_offered(request.user):
        return redirect("reviews:campaigns")
    if request.method == "GET" or f"{NAME}_find" in request.POST:
        return _page(request)
    chosen = list(people(request.POST, NAME))
    if len(chosen) != 1:
        return _page(request, error=ONE)
    try:
        made = verbs.begin(chosen[0], by=request.user)
    except NotPossible as refusal:
        return _page(request, error=str(refusal))
    messages.success(
        request, "Reeve reads itself just now: in a few seconds, after a reload, the number of lines is here."
    )
    return redirect("reviews:draft_scope", made.pk)


def _page(request: HtmxRequest, *, error: str = "") -> HttpResponse:
    chosen, asked = list(people(request.POST, NAME)), request.POST.get(f"{NAME}_words", "").strip()
    without = [each.pk for each in chosen]
    context = {
        "found": looked_at(request.user),
        "problem": verbs.why_not(request.user, None),
        "owners": app_owners(None),
        "proposals": proposals(),
        "chosen": chosen,
        "words": asked,
        "matches": people_matching(asked, seen_by=request.user, without=without) if asked else [],
        "errors": [error] if error else [],
        "may_invite_people": may_invite(request.user),
    }
    return render(request, "reviews/first_review.html", context, status=422 if error else 200)
