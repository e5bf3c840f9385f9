"""Policies: their list, one of them, and what is done with it as a whole."""

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from core.http import HtmxRequest, fresh_sign_in_to_send
from core.queries.asked import one_of, page, words
from reviews.actions import policies as verbs
from reviews.models import Policy, PolicyVersion
from reviews.queries.policies import in_words, policy_rows, uses_of, versions_of
from reviews.queries.policy_words import said


@require_GET
def every_policy(request: HtmxRequest) -> HttpResponse:
    asked, only = words(request), one_of(request, "only", ("retired",))
    shown = page(request, policy_rows(request.user, words=asked, retired=bool(only)), order="name")
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
        "may_write": may_write,
        "may_edit": may_write and not shown.built_in and not shown.retired_at,
    }


def _version(versions: QuerySet[PolicyVersion], number: str) -> PolicyVersion | None:
    is_number = number.isascii() and number.isdigit() and len(number) < 8
    return versions.filter(number=int(number)).first() if is_number else None
