"""The end of a campaign: closing, the quality sample, the sign-off."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from core.errors import StaleState
from core.http import HtmxRequest, fresh_sign_in_to_send
from reviews.actions import closing, sampling, signing_off
from reviews.actions.rights import may_sign_off, must_run
from reviews.forms.ending import CloseForm, LookAgainForm, SignOffForm
from reviews.models import Campaign, SampledLine
from reviews.queries import bridge
from reviews.queries.decided import deciders, final_tied
from reviews.queries.looks import said_otherwise, sample_of
from reviews.views.running import head, shown

NAMED = 40
"""Lines listed with what tied their reviewer; the lines file has them all."""


@require_http_methods(["GET", "POST"])
@fresh_sign_in_to_send
def close_campaign(request: HtmxRequest, pk: str) -> HttpResponse:
    """What becomes of the open lines, with their numbers."""
    campaign = shown(request, pk)
    must_run(campaign, request.user)
    numbers = closing.open_lines(campaign)
    form = CloseForm(request.POST or None, initial={"at_end": campaign.at_end})
    status = 422 if form.is_bound else 200
    if form.is_bound and form.is_valid():
        try:
            closing.close(campaign, by=request.user, **form.cleaned_data)
        except StaleState as stale:
            form.add_error(None, str(stale))
            status = stale.status
        else:
            messages.success(request, "It is being closed. Nothing can be decided any more.")
            return redirect("reviews:campaign", campaign.pk)
    context = {"campaign": campaign, "form": form, "numbers": numbers, "word": closing.WORD}
    return render(request, "reviews/running_close.html", context, status=status)


@require_http_methods(["GET", "POST"])
@fresh_sign_in_to_send
def sign_off(request: HtmxRequest, pk: str) -> HttpResponse:
    """Everything that stands in the way, the sample, and the four statements."""
    campaign = shown(request, pk)
    form = _sign_off_form(campaign, request.POST or None)
    if form.is_bound and form.is_valid():
        signing_off.sign_off(campaign, by=request.user, **form.cleaned_data)
        messages.success(request, f"{campaign} is signed off.")
        return redirect("reviews:sign_off", campaign.pk)
    return _sign_off(request, campaign, form, 422 if form.is_bound else 200)


@require_POST
def look_again(request: HtmxRequest, pk: str, line_no: int) -> HttpResponse:
    """The control owner's answer about one sampled line."""
    campaign = shown(request, pk)
    rows = SampledLine.objects.filter(campaign=campaign).select_related("campaign__control_owner", "task")
    sampled = get_object_or_404(rows, line_no=line_no)
    form = LookAgainForm(request.POST)
    if not form.is_valid():
        return _sign_off(request, campaign, _sign_off_form(campaign), 422, answered=(sampled, form))
    agrees = form.cleaned_data["agrees"] == "yes"
    sampling.look(sampled, by=request.user, agrees=agrees, note=form.cleaned_data["note"])
    return redirect("reviews:sign_off", campaign.pk)


def _sign_off_form(campaign: Campaign, typed: QueryDict | None = None) -> SignOffForm:
    return SignOffForm(typed, concludes=said_otherwise(campaign).exists())


def _sign_off(
    request: HtmxRequest,
    campaign: Campaign,
    form: SignOffForm,
    status: int,
    *,
    answered: tuple[SampledLine, LookAgainForm] | None = None,
) -> HttpResponse:
    is_mine = may_sign_off(campaign, request.user)
    own = sampling.not_asked(campaign) if is_mine else frozenset()
    sample = []
    for each in sample_of(campaign):
        bound = answered[1] if answered and answered[0].pk == each.row.pk else LookAgainForm()
        sample.append((each, bound, each.row.task_id in own))
    ready = campaign.status in signing_off.READY
    is_decided = ready or campaign.status == Campaign.Status.SIGNED_OFF
    context: dict[str, Any] = head(request, campaign, "sign_off") | {
        "obstacles": signing_off.obstacles(campaign) if not campaign.is_over else [],
        "statements": signing_off.statements(campaign) if ready else {},
        "deciders": deciders(campaign) if is_decided else None,
        "tied": final_tied(campaign).select_related("task", "by")[:NAMED] if is_decided else [],
        "form": form,
        "agreed": form["agreed"].value() or [],
        "sample": sample,
        "looked_at": sum(1 for each, _, _ in sample if each.now is not None),
        "may_look": is_mine and ready,
        "bridge": bridge.of(campaign),
    }
    return render(request, "reviews/running_sign_off.html", context, status=status)
