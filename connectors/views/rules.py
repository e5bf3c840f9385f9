"""The rules of an app that give risk and frameworks."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from connectors.actions import rules as verbs
from connectors.actions.permission import may_govern, must_govern
from connectors.forms import RuleForm
from connectors.forms.tags import facts_of_rule, kinds_of
from connectors.models import App, TagRule
from connectors.queries.rules import preview, rule_rows
from connectors.views.apps import head, visible_app
from core.errors import NotPossible, StaleState
from core.http import HtmxRequest


@require_GET
def rules(request: HtmxRequest, pk: str) -> HttpResponse:
    app = visible_app(request, pk)
    context = _head(request, app) | {"rules": rule_rows(app), "kinds": kinds_of(app.pk)}
    return render(request, "connectors/rules.html", context)


@require_http_methods(["GET", "POST"])
def add_rule(request: HtmxRequest, pk: str) -> HttpResponse:
    app = visible_app(request, pk)
    must_govern(app, request.user)
    form = RuleForm(request.POST if request.method == "POST" else None, kinds=kinds_of(app.pk))
    if form.is_bound and form.is_valid():
        rule = verbs.add(app, _facts(form), by=request.user)
        return redirect("connectors:rule", app.pk, rule.pk)
    context = _head(request, app) | {"form": form}
    return render(request, "connectors/rule_edit.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET"])
def rule(request: HtmxRequest, pk: str, rule_pk: str) -> HttpResponse:
    """One rule, and what it would do."""
    app = visible_app(request, pk)
    return _rule_page(request, app, _rule(app, rule_pk), "", 200)


@require_http_methods(["GET", "POST"])
def edit_rule(request: HtmxRequest, pk: str, rule_pk: str) -> HttpResponse:
    app = visible_app(request, pk)
    shown = _rule(app, rule_pk)
    must_govern(app, request.user)
    form = RuleForm(request.POST if request.method == "POST" else None, kinds=kinds_of(app.pk), rule=shown)
    status = 422 if form.is_bound else 200
    if form.is_bound and form.is_valid():
        try:
            verbs.change(shown, _facts(form), by=request.user, seen=form.cleaned_data["changed_at"])
        except StaleState:
            form.compare(facts_of_rule(TagRule.objects.get(pk=shown.pk)))
            status = 409
        else:
            return redirect("connectors:rule", app.pk, shown.pk)
    context = _head(request, app) | {"form": form, "rule": shown}
    return render(request, "connectors/rule_edit.html", context, status=status)


@require_POST
def switch_rule(request: HtmxRequest, pk: str, rule_pk: str) -> HttpResponse:
    """`on` with `expected` and `acknowledged`, or `off`."""
    app = visible_app(request, pk)
    shown = _rule(app, rule_pk)
    must_govern(app, request.user)
    if "off" in request.POST:
        verbs.switch_off(shown, by=request.user)
        messages.success(request, f"{shown} is off. What it gave stays.")
        return redirect("connectors:rule", app.pk, shown.pk)
    expected = request.POST.get("expected", "")
    if "acknowledged" not in request.POST or not (expected.isascii() and expected.isdigit()):
        problem = "Tick that you have looked at what it will do."
        return _rule_page(request, app, shown, problem, 422)
    try:
        given = verbs.switch_on(shown, by=request.user, expected=int(expected[:9]))
    except StaleState as stale:
        return _rule_page(request, app, _rule(app, rule_pk), str(stale), 409)
    messages.success(request, f"{shown} is on. It decides on {given:,} entitlements.")
    return redirect("connectors:rule", app.pk, shown.pk)


@require_POST
def move_rule(request: HtmxRequest, pk: str, rule_pk: str) -> HttpResponse:
    """`up` or `down` in the order."""
    app = visible_app(request, pk)
    verbs.move(_rule(app, rule_pk), up="up" in request.POST, by=request.user)
    return redirect("connectors:rules", app.pk)


@require_POST
def remove_rule(request: HtmxRequest, pk: str, rule_pk: str) -> HttpResponse:
    app = visible_app(request, pk)
    shown = _rule(app, rule_pk)
    try:
        verbs.remove(shown, by=request.user)
    except NotPossible as problem:
        return _rule_page(request, app, shown, str(problem), 409)
    messages.success(request, f"{shown} is removed. What it gave stays.")
    return redirect("connectors:rules", app.pk)


def _rule(app: App, key: str) -> TagRule:
    return get_object_or_404(TagRule.objects.filter(app=app).select_related("app"), pk=key)


def _facts(form: RuleForm) -> verbs.RuleFacts:
    typed = form.cleaned_data
    facts = {name: typed[name] for name in ("name", "kind", "words", "risk")}
    return verbs.RuleFacts(**facts, frameworks=sorted(typed["frameworks"]))


def _rule_page(request: HtmxRequest, app: App, shown: TagRule, problem: str, status: int) -> HttpResponse:
    kinds = kinds_of(app.pk)
    context = _head(request, app) | {
        "rule": shown,
        "kind_name": kinds.get(shown.kind, shown.kind) or "Any",
        "preview": preview(shown),
        "problem": problem,
    }
    return render(request, "connectors/rule.html", context, status=status)


def _head(request: HtmxRequest, app: App) -> dict[str, Any]:
    return head(app, "rules") | {"may_govern": may_govern(app, request.user)}
