"""The guard: how much a run of one connector may take away, and the switch over all guards."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from connectors.actions import guarding
from connectors.actions.permission import must_be_super, must_set_guards
from connectors.forms import GuardForm, GuardsForm
from connectors.models import Connector, ConnectorRules
from connectors.sync.losses import limits_of
from core.errors import StaleState
from core.http import HtmxRequest, fresh_sign_in_to_send
from core.queries.system import settings_of


@require_http_methods(["GET", "POST"])
@fresh_sign_in_to_send
def guard(request: HtmxRequest, pk: str) -> HttpResponse:
    """The limits of one connector, and whether it is guarded at all."""
    rows = Connector.objects.visible_to(request.user).select_related("app")
    connector = get_object_or_404(rows, pk=pk)
    must_set_guards(request.user)
    form = GuardForm(request.POST or None, initial=_state(connector))
    if request.method == "GET":
        return _guard(request, connector, form, 200)
    if not form.is_valid():
        return _guard(request, connector, form, 422)
    try:
        guarding.set_guard(
            connector,
            by=request.user,
            seen=form.cleaned_data["changed_at"],
            is_guarded=form.cleaned_data["guard"] == GuardForm.ON,
            limits=form.limits(),
            reason=form.cleaned_data["reason"],
        )
    except StaleState:
        form.compare(_state(Connector.objects.get(pk=pk)))
        return _guard(request, connector, form, 409)
    messages.success(request, "Saved.")
    return redirect("connectors:connector", pk)


@require_http_methods(["GET", "POST"])
@fresh_sign_in_to_send
def guards(request: HtmxRequest) -> HttpResponse:
    """What holds for all connectors; auditors look."""
    settings_of(request.user)
    form = GuardsForm(request.POST or None)
    if request.method == "GET":
        return _rules(request, form, 200)
    must_be_super(request.user)
    if not form.is_valid():
        return _rules(request, form, 422)
    is_on = form.cleaned_data["guards"] == "on"
    try:
        guarding.switch_guards(by=request.user, guards=is_on, reason=form.cleaned_data["reason"])
    except StaleState as stale:
        form.add_error(None, str(stale))
        return _rules(request, form, stale.status)
    messages.success(request, "The guards are on." if is_on else "The guards are off: no sync is held.")
    return redirect("connectors:guards")


def _state(connector: Connector) -> dict[str, Any]:
    """What the form begins with."""
    on = GuardForm.ON if connector.is_guarded else GuardForm.OFF
    return {"changed_at": connector.changed_at, "guard": on, **limits_of(connector)}


def _guard(request: HtmxRequest, connector: Connector, form: GuardForm, status: int) -> HttpResponse:
    context = {"connector": connector, "form": form, "guards_off": not ConnectorRules.current().guards}
    return render(request, "connectors/guard.html", context, status=status)


def _rules(request: HtmxRequest, form: GuardsForm, status: int) -> HttpResponse:
    context = {
        "part": "connectors",
        "form": form,
        "rules": ConnectorRules.current(),
        "unguarded": Connector.objects.here().filter(is_guarded=False).order_by("name", "pk"),
        "may_change": request.user.is_super,
    }
    return render(request, "connectors/guards.html", context, status=status)
