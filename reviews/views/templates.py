"""Templates: what their drafts begin with, their campaigns, a draft made now."""

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.errors import NotPossible, StaleState
from core.http import HtmxRequest
from core.queries.asked import page
from reviews.actions import policies_built_in
from reviews.actions import templates as verbs
from reviews.actions.permission import may_run_template, must_run, must_run_template
from reviews.forms.campaigns import CourseForm, course_of
from reviews.forms.templates import NewTemplateForm, TemplateForm, template_of
from reviews.models import Campaign, Template
from reviews.queries import campaigns as queries
from reviews.views import scoping
from reviews.views.campaigns import picker, visible
from reviews.views.drafts import owner_part
from reviews.views.scoping import SAVED


@require_http_methods(["GET", "POST"])
def new(request: HtmxRequest, pk: str) -> HttpResponse:
    """A template of one campaign."""
    shown = visible(request, pk)
    must_run(shown, request.user)
    initial = {"name": shown.name, "next_on": verbs.first_draft_day()}
    form = NewTemplateForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_bound and form.is_valid():
        try:
            made = verbs.create(shown, form.cleaned_data["name"], form.rhythm(), by=request.user)
        except NotPossible as refusal:
            form.add_error("next_on", str(refusal))
        else:
            messages.success(
                request, f"{made} is a template: its next draft has this scope and these settings."
            )
            return redirect("reviews:template", made.pk)
    context = {"campaign": shown, "form": form}
    return render(request, "reviews/template_new.html", context, status=422 if form.is_bound else 200)


@require_GET
def template(request: HtmxRequest, pk: str) -> HttpResponse:
    """Its campaigns, and when the next draft is made."""
    shown = _template(request, pk)
    rows = Campaign.objects.visible_to(request.user).filter(template=shown).select_related("policy")
    context = head(request, shown, "campaigns") | {"page": page(request, rows, order="-created_at")}
    return render(request, "reviews/template.html", context)


@require_http_methods(["GET", "POST"])
def settings(request: HtmxRequest, pk: str) -> HttpResponse:
    shown = _template(request, pk)
    policies_built_in.ensure()
    if request.method == "GET":
        return _settings_page(request, shown, TemplateForm(of=shown), status=200)
    form = TemplateForm(request.POST, of=shown)
    if "control_owner_find" in request.POST or "owners_find" in request.POST:
        return _settings_page(request, shown, form, status=200)
    must_run_template(shown, request.user)
    if not form.is_valid():
        return _settings_page(request, shown, form, status=422)
    typed = form.cleaned_data
    try:
        verbs.change(
            shown,
            form.facts(),
            form.rhythm(),
            list(typed["owners"]),
            instructions=typed["instructions"],
            policy=typed["policy"],
            prefers=typed["prefers"],
            seen=typed["changed_at"],
            by=request.user,
        )
    except StaleState:
        form.compare(template_of(Template.objects.get(pk=shown.pk)))
        return _settings_page(request, shown, form, status=409)
    except NotPossible as refusal:
        form.add_error(None, str(refusal))
        return _settings_page(request, shown, form, status=422)
    messages.success(request, SAVED)
    return redirect("reviews:template_settings", shown.pk)


@require_http_methods(["GET", "POST"])
def scope(request: HtmxRequest, pk: str) -> HttpResponse:
    """Which grants its next campaigns review."""
    return scoping.scope_page(request, _template(request, pk), _side())


@require_http_methods(["GET", "POST"])
def scope_entitlement(request: HtmxRequest, pk: str, entitlement: str) -> HttpResponse:
    """Who decides on one entitlement in its next campaigns, and whether it is left out of them."""
    return scoping.entitlement_page(request, _template(request, pk), _side(), entitlement)


@require_POST
def reset_policies(request: HtmxRequest, pk: str) -> HttpResponse:
    return scoping.reset(request, _template(request, pk), _side())


@require_http_methods(["GET", "POST"])
def course(request: HtmxRequest, pk: str) -> HttpResponse:
    """How its next campaigns are run."""
    shown = _template(request, pk)
    if request.method == "GET":
        return _course_page(request, shown, CourseForm(of=shown), status=200)
    form = CourseForm(request.POST, of=shown)
    must_run_template(shown, request.user)
    if not form.is_valid():
        return _course_page(request, shown, form, status=422)
    try:
        verbs.change_course(shown, form.course(), seen=form.cleaned_data["changed_at"], by=request.user)
    except StaleState:
        form.compare(course_of(Template.objects.get(pk=shown.pk)))
        return _course_page(request, shown, form, status=409)
    messages.success(request, SAVED)
    return redirect("reviews:template_course", shown.pk)


@require_POST
def draft(request: HtmxRequest, pk: str) -> HttpResponse:
    """A draft of it, now."""
    made = verbs.make_draft(_template(request, pk), by=request.user)
    messages.success(request, f"{made} is drafted.")
    return redirect("reviews:draft_scope", made.pk)


@require_POST
def retire(request: HtmxRequest, pk: str) -> HttpResponse:
    shown = _template(request, pk)
    verbs.retire(shown, by=request.user)
    messages.success(request, f"{shown} is retired: no draft is made of it any more.")
    return redirect(f"{reverse('reviews:campaigns')}?tab={queries.TEMPLATES}")


def head(request: HtmxRequest, shown: Template, tab: str) -> dict[str, Any]:
    """What stands above every page of a template."""
    runs = may_run_template(shown, request.user)
    return {
        "template": shown,
        "tab": tab,
        "may_run": runs,
        "is_open": runs and shown.retired_at is None,
        "owners": shown.owners.order_by("search_text"),
        "days": _days(shown),
    }


def _days(shown: Template) -> list[tuple[date, str]]:
    """The next days on which drafts are made, each with what its draft will be called."""
    if shown.retired_at is not None:
        return []
    days = verbs.draft_days(verbs.rhythm_of(shown))
    return [(day, verbs.name_of(shown, verbs.period_of(day, shown.frequency))) for day in days]


def _side() -> scoping.Side[Template]:
    names = {"scope": "template_scope", "entitlement": "template_entitlement", "reset": "template_policies"}
    return scoping.Side("reviews/template_scope.html", names, head, must_run_template, verbs.change_scope)


def _template(request: HtmxRequest, pk: str) -> Template:
    rows = queries.templates_visible_to(request.user)
    return get_object_or_404(rows.select_related("scope", "policy", "control_owner"), pk=pk)


def _settings_page(request: HtmxRequest, shown: Template, form: TemplateForm, *, status: int) -> HttpResponse:
    finding = "owners_find" in request.POST
    runners = picker(request, form.chosen_owners())
    context = head(request, shown, "settings") | owner_part(request, form)
    context["runners"] = runners | {
        "errors": form.errors.get("owners", []) if form.is_bound and not finding else []
    }
    return render(request, "reviews/template_settings.html", context, status=status)


def _course_page(request: HtmxRequest, shown: Template, form: CourseForm, *, status: int) -> HttpResponse:
    context = head(request, shown, "course") | {"form": form}
    return render(request, "reviews/template_course.html", context, status=status)
