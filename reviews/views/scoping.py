"""What is reviewed, of a draft and of a template: one page, one page an entitlement."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from connectors.models import Entitlement
from core.errors import StaleState
from core.http import HtmxRequest
from core.models import User
from core.queries.asked import one_of, page, words
from core.queries.people import people_matching
from reviews.actions import scoping as verbs
from reviews.actions.facts import Covered
from reviews.actions.facts import scope_of as unsaved
from reviews.forms.scope import EntitlementPolicyForm, ScopeForm, scope_of
from reviews.models import Campaign, Policy, Scope, Template
from reviews.queries import scope as scopes
from reviews.queries.offers import entitlements_called, entitlements_named, offers, people_named
from reviews.queries.scope_table import ONLY, Row, entitlement_rows, entitlements_of, known_to

NOW = "reviews/scope_now.html"
FINDS = ("entitlements_find", "people_find", "managers_find")
SAVED = "Saved."
A_PAGE = 25


@dataclass(frozen=True, slots=True)
class Side[Of: (Campaign, Template)]:
    """What a draft and a template do differently."""

    template: str
    addresses: Mapping[str, str]
    """Of the page, of one entitlement, of the reset."""
    head: Callable[[HtmxRequest, Of, str], dict[str, Any]]
    must: Callable[[Of, User | None], None]
    change: Callable[..., None]

    def save(self, of: Of, covered: Covered, *, seen: datetime | None, by: User) -> None:
        self.change(of, covered, seen=seen, by=by)

    def url(self, name: str, *keys: str) -> str:
        return reverse(f"reviews:{self.addresses[name]}", args=keys)


def scope_page[Of: (Campaign, Template)](request: HtmxRequest, of: Of, side: Side[Of]) -> HttpResponse:
    """Which grants are reviewed, with a count that follows what is ticked. `look`: count without saving."""
    offered = offers(of.scope)
    if request.method == "GET":
        return _page(request, of, side, ScopeForm(of=of, offers=offered), status=200)
    form = ScopeForm(request.POST, of=of, offers=offered)
    if request.htmx:
        return render(request, NOW, _counted(of, form))
    if any(name in request.POST for name in FINDS):
        return _page(request, of, side, form, status=200)
    side.must(of, request.user)
    if not form.is_valid():
        return _page(request, of, side, form, status=422)
    if "look" in request.POST:
        return _page(request, of, side, form, status=200)
    try:
        side.save(of, form.covered(), seen=form.cleaned_data["changed_at"], by=request.user)
    except StaleState:
        form.compare(scope_of(type(of)._default_manager.select_related("scope").get(pk=of.pk)))
        return _page(request, of, side, form, status=409)
    messages.success(request, SAVED)
    return redirect(side.url("scope", of.pk))


def entitlement_page[Of: (Campaign, Template)](
    request: HtmxRequest, of: Of, side: Side[Of], key: str
) -> HttpResponse:
    """Who decides on one entitlement. `out` yes or no: it is left out, or put back."""
    entitlement = get_object_or_404(known_to(of.scope), pk=key)
    own = of.scope.policies.select_related("policy").filter(entitlement=entitlement).first()
    present = own.policy if own else None
    if request.method == "GET":
        return _one(request, of, side, entitlement, EntitlementPolicyForm(present=present), status=200)
    side.must(of, request.user)
    if request.POST.get("out") == "yes":
        verbs.leave_out(of, entitlement, by=request.user)
        messages.success(request, f"{entitlement} is left out.")
    elif request.POST.get("out") == "no":
        verbs.put_back(of, entitlement, by=request.user)
        messages.success(request, f"{entitlement} is back in the scope.")
    else:
        form = EntitlementPolicyForm(request.POST, present=present)
        if not form.is_valid():
            return _one(request, of, side, entitlement, form, status=422)
        verbs.give_policy(of, entitlement, form.cleaned_data["policy"], by=request.user)
        messages.success(request, SAVED)
    return _back(request, of, side)


def reset[Of: (Campaign, Template)](request: HtmxRequest, of: Of, side: Side[Of]) -> HttpResponse:
    """No entitlement has a policy of its own any more."""
    number = verbs.reset_policies(of, by=request.user)
    messages.success(request, f"{number:,} policies reset." if number != 1 else "1 policy reset.")
    return _back(request, of, side)


def _back[Of: (Campaign, Template)](request: HtmxRequest, of: Of, side: Side[Of]) -> HttpResponse:
    """To the same part of the table."""
    asked = f"?{request.GET.urlencode()}" if request.GET else ""
    return redirect(f"{side.url('scope', of.pk)}{asked}#h-entitlements")


def _page[Of: (Campaign, Template)](
    request: HtmxRequest, of: Of, side: Side[Of], form: ScopeForm, *, status: int
) -> HttpResponse:
    context = side.head(request, of, "scope") | _parts(request, form) | _counted(of, form)
    return render(request, side.template, context | _table(request, of, side), status=status)


def _table[Of: (Campaign, Template)](request: HtmxRequest, of: Of, side: Side[Of]) -> dict[str, Any]:
    """What is in scope as saved, entitlement by entitlement."""
    asked, only = words(request), one_of(request, "only", ONLY)
    shown = page(request, entitlements_of(of.scope, words=asked, only=only), order="search_text", size=A_PAGE)
    return {
        "page": shown,
        "page_size": A_PAGE,
        "rows": [(row, _address(request, of, side, row)) for row in entitlement_rows(of, shown.rows)],
        "words": asked,
        "only": only,
        "onlys": ONLY.items(),
        "has_own": of.scope.policies.exists(),
        "reset_url": side.url("reset", of.pk),
    }


def _address[Of: (Campaign, Template)](request: HtmxRequest, of: Of, side: Side[Of], row: Row) -> str:
    asked = f"?{request.GET.urlencode()}" if request.GET else ""
    return side.url("entitlement", of.pk, row.entitlement.pk) + asked


def _one[Of: (Campaign, Template)](
    request: HtmxRequest,
    of: Of,
    side: Side[Of],
    entitlement: Entitlement,
    form: EntitlementPolicyForm,
    *,
    status: int,
) -> HttpResponse:
    [row] = entitlement_rows(of, [entitlement])
    context = side.head(request, of, "scope") | {
        "of": of,
        "row": row,
        "form": form,
        "policies": Policy.objects.here().order_by("built_in", "name"),
        "scope_url": side.url("scope", of.pk),
    }
    return render(request, "reviews/scope_policy.html", context, status=status)


def _counted(of: Campaign | Template, form: ScopeForm) -> dict[str, Any]:
    """What would be reviewed as the form stands, and a few of it. A form that is wrong counts nothing."""
    if form.is_bound and not form.is_valid():
        return {"campaign": of, "wrong": [each for found in form.errors.values() for each in found]}
    wanted = of.scope if not form.is_bound else unsaved(form.covered())
    wanted.pk, wanted.left_out = of.scope_id, of.scope.left_out
    number = scopes.number_in(wanted)
    return {
        "campaign": of,
        "number": min(number, scopes.LIVE),
        "is_more": number > scopes.LIVE,
        "entitlement_count": scopes.entitlements_in(wanted).count(),
        "app_count": scopes.apps_in(wanted).count(),
        "sample": scopes.sample(wanted, size=5),
        "since": scopes.began_after(wanted),
        "since_last": wanted.grants == Scope.Grants.SINCE_LAST,
    }


def _parts(request: HtmxRequest, form: ScopeForm) -> dict[str, Any]:
    """What the fields of a scope need beside the form."""
    finding = any(name in request.POST for name in FINDS)
    words = {
        name: request.POST.get(f"{name}_words", "").strip() for name in ("entitlements", "people", "managers")
    }
    chosen = {name: form.chosen(name) for name in ("entitlements", "people", "managers")}
    return {
        "form": form,
        "shows_errors": form.is_bound and not finding,
        "chosen_entitlements": entitlements_named(chosen["entitlements"]),
        "entitlements_words": words["entitlements"],
        "entitlements_found": entitlements_called(
            words["entitlements"], form["apps"].value() or [], without=chosen["entitlements"]
        ),
        "pickers": [_people_part(request, form, name, words[name]) for name in ("people", "managers")],
    }


def _people_part(request: HtmxRequest, form: ScopeForm, name: str, words: str) -> Mapping[str, Any]:
    chosen = list(people_named(form.chosen(name)))
    labels = {"people": "Only these people", "managers": "Only who reports to"}
    keys = [each.pk for each in chosen]
    return {
        "name": name,
        "label": labels[name],
        "chosen": chosen,
        "words": words,
        "matches": people_matching(words, seen_by=request.user, without=keys),
        "errors": form.errors.get(name, []) if form.is_bound and f"{name}_find" not in request.POST else [],
    }
