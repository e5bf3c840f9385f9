"""Campaigns: their list, a new one, and what its owners do with one."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.timezone import now
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.actions.columns import choose_columns, reset_columns
from core.errors import NotPossible, StaleState
from core.http import HtmxRequest, onward
from core.models import User
from core.queries.asked import one_of, page, words
from core.queries.asked import people as people_chosen
from reviews.actions import campaigns as verbs
from reviews.actions import policies_built_in
from reviews.actions.facts import Facts
from reviews.actions.permission import may_make_campaigns, must_make_campaigns, must_run
from reviews.forms.campaigns import (
    CancelForm,
    DuplicateForm,
    NewCampaignForm,
    OwnersForm,
    owners_of,
)
from reviews.models import Campaign
from reviews.queries import campaigns as queries


@require_GET
def campaigns(request: HtmxRequest) -> HttpResponse:
    tab = one_of(request, "tab", queries.TABS) or queries.RUNNING
    asked, numbers = words(request), queries.numbers(request.user)
    sort, order = queries.order_of(tab, request.GET.get("sort", ""))
    if tab == queries.TEMPLATES:
        shown: Any = page(request, queries.template_rows(request.user, words=asked), order=order)
    else:
        shown = page(request, queries.campaign_rows(request.user, tab, words=asked), order=order)
    context = {
        "page": shown,
        "tab": tab,
        "tabs": [(key, label, numbers[key]) for key, label in queries.TABS.items()],
        **_columns(request.user, tab, sort),
        "words": asked,
        "now": now(),
        "may_make": may_make_campaigns(request.user),
        "has_any": any(numbers.values()),
    }
    return render(request, "reviews/campaigns.html", context)


@require_POST
def columns(request: HtmxRequest, tab: str) -> HttpResponse:
    """Which columns a tab shows to its reader. `column`, several times; `reset` for the default ones."""
    table = queries.TABLES.get(tab)
    if table is None:
        raise Http404
    if "reset" in request.POST:
        reset_columns(request.user, table.name)
    else:
        choose_columns(request.user, table.name, request.POST.getlist("column"), known=table.columns)
    return redirect(onward(request))


@require_http_methods(["GET", "POST"])
def new(request: HtmxRequest) -> HttpResponse:
    must_make_campaigns(request.user)
    policies_built_in.ensure()
    if request.method == "GET":
        return _new_page(request, NewCampaignForm(), [request.user], status=200)
    form, chosen = NewCampaignForm(request.POST), list(people_chosen(request.POST, "owners"))
    if "owners_find" in request.POST:
        return _new_page(request, form, chosen, status=200)
    if not form.is_valid():
        return _new_page(request, form, chosen, status=422)
    typed = form.cleaned_data
    facts = Facts(typed["name"], typed["description"])
    try:
        made = verbs.create(facts, list(typed["owners"]), policy=typed["policy"], by=request.user)
    except NotPossible as refusal:
        form.add_error("owners", str(refusal))
        return _new_page(request, form, chosen, status=422)
    return redirect("reviews:draft_scope", made.pk)


@require_http_methods(["GET", "POST"])
def owners(request: HtmxRequest, pk: str) -> HttpResponse:
    shown = visible(request, pk)
    must_run(shown, request.user)
    if request.method == "GET":
        return _owners_page(request, shown, OwnersForm(of=shown), status=200)
    form = OwnersForm(request.POST, of=shown)
    if "owners_find" in request.POST:
        return _owners_page(request, shown, form, status=200)
    if not form.is_valid():
        return _owners_page(request, shown, form, status=422)
    typed = form.cleaned_data
    try:
        verbs.set_owners(shown, list(typed["owners"]), seen=typed["changed_at"], by=request.user)
    except StaleState:
        form.compare(owners_of(Campaign.objects.get(pk=shown.pk)))
        return _owners_page(request, shown, form, status=409)
    except NotPossible as refusal:
        form.add_error("owners", str(refusal))
        return _owners_page(request, shown, form, status=422)
    messages.success(request, "The owners are changed.")
    if not Campaign.objects.visible_to(request.user).filter(pk=shown.pk).exists():
        return redirect("reviews:campaigns")
    return redirect("reviews:campaign", shown.pk)


@require_http_methods(["GET", "POST"])
def duplicate(request: HtmxRequest, pk: str) -> HttpResponse:
    shown = visible(request, pk)
    must_run(shown, request.user)
    policies_built_in.ensure()
    initial = {"name": f"{shown.name[:190]} (copy)", "policy": shown.policy_id}
    form = DuplicateForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_bound and form.is_valid():
        typed = form.cleaned_data
        copy = verbs.duplicate(shown, typed["name"], policy=typed["policy"], by=request.user)
        messages.success(request, f"{copy} is a draft with the same scope and settings.")
        return redirect("reviews:draft_scope", copy.pk)
    context = {"campaign": shown, "form": form}
    return render(request, "reviews/campaign_duplicate.html", context, status=422 if form.is_bound else 200)


@require_POST
def start(request: HtmxRequest, pk: str) -> HttpResponse:
    """`writes`: whether reviewers get a letter now."""
    shown = visible(request, pk)
    verbs.start(shown, writes="writes" in request.POST, by=request.user)
    messages.success(request, f"{shown} is running: its reviewers see their lines.")
    return redirect("reviews:campaign", shown.pk)


@require_http_methods(["GET", "POST"])
def cancel(request: HtmxRequest, pk: str) -> HttpResponse:
    shown = visible(request, pk)
    must_run(shown, request.user)
    form = CancelForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        verbs.cancel(shown, reason=form.cleaned_data["reason"], by=request.user)
        messages.success(request, f"{shown} is cancelled. It stays listed under Completed.")
        return redirect("reviews:campaign", shown.pk)
    context = {"campaign": shown, "form": form, "can": shown.status in verbs.CANCELLABLE}
    return render(request, "reviews/campaign_cancel.html", context, status=422 if form.is_bound else 200)


@require_POST
def discard(request: HtmxRequest, pk: str) -> HttpResponse:
    shown = visible(request, pk)
    name = shown.name
    verbs.discard(shown, by=request.user)
    messages.success(request, f"The draft {name} is discarded.")
    return redirect(f"{reverse('reviews:campaigns')}?tab={queries.DRAFTS}")


def visible(request: HtmxRequest, pk: str) -> Campaign:
    rows = Campaign.objects.visible_to(request.user)
    return get_object_or_404(rows.select_related("scope", "policy", "control_owner", "template"), pk=pk)


def picker(request: HtmxRequest, chosen: Sequence[User], name: str = "owners") -> dict[str, object]:
    """What a picker of those who could own a campaign shows."""
    asked = request.POST.get(f"{name}_words", "").strip()
    without = [person.pk for person in chosen]
    return {
        "chosen": chosen,
        "words": asked,
        "matches": queries.able_to_own(asked, without=without) if asked else [],
    }


def _new_page(
    request: HtmxRequest, form: NewCampaignForm, chosen: Sequence[User], *, status: int
) -> HttpResponse:
    finding = "owners_find" in request.POST
    context = {
        "form": form,
        "shows_errors": not finding,
        "errors": form.errors.get("owners", []) if form.is_bound and not finding else [],
        **picker(request, chosen),
    }
    return render(request, "reviews/campaign_new.html", context, status=status)


def _owners_page(request: HtmxRequest, shown: Campaign, form: OwnersForm, *, status: int) -> HttpResponse:
    finding = "owners_find" in request.POST
    context = {
        "campaign": shown,
        "form": form,
        "errors": form.errors.get("owners", []) if form.is_bound and not finding else [],
        **picker(request, form.chosen()),
    }
    return render(request, "reviews/campaign_owners.html", context, status=status)


def _columns(user: User, tab: str, sort: str) -> dict[str, Any]:
    """The heads of a tab as its reader chose them, each with the way to sort by it."""
    table = queries.TABLES[tab]
    names, sortable = table.of(user), queries.ORDERS[tab]
    first = ("name", table.always[0])
    heads = [first, *((name, table.columns[name]) for name in names)]
    return {
        "table": table,
        "heads": [(name, label, _turned(name, sort) if name in sortable else None) for name, label in heads],
        "columns": names,
        "every_column": [(name, label, name in names) for name, label in table.columns.items()],
    }


def _turned(name: str, sort: str) -> Mapping[str, str]:
    """Where the head of a column leads, and how its rows stand now."""
    is_on, falls = sort.removeprefix("-") == name, sort.startswith("-")
    return {
        "sort": ("descending" if falls else "ascending") if is_on else "",
        "url": f"-{name}" if is_on and not falls else name,
    }
