"""Lists of apps that identity providers know: brought, looked at, applied."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from connectors.actions import app_lists
from connectors.actions.permission import must_list_apps
from connectors.discovery.csv_list import MOST_LINES
from connectors.forms import AppListForm, ApplyListForm
from connectors.forms.app_lists import MEGABYTES
from core.errors import StaleState
from core.http import HtmxRequest

SHOWN = 50
UNMANAGED = "?tab=unmanaged"


@require_http_methods(["GET", "POST"])
def bring(request: HtmxRequest) -> HttpResponse:
    """The file goes in, its preview comes out; nothing is written yet."""
    must_list_apps(request.user)
    if request.method == "GET":
        return _bring_page(request, AppListForm(), status=200)
    form = AppListForm(request.POST, request.FILES)
    if not form.is_valid():
        return _bring_page(request, form, status=422)
    return _preview(request, app_lists.plan(form.listing), form.text(), status=200)


@require_POST
def apply(request: HtmxRequest) -> HttpResponse:
    must_list_apps(request.user)
    form = ApplyListForm(request.POST)
    if not form.is_valid():
        messages.error(request, "This list can no longer be read. Bring it again.")
        return _bring_page(request, AppListForm(), status=422)
    try:
        done = app_lists.apply(form.listing, seen=form.cleaned_data["seen"], by=request.user)
    except StaleState as problem:
        plan = app_lists.plan(form.listing)
        return _preview(request, plan, form.cleaned_data["text"], status=409, problem=str(problem))
    messages.success(request, _said(done))
    return redirect(reverse("connectors:applications") + UNMANAGED)


def _bring_page(request: HtmxRequest, form: AppListForm, *, status: int) -> HttpResponse:
    context = {"form": form, "megabytes": MEGABYTES, "most_lines": MOST_LINES}
    return render(request, "connectors/app_list.html", context, status=status)


def _preview(
    request: HtmxRequest, plan: app_lists.Plan, text: str, *, status: int, problem: str = ""
) -> HttpResponse:
    context = {
        "plan": plan,
        "apply_form": ApplyListForm(initial={"text": text, "seen": plan.digest}),
        "problem": problem,
        "shown": SHOWN,
        "new": plan.new[:SHOWN],
        "changed": plan.changed[:SHOWN],
        "unlisted": plan.unlisted[:SHOWN],
        "mistakes": plan.mistakes[:SHOWN],
    }
    return render(request, "connectors/app_list_preview.html", context, status=status)


def _said(plan: app_lists.Plan) -> str:
    return (
        f"The list is applied: {len(plan.new):,} new, {len(plan.changed):,} changed,"
        f" {plan.unchanged:,} unchanged, {len(plan.unlisted):,} no longer listed."
    )
