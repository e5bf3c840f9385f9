"""A draft, page by page: scope, reviewers, data, settings, schedule; then it is staged."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from connectors.models import Connector
from core.errors import NotPossible, StaleState
from core.http import HtmxRequest
from core.queries.people import people_matching
from reviews.actions import campaigns as verbs
from reviews.actions import policies_built_in, staging
from reviews.actions.permission import may_make_campaigns, may_run, must_run
from reviews.forms.campaigns import (
    ControlForm,
    InstructionsForm,
    PolicyChoiceForm,
    TimetableForm,
    control_of,
    course_of,
    policy_of,
)
from reviews.models import Campaign, Policy
from reviews.queries import campaigns as queries
from reviews.queries import routes, sources
from reviews.queries import scope as scopes
from reviews.queries.missing import missing
from reviews.queries.sources import Source
from reviews.queries.starting import start_of
from reviews.views import scoping
from reviews.views.campaigns import visible
from reviews.views.scoping import SAVED

PLACES = {
    "policy": "reviews:draft_reviewers",
    "control_owner": "reviews:draft_settings",
    "period_ends_on": "reviews:draft_settings",
    "self_review": "reviews:draft_reviewers",
}
"""Where it is said what a draft still lacks."""
LOOKED_AT = 5_000
"""Lines that the preview of reviewers goes through: the first ones, so that it comes in bounded time."""
REVIEWERS_SHOWN = 50


@require_http_methods(["GET", "POST"])
def scope(request: HtmxRequest, pk: str) -> HttpResponse:
    """Which grants are reviewed."""
    return scoping.scope_page(request, visible(request, pk), _side())


@require_http_methods(["GET", "POST"])
def scope_entitlement(request: HtmxRequest, pk: str, entitlement: str) -> HttpResponse:
    """Who decides on one entitlement of it, and whether it is left out."""
    return scoping.entitlement_page(request, visible(request, pk), _side(), entitlement)


@require_POST
def reset_policies(request: HtmxRequest, pk: str) -> HttpResponse:
    return scoping.reset(request, visible(request, pk), _side())


@require_http_methods(["GET", "POST"])
def reviewers(request: HtmxRequest, pk: str) -> HttpResponse:
    """Who decides: the policy, and what it would come to."""
    shown = visible(request, pk)
    policies_built_in.ensure()
    form = PolicyChoiceForm(request.POST if request.method == "POST" else None, of=shown)
    if request.method == "GET":
        return _reviewers_page(request, shown, form, status=200)
    must_run(shown, request.user)
    if not form.is_valid():
        return _reviewers_page(request, shown, form, status=422)
    typed = form.cleaned_data
    try:
        verbs.choose_policy(
            shown, typed["policy"], prefers=typed["prefers"], seen=typed["changed_at"], by=request.user
        )
    except StaleState:
        form.compare(policy_of(Campaign.objects.get(pk=shown.pk)))
        return _reviewers_page(request, shown, form, status=409)
    messages.success(request, SAVED)
    return redirect("reviews:draft_reviewers", shown.pk)


@require_GET
def data(request: HtmxRequest, pk: str) -> HttpResponse:
    """Every source, how fresh and how complete it is."""
    return data_page(request, visible(request, pk))


@require_http_methods(["GET", "POST"])
def settings(request: HtmxRequest, pk: str) -> HttpResponse:
    """The control data."""
    shown = visible(request, pk)
    if request.method == "GET":
        return _settings_page(request, shown, ControlForm(of=shown), status=200)
    form = ControlForm(request.POST, of=shown)
    if "control_owner_find" in request.POST:
        return _settings_page(request, shown, form, status=200)
    must_run(shown, request.user)
    if not form.is_valid():
        return _settings_page(request, shown, form, status=422)
    try:
        verbs.change(
            shown,
            form.facts(),
            form.period(),
            seen=form.cleaned_data["changed_at"],
            by=request.user,
        )
    except StaleState:
        form.compare(control_of(Campaign.objects.get(pk=shown.pk)))
        return _settings_page(request, shown, form, status=409)
    messages.success(request, SAVED)
    return redirect("reviews:draft_settings", shown.pk)


@require_http_methods(["GET", "POST"])
def schedule(request: HtmxRequest, pk: str) -> HttpResponse:
    """How it is run: times, letters, what becomes of denied and of undecided lines."""
    shown = visible(request, pk)
    if request.method == "GET":
        return _schedule_page(request, shown, TimetableForm(of=shown), status=200)
    form = TimetableForm(request.POST, of=shown)
    must_run(shown, request.user)
    if not form.is_valid():
        return _schedule_page(request, shown, form, status=422)
    typed = form.cleaned_data
    try:
        verbs.change_course(
            shown,
            form.course(),
            starts_at=typed["starts_at"],
            seen=typed["changed_at"],
            by=request.user,
        )
    except StaleState:
        form.compare(course_of(Campaign.objects.get(pk=shown.pk)))
        return _schedule_page(request, shown, form, status=409)
    except NotPossible as refusal:
        form.add_error("starts_at", str(refusal))
        return _schedule_page(request, shown, form, status=422)
    messages.success(request, SAVED)
    return redirect("reviews:draft_schedule", shown.pk)


@require_http_methods(["GET", "POST"])
def instructions(request: HtmxRequest, pk: str) -> HttpResponse:
    """What reviewers are told: as it reads, and as it read before."""
    shown = visible(request, pk)
    versions = list(shown.instructions.select_related("by").order_by("-number"))
    text = versions[0].text if versions else ""
    form = InstructionsForm(request.POST if request.method == "POST" else None, initial={"text": text})
    if request.method == "POST":
        must_run(shown, request.user)
        if form.is_valid():
            verbs.instruct(shown, form.cleaned_data["text"], by=request.user)
            messages.success(request, SAVED if shown.is_draft else "Reviewers read this from now on.")
            return redirect("reviews:instructions", shown.pk)
    context = head(request, shown, "instructions") | {
        "form": form,
        "latest": versions[0] if versions else None,
        "versions": versions[1:],
    }
    context["is_open"] = context["may_run"] and shown.status in (*verbs.AHEAD, Campaign.Status.RUNNING)
    return render(request, "reviews/draft_instructions.html", context, status=422 if form.is_bound else 200)


@require_GET
def validate(request: HtmxRequest, pk: str) -> HttpResponse:
    """What the scope takes in, what it leaves out and why, and what fell out since the last time."""
    shown = visible(request, pk)
    context = head(request, shown, "scope") | {"found": scopes.validate(shown)}
    return render(request, "reviews/draft_validate.html", context)


@require_POST
def stage(request: HtmxRequest, pk: str) -> HttpResponse:
    """Have the population frozen. `override_reason`: why, although a source is not fresh and complete."""
    shown = visible(request, pk)
    must_run(shown, request.user)
    reason = request.POST.get("override_reason", "").strip()[:4000]
    try:
        staging.want(shown, by=request.user, override_reason=reason)
    except NotPossible as refusal:
        return data_page(request, shown, refusal=str(refusal), reason=reason, status=409)
    return redirect("reviews:campaign", shown.pk)


@require_POST
def second(request: HtmxRequest, pk: str) -> HttpResponse:
    """Another administrator's yes to staging although a source is not fresh and complete; they need not own
    the campaign, and find it on their home page."""
    own = Campaign.objects.visible_to(request.user)
    asked = queries.waiting_for_second(request.user) if may_make_campaigns(request.user) else own.none()
    shown = get_object_or_404(Campaign, Q(pk__in=own.values("pk")) | Q(pk__in=asked.values("pk")), pk=pk)
    staging.second_override(shown, by=request.user)
    messages.success(request, f"Your yes is kept with {shown}.")
    return redirect("reviews:campaign", pk) if own.filter(pk=pk).exists() else redirect("core:home")


def head(request: HtmxRequest, shown: Campaign, tab: str) -> dict[str, Any]:
    """What stands above every page of a draft."""
    runs = may_run(shown, request.user)
    return {
        "campaign": shown,
        "tab": tab,
        "may_run": runs,
        "is_open": runs and shown.is_draft,
        "missing": lacking(shown) if runs and shown.is_draft else [],
        "start": start_of(shown, now()),
        "data_problems": _wrong(sources.of_scope(shown.scope)) if shown.is_draft and tab != "data" else 0,
    }


def _side() -> scoping.Side[Campaign]:
    names = {"scope": "draft_scope", "entitlement": "scope_entitlement", "reset": "reset_policies"}
    return scoping.Side("reviews/draft_scope.html", names, head, must_run, verbs.change_scope)


def _wrong(found: Sequence[Source]) -> int:
    """How many of these sources, and the people with them, it should not rest on as they are."""
    return sum(not each.is_good for each in found) + bool(sources.people().problem)


def lacking(shown: Campaign) -> list[tuple[str, str]]:
    """What is wanted before it can be staged: a sentence, and the name of the page where it is said."""
    return [(sentence, PLACES[column]) for column, sentence in missing(shown).items()]


def data_page(
    request: HtmxRequest, shown: Campaign, *, refusal: str = "", reason: str = "", status: int = 200
) -> HttpResponse:
    found = sources.of_scope(shown.scope)
    keys = [each.connector.pk for each in found if each.connector]
    context = head(request, shown, "data") | {
        "sources": found,
        "people": sources.people(),
        "problems": sum(not each.is_good for each in found),
        "data_problems": _wrong(found),
        "managed": set(
            Connector.objects.managed_by(request.user).filter(pk__in=keys).values_list("pk", flat=True)
        ),
        "seen": set(
            Connector.objects.visible_to(request.user).filter(pk__in=keys).values_list("pk", flat=True)
        ),
        "refusal": refusal,
        "reason": reason,
    }
    return render(request, "reviews/draft_data.html", context, status=status)


def _settings_page(request: HtmxRequest, shown: Campaign, form: ControlForm, *, status: int) -> HttpResponse:
    context = head(request, shown, "settings") | owner_part(request, form)
    return render(request, "reviews/draft_settings.html", context, status=status)


def owner_part(request: HtmxRequest, form: ControlForm) -> dict[str, Any]:
    """What the picker of a control owner needs."""
    asked, chosen = request.POST.get("control_owner_words", "").strip(), form.chosen()
    without = [each.pk for each in chosen]
    finding = "control_owner_find" in request.POST
    return {
        "form": form,
        "chosen": chosen,
        "words": asked,
        "matches": people_matching(asked, seen_by=request.user, without=without),
        "errors": form.errors.get("control_owner", []) if form.is_bound and not finding else [],
    }


def _schedule_page(
    request: HtmxRequest, shown: Campaign, form: TimetableForm, *, status: int
) -> HttpResponse:
    context = head(request, shown, "schedule") | {"form": form}
    context["is_open"] = context["may_run"] and shown.status in verbs.AHEAD
    return render(request, "reviews/draft_schedule.html", context, status=status)


def _reviewers_page(
    request: HtmxRequest, shown: Campaign, form: PolicyChoiceForm, *, status: int
) -> HttpResponse:
    here = Policy.objects.here().order_by("built_in", "name")
    policies = [*here, *([shown.policy] if shown.policy and shown.policy.retired_at else [])]
    context = head(request, shown, "reviewers") | {"form": form, "policies": policies, **preview(shown)}
    return render(request, "reviews/draft_reviewers.html", context, status=status)


def preview(shown: Campaign) -> dict[str, Any]:
    """Who would get how many lines, and which lines have nobody, by the policy that is saved."""
    if shown.policy is None or not shown.is_draft:
        return {}
    grants = scopes.grants_in(shown.scope)
    last = grants.order_by("pk").values_list("pk", flat=True)[LOOKED_AT - 1 : LOOKED_AT].first()
    found = routes.preview(shown, grants.filter(pk__lte=last) if last else grants)
    most = found.reviewers.most_common(REVIEWERS_SHOWN)
    return {
        "preview": found,
        "is_part": last is not None and grants.filter(pk__gt=last).exists(),
        "reviewers": [(found.names[key], number) for key, number in most],
        "more_reviewers": len(found.reviewers) - len(most),
        "without": [(line, nobody.sentence) for line, nobody in found.unroutable[:8]],
    }
