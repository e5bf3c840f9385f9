"""Submitting: what would come of it, then the decisions; and what became of what one submitted before."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from core.http import HtmxRequest, fresh_sign_in_to_send
from core.http.fresh import HELD, is_fresh
from reviews.actions import deciding
from reviews.actions.consequences import consequences
from reviews.actions.deciding import Submitted
from reviews.actions.marks import must_be_open
from reviews.models import Campaign, Submission
from reviews.queries.desk import bar
from reviews.queries.submitted import elsewhere
from reviews.queries.submitting import summary
from reviews.views.own import own_campaign


@require_http_methods(["GET", "POST"])
def submit(request: HtmxRequest, pk: str) -> HttpResponse:
    campaign = own_campaign(request, pk)
    must_be_open(campaign)
    if request.method == "POST":
        if HELD in request.POST:
            return _decide_proven(request, campaign)
        try:
            return _decide(request, campaign)
        except deciding.MustSignInAgain:
            return _decide_proven(request, campaign)
    found = summary(campaign, request.user)
    context = {
        "campaign": campaign,
        "summary": found,
        "consequences": consequences(campaign, found.tasks),
        "bar": bar(campaign, request.user),
    }
    return render(request, "reviews/desk_submit.html", context)


def _decide(request: HtmxRequest, campaign: Campaign) -> HttpResponse:
    seen, is_proven = request.POST.get("seen", ""), is_fresh(request)
    done = deciding.submit(campaign, request.user, marks_seen=seen, is_proven=is_proven)
    if not done.is_smooth:
        return redirect("reviews:submission", campaign.pk, done.submission.key)
    messages.success(request, _sentence(done))
    return redirect("reviews:desk", campaign.pk)


@fresh_sign_in_to_send
def _decide_proven(request: HtmxRequest, campaign: Campaign) -> HttpResponse:
    """After the password, if the last sign-in is too old; what was sent is kept meanwhile."""
    return _decide(request, campaign)


@require_GET
def submissions(request: HtmxRequest, pk: str) -> HttpResponse:
    """One's own, newest first."""
    campaign = own_campaign(request, pk)
    rows = Submission.objects.filter(campaign=campaign, by=request.user).order_by("-pk")
    return render(request, "reviews/desk_submissions.html", {"campaign": campaign, "rows": rows[:200]})


@require_GET
def submission(request: HtmxRequest, pk: str, key: str) -> HttpResponse:
    """What became of one, and what is still marked."""
    campaign = own_campaign(request, pk)
    rows = Submission.objects.select_related("campaign").filter(campaign=campaign, by=request.user)
    row = get_object_or_404(rows, key=key)
    is_open = campaign.status == Campaign.Status.RUNNING
    context = {
        "campaign": campaign,
        "row": row,
        "elsewhere": elsewhere(row),
        "lost": row.submitted - row.accepted,
        "left": summary(campaign, request.user) if is_open else None,
        "bar": bar(campaign, request.user),
    }
    return render(request, "reviews/desk_submission.html", context)


def _sentence(done: Submitted) -> str:
    row = done.submission
    said = f"Submitted: {row.certified:,} certified, {row.denied:,} denied."
    return f"{said} {'It was' if row.accepted == 1 else f'All {row.accepted:,} were'} accepted."
