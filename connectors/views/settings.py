"""Step 3 of the wizard and every edit after it: the settings, tried out, saved, their secret cleared."""

from typing import TypedDict

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from connectors import queries, registry
from connectors.actions import settings, tenants, trying
from connectors.actions.permission import must_manage
from connectors.contract import BadSettings, DriverError
from connectors.forms import SettingsForm
from connectors.models import Connector, SettingsTest
from connectors.views.guide import access_setting, extras, guide, scope_sets
from connectors.views.steps import steps
from core.http import LEFT, HtmxRequest, fresh_sign_in_to_send, takes_megabytes

PAGE = "connectors/settings.html"
TEST = f"{PAGE}#test"
MOST_SENT = 64  # megabytes, as in deploy/Caddyfile: the files of one connector


class Typed(TypedDict):
    """What a form of settings brings, as the verbs take it."""

    typed: dict[str, str]
    files: settings.Uploads
    without: list[str]


@takes_megabytes(MOST_SENT)
@require_http_methods(["GET", "POST"])
@fresh_sign_in_to_send
def edit(request: HtmxRequest, pk: str) -> HttpResponse:
    connector = _connector(request, pk)
    must_manage(connector, request.user)
    if not registry.spec(connector.driver).settings:
        messages.info(request, f"There is nothing to set of {connector}.")
        return redirect("connectors:connector", connector.pk)
    form = _form(request, connector)
    if form.is_bound:
        try:
            _must_bring_files(request)
            ends = request.POST.get("ends", "")
            settings.save(connector, by=request.user, ends=ends, **_typed(form))
        except DriverError as problem:
            form.refuse(problem.field if isinstance(problem, BadSettings) else "", str(problem))
        else:
            return redirect("connectors:live", connector.pk)
    return _page(request, connector, form)


@takes_megabytes(MOST_SENT)
@require_http_methods(["GET", "POST"])
@fresh_sign_in_to_send
def test(request: HtmxRequest, pk: str) -> HttpResponse:
    """Begin a test, or see how it stands: for htmx the piece of the page, else the whole page."""
    connector = _connector(request, pk)
    must_manage(connector, request.user)
    form = _form(request, connector)
    if form.is_bound:
        try:
            _must_bring_files(request)
            trying.begin(connector, by=request.user, **_typed(form))
        except DriverError as problem:
            form.refuse(problem.field if isinstance(problem, BadSettings) else "", str(problem))
            return _page(request, connector, form)
    return _page(request, connector, form, status=200)


@require_POST
@fresh_sign_in_to_send
def clear(request: HtmxRequest, pk: str) -> HttpResponse:
    connector = _connector(request, pk)
    settings.clear_secrets(connector, by=request.user)
    messages.success(request, f"The secret of {connector} is gone. Nothing is read until there is a new one.")
    return redirect("connectors:connector", connector.pk)


def _must_bring_files(request: HtmxRequest) -> None:
    """Raises BadSettings if files were chosen and left behind: nothing may be saved without them."""
    for name in request.POST.getlist(LEFT):
        raise BadSettings(name, "The file was left behind when you proved who you are: choose it again.")


def _form(request: HtmxRequest, connector: Connector) -> SettingsForm:
    spec = registry.spec(connector.driver)
    return SettingsForm(spec, connector, *((request.POST, request.FILES) if request.method == "POST" else ()))


def _typed(form: SettingsForm) -> Typed:
    return {"typed": form.typed(), "files": form.handed_in(), "without": form.taken_away()}


def _page(request: HtmxRequest, connector: Connector, form: SettingsForm, *, status: int = 0) -> HttpResponse:
    spec = registry.spec(connector.driver)
    files = queries.file_names(settings.files_of(connector, spec))
    tested = SettingsTest.objects.filter(connector=connector).select_related("by").first()
    context = {
        "connector": connector,
        "spec": spec,
        "form": form,
        "fields": [(setting, form[setting.name], files.get(setting.name, "")) for setting in spec.settings],
        "steps": [] if connector.has_settings else steps(3, connector),
        "candidate": queries.open_candidate(connector),
        "test": tested if tested is not None and tested.by == request.user else None,
        "present": tenants.host(connector.source) if connector.source else "",
        "ends": request.POST.get("ends", ""),
        "is_other_tenant": form.is_bound and spec.tenant in form.errors,
        "gone": [setting.name for setting in spec.settings if request.POST.get(f"{setting.name}_none")],
        "guide": guide(spec),
        "scope_sets": scope_sets(spec),
        "extras": extras(spec),
        "access": access_setting(spec),
        "status": status,
    }
    template = TEST if request.htmx and request.htmx.target == "test" else PAGE
    return render(request, template, context, status=status or (422 if form.is_bound else 200))


def _connector(request: HtmxRequest, pk: str) -> Connector:
    rows = Connector.objects.visible_to(request.user).select_related("app", "secret_set_by")
    return get_object_or_404(rows, pk=pk)
