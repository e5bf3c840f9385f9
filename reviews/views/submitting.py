"""Submitting: what would come of it, then the decisions; and what one submitted before."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from core.http import HtmxRequest, fresh_sign_in_to_send
from core.http.fresh import HELD, is_fresh
from reviews.actions import deciding
from reviews.actions.consequences import consequences
from reviews.actions.deciding import Submitted
from reviews.actions.marks import must_be_open
from reviews.models import Campaign, Submission
from reviews.queries.desk import bar
from reviews.queries.submitting import summary
from reviews.views.own import own_campaign

NAMED = 5


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
        "consequences": consequences(campaign, found.tasks) if found.removes else [],
        "bar": bar(campaign, request.user),
    }
    return render(request, "reviews/desk_submit.html", context)


def _decide(request: HtmxRequest, campaign: Campaign) -> HttpResponse:
    seen, is_proven = request.POST.get("seen", ""), is_fresh(request)
    done = deciding.submit(campaign, request.user, marks_seen=seen, is_proven=is_proven)
    for sentence in _told(done):
        messages.warning(request, sentence)
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


def _sentence(done: Submitted) -> str:
    row = done.submission
    return f"Submitted: {row.certified:,} certified, {row.denied:,} denied."


def _told(done: Submitted) -> list[str]:
    """What did not go as it was meant, by name."""
    said = []
    if done.lost:
        named = ", ".join(
            f"line {each.line_no}{f' ({each.decided_by} was first)' if each.decided_by else ''}"
            for each in done.lost[:NAMED]
        )
        more = f" and {len(done.lost) - NAMED:,} more" if len(done.lost) > NAMED else ""
        said.append(f"Not accepted, for you are no longer asked about it: {named}{more}.")
    if done.own:
        numbers = ", ".join(str(each) for each in done.own[:NAMED])
        said.append(f"Not accepted, for it is your own access: line {numbers}. Others are asked about it.")
    if done.unreasoned:
        said.append(f"{len(done.unreasoned):,} stay marked: they need a reason first.")
    return said
