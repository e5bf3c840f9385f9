"""What people say of one app: who answers for it, what it is called, that it goes."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from connectors import queries
from connectors.actions import app_owners, applications
from connectors.actions.permission import must_govern
from connectors.forms import AppOwnersForm, AppSettingsForm, DeleteAppForm
from connectors.forms.applications import owners_of, told_of
from connectors.models import App
from connectors.views.applications import picker
from connectors.views.apps import head, visible_app
from connectors.views.names import spoken
from core.errors import NotPossible, StaleState
from core.http import HtmxRequest


@require_http_methods(["GET", "POST"])
def owners(request: HtmxRequest, pk: str) -> HttpResponse:
    app = visible_app(request, pk)
    must_govern(app, request.user)
    form = AppOwnersForm(request.POST if request.method == "POST" else None, app=app, by=request.user)
    if {"owners_find", "holders_find"} & set(request.POST):
        return _owners_page(request, app, form, status=200)
    if not form.is_bound or not form.is_valid():
        return _owners_page(request, app, form, status=422 if form.is_bound else 200)
    typed = form.cleaned_data
    try:
        asked = app_owners.name_owners(
            app, typed["owners"], typed["holders"], seen=typed["changed_at"], by=request.user
        )
    except StaleState:
        form.compare(owners_of(App.objects.get(pk=app.pk)))
        return _owners_page(request, app, form, status=409)
    messages.success(request, f"We wrote to {spoken(asked)}." if asked else "The owners are saved.")
    return _back(request, app)


@require_http_methods(["GET", "POST"])
def edit(request: HtmxRequest, pk: str) -> HttpResponse:
    app = visible_app(request, pk)
    must_govern(app, request.user)
    form = AppSettingsForm(request.POST if request.method == "POST" else None, initial=told_of(app))
    if not form.is_bound or not form.is_valid():
        return _settings_page(request, app, form, status=422 if form.is_bound else 200)
    typed = form.cleaned_data
    seen, is_another = typed["changed_at"], typed["is_another"]
    try:
        applications.edit(app, form.facts(), seen=seen, is_another=is_another, by=request.user)
    except StaleState:
        form.compare(told_of(App.objects.get(pk=app.pk)))
        return _settings_page(request, app, form, status=409)
    except applications.TakenName as problem:
        form.add_error("name", str(problem))
        return _settings_page(request, app, form, status=422)
    messages.success(request, "The settings are saved.")
    return redirect("connectors:application", app.pk)


@require_http_methods(["GET", "POST"])
def delete(request: HtmxRequest, pk: str) -> HttpResponse:
    app = visible_app(request, pk)
    must_govern(app, request.user)
    form = DeleteAppForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            applications.delete(app, typed=form.cleaned_data["typed"], by=request.user)
        except NotPossible as problem:
            form.add_error("typed", str(problem))
        else:
            messages.success(request, f"{app} is deleted.")
            return redirect("connectors:applications")
    context = head(app, "") | {"form": form, "impact": queries.impact(app)}
    return render(request, "connectors/delete_app.html", context, status=422 if form.is_bound else 200)


def _owners_page(request: HtmxRequest, app: App, form: AppOwnersForm, *, status: int) -> HttpResponse:
    held = form.chosen_entitlements()
    asked = request.POST.get("holders_words", "").strip()
    found = queries.entitlements_to_name(request.user, asked, without=[each.pk for each in held])
    finding = status == 200
    context = head(app, "") | {
        "form": form,
        "holders": held,
        "holders_words": asked,
        "holders_found": found,
        "errors": [] if finding else form.errors.get("owners", []),
        "holders_errors": [] if finding else form.errors.get("holders", []),
        **picker(request, form.chosen()),
    }
    return render(request, "connectors/app_owners.html", context, status=status)


def _settings_page(request: HtmxRequest, app: App, form: AppSettingsForm, *, status: int) -> HttpResponse:
    is_taken = any("already" in error for error in form.errors.get("name", [])) if form.is_bound else False
    context = head(app, "") | {"form": form, "is_taken": is_taken, "chosen_icon": form["icon"].value() or ""}
    return render(request, "connectors/app_settings.html", context, status=status)


def _back(request: HtmxRequest, app: App) -> HttpResponse:
    """To the app, unless one took oneself out and may not see it any more."""
    may_see = App.objects.visible_to(request.user).filter(pk=app.pk).exists()
    return redirect("connectors:application", app.pk) if may_see else redirect("connectors:applications")
