"""Settings of the organisation: who it is, when it works, and how long it keeps things."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from core.actions import organisation as verbs
from core.actions import retention as retention_verbs
from core.errors import NotPossible, StaleState
from core.forms.organisation import OrganisationForm, RetentionForm, time_zones
from core.forms.stale import EditForm
from core.http import HtmxRequest
from core.models import Organisation
from core.queries.system import settings_of

SAVED = "Saved."


@require_http_methods(["GET", "POST"])
def organisation(request: HtmxRequest) -> HttpResponse:
    """Name, time zone, trusted domains and working days."""
    present = settings_of(request.user)
    form = OrganisationForm(request.POST or None, initial=_state(present, OrganisationForm))
    if request.method == "POST":
        verbs.must_be_allowed(by=request.user)
        if not form.is_valid():
            return _describe(request, form, present, 422)
        typed = dict(form.cleaned_data)
        try:
            verbs.describe(by=request.user, seen=typed.pop("changed_at"), **typed)
        except StaleState:
            form.compare(_state(Organisation.current(), OrganisationForm))
            return _describe(request, form, present, 409)
        messages.success(request, SAVED)
        return redirect("core:organisation")
    return _describe(request, form, present, 200)


@require_http_methods(["GET", "POST"])
def retention(request: HtmxRequest) -> HttpResponse:
    """How long letters, log lines and downloads are kept: longer at will, shorter never."""
    present = settings_of(request.user)
    form = RetentionForm(request.POST or None, initial=_state(present, RetentionForm), present=present)
    if request.method == "POST":
        verbs.must_be_allowed(by=request.user)
        if not form.is_valid():
            return _retention(request, form, present, 422)
        typed = dict(form.cleaned_data)
        try:
            retention_verbs.lengthen(by=request.user, seen=typed.pop("changed_at"), **typed)
        except StaleState:
            form.compare(_state(Organisation.current(), RetentionForm))
            return _retention(request, form, present, 409)
        except NotPossible as problem:
            form.add_error(None, str(problem))
            return _retention(request, form, present, 422)
        messages.success(request, SAVED)
        return redirect("core:retention")
    return _retention(request, form, present, 200)


def _state(present: Organisation, form: type[EditForm]) -> dict[str, Any]:
    """What a form about the organisation begins with."""
    return {name: getattr(present, name) for name in form.base_fields}


def _describe(request: HtmxRequest, form: EditForm, present: Organisation, status: int) -> HttpResponse:
    context = {
        "part": "organisation",
        "form": form,
        "present": present,
        "zones": time_zones(),
        "may_change": request.user.is_super,
    }
    return render(request, "core/settings_organisation.html", context, status=status)


def _retention(request: HtmxRequest, form: EditForm, present: Organisation, status: int) -> HttpResponse:
    context = {"part": "retention", "form": form, "present": present, "may_change": request.user.is_super}
    return render(request, "core/settings_retention.html", context, status=status)
