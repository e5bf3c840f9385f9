"""What holds for all reviews, as a part of Settings."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from core.errors import NotPossible, StaleState
from core.http import HtmxRequest
from core.queries.system import settings_of
from reviews.actions import rules as verbs
from reviews.forms.rules import RulesForm, state_of
from reviews.models import ReviewRules


@require_http_methods(["GET", "POST"])
def rules(request: HtmxRequest) -> HttpResponse:
    """Freshness, the removal clock, and what new drafts begin with."""
    settings_of(request.user)
    present = ReviewRules.current()
    form = RulesForm(request.POST if request.method == "POST" else None, initial=state_of(present))
    if request.method == "GET":
        return _page(request, form, present, 200)
    verbs.must_be_allowed(request.user)
    if not form.is_valid():
        return _page(request, form, present, 422)
    try:
        verbs.change(form.values(), seen=form.cleaned_data["changed_at"], by=request.user)
    except StaleState:
        form.compare(state_of(ReviewRules.current()))
        return _page(request, form, present, 409)
    except NotPossible as refusal:
        form.add_error(None, str(refusal))
        return _page(request, form, present, 422)
    messages.success(request, "Saved.")
    return redirect("reviews:rules")


def _page(request: HtmxRequest, form: RulesForm, present: ReviewRules, status: int) -> HttpResponse:
    context = {"part": "reviews", "form": form, "present": present, "may_change": request.user.is_super}
    return render(request, "reviews/settings_reviews.html", context, status=status)
