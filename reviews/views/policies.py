"""Policies: their list, one of them, and what is done with it as a whole."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db.models import Model, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from connectors.models import Entitlement
from core.http import HtmxRequest, fresh_sign_in_to_send
from core.models import User
from core.queries.asked import one_of, page, words
from reviews.actions import policies as verbs
from reviews.actions.policies_built_in import ensure
from reviews.models import Policy, PolicyVersion
from reviews.queries.policies import in_words, policy_rows, uses_of, versions_of
from reviews.queries.policy_tester import Trial, entitlements_found, owners_found, tried
from reviews.queries.policy_words import said


@dataclass(frozen=True, slots=True)
class Tester:
    """What was asked of the tester, and its answer, where it has one."""

    who: str
    what: str
    is_nobodys: bool
    people: Sequence[User]
    person: User | None
    entitlements: Sequence[Entitlement]
    entitlement: Entitlement | None
    trial: Trial | None


@require_GET
def every_policy(request: HtmxRequest) -> HttpResponse:
    """With those that come with Reeve, which are made when somebody first looks for them."""
    asked, only = words(request), one_of(request, "only", ("retired",))
    found = policy_rows(request.user, words=asked, retired=bool(only))
    ensure()
    shown = page(request, found, order="name")
    context = {
        "page": shown,
        "rows": in_words(shown.rows),
        "words": asked,
        "only": only,
        "may_write": verbs.may_write_policies(request.user),
    }
    return render(request, "reviews/policy_list.html", context)


@require_GET
def policy(request: HtmxRequest, pk: str) -> HttpResponse:
    """`version` shows an older one."""
    shown = visible_policy(request, pk)
    return render(request, "reviews/policy.html", _context(request, shown))


@fresh_sign_in_to_send
@require_POST
def duplicate(request: HtmxRequest, pk: str) -> HttpResponse:
    shown = visible_policy(request, pk)
    copy = verbs.duplicate(shown, by=request.user)
    messages.success(request, f"This is a copy of {shown}. Give it a name of its own.")
    return redirect("reviews:edit_policy", copy.pk)


@fresh_sign_in_to_send
@require_POST
def retire(request: HtmxRequest, pk: str) -> HttpResponse:
    shown = visible_policy(request, pk)
    verbs.retire(shown, by=request.user)
    messages.success(request, f"{shown} is retired.")
    return redirect("reviews:policy", shown.pk)


@fresh_sign_in_to_send
@require_POST
def follow_denials(request: HtmxRequest, pk: str) -> HttpResponse:
    """`removes`: yes or no."""
    shown = visible_policy(request, pk)
    verbs.follow_denials(shown, removes=request.POST.get("removes") == "yes", by=request.user)
    messages.success(request, "Saved.")
    return redirect("reviews:policy", shown.pk)


def visible_policy(request: HtmxRequest, pk: str) -> Policy:
    return get_object_or_404(Policy.objects.visible_to(request.user), pk=pk)


def _context(request: HtmxRequest, shown: Policy) -> dict[str, Any]:
    versions = versions_of(shown)
    latest = versions[0]
    version = _version(versions, request.GET.get("version", "")) or latest
    may_write = verbs.may_write_policies(request.user)
    return {
        "policy": shown,
        "version": version,
        "latest": latest,
        "said": said(version),
        "versions": list(versions[:50]),
        "uses": uses_of(shown, request.user),
        "tester": _tester(request, version),
        "may_write": may_write,
        "may_edit": may_write and not shown.built_in and not shown.retired_at,
    }


def _tester(request: HtmxRequest, version: PolicyVersion) -> Tester:
    """What the address asks: `who` and `what` in words, `person` and `entitlement` by key, `nobody`."""
    sent = {
        name: request.GET.get(name, "").strip()[:200] for name in ("who", "what", "person", "entitlement")
    }
    is_nobodys = "nobody" in request.GET
    people = owners_found(sent["who"], sent["person"], by=request.user)
    entitlements = entitlements_found(sent["what"], sent["entitlement"])
    person = None if is_nobodys else _one_of(people, sent["person"])
    entitlement = _one_of(entitlements, sent["entitlement"])
    return Tester(
        who=sent["who"] or (person.name if person else ""),
        what=sent["what"] or (entitlement.name if entitlement else ""),
        is_nobodys=is_nobodys,
        people=people,
        person=person,
        entitlements=entitlements,
        entitlement=entitlement,
        trial=tried(version, entitlement, person) if entitlement and (person or is_nobodys) else None,
    )


def _one_of[M: Model](found: Sequence[M], key: str) -> M | None:
    """The one chosen; the only one, where nothing is to choose."""
    if len(found) == 1:
        return found[0]
    return next((each for each in found if each.pk == key), None)


def _version(versions: QuerySet[PolicyVersion], number: str) -> PolicyVersion | None:
    is_number = number.isascii() and number.isdigit() and len(number) < 8
    return versions.filter(number=int(number)).first() if is_number else None
