"""Reminding reviewers by hand: one of them, or all with open lines."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from core.http import HtmxRequest
from core.models import User
from reviews.actions import letters
from reviews.actions.rights import must_run
from reviews.forms.reminding import RemindForm, with_phrase
from reviews.models import Campaign, Progress
from reviews.queries import running
from reviews.views.running import shown


@require_http_methods(["GET", "POST"])
def remind(request: HtmxRequest, pk: str) -> HttpResponse:
    """`reviewer` in the address names one of them. A phrase is put into the text; nothing is sent by it."""
    campaign = shown(request, pk)
    must_run(campaign, request.user)
    one = _one(campaign, request.GET.get("reviewer", ""))
    if "phrase" in request.POST:
        form = RemindForm(initial=with_phrase(request.POST, request.POST["phrase"]))
        return _page(request, campaign, one, form, 200)
    form = RemindForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        keys = [one.reviewer_id] if one else None
        done = letters.remind_now(campaign, keys, by=request.user, **form.cleaned_data)
        messages.success(request, done.sentence)
        return redirect("reviews:campaign", campaign.pk)
    return _page(request, campaign, one, form, 422 if form.is_bound else 200)


def _one(campaign: Campaign, key: str) -> Progress | None:
    if not key:
        return None
    return get_object_or_404(
        Progress.objects.filter(campaign=campaign).select_related("reviewer"), reviewer=key
    )


def _page(
    request: HtmxRequest, campaign: Campaign, one: Progress | None, form: RemindForm, status: int
) -> HttpResponse:
    waiting = running.reviewers(campaign, done=False).filter(reviewer__status=User.Status.ACTIVE)
    if one:
        waiting = waiting.filter(pk=one.pk)
    is_running = campaign.status == Campaign.Status.RUNNING
    context = {
        "campaign": campaign,
        "one": one,
        "form": form,
        "waiting": waiting.count(),
        "can": is_running and waiting.exists(),
        "phrases": letters.CANNED,
    }
    return render(request, "reviews/running_remind.html", context, status=status)
