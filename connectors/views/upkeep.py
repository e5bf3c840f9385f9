"""Looking after a connector: rename, times, what is read and kept, whose holders own it, delete."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from connectors import queries, registry
from connectors.actions import deleting, holding, upkeep
from connectors.actions.permission import must_govern, must_manage
from connectors.forms import AttributesForm, DeleteForm, KindsForm, RenameForm, ScheduleForm
from connectors.forms.upkeep import attributes_of, schedule_of
from connectors.models import Connector, Entitlement, timing
from connectors.sync.kinds import kinds_of
from core.errors import NotPossible, StaleState
from core.http import HtmxRequest, organisation_of
from core.queries.asked import words


@require_http_methods(["GET", "POST"])
def rename(request: HtmxRequest, pk: str) -> HttpResponse:
    shown = _managed(request, pk)
    form = RenameForm(_sent(request), initial={"name": shown.name, "changed_at": shown.changed_at})
    status = 422 if form.is_bound else 200
    if form.is_bound and form.is_valid():
        typed = form.cleaned_data
        try:
            upkeep.rename(shown, typed["name"], by=request.user, seen=typed["changed_at"])
        except StaleState:
            present = _fresh(shown)
            form.compare({"name": present.name, "changed_at": present.changed_at})
            status = 409
        else:
            return redirect("connectors:connector", shown.pk)
    return _page(request, "rename", shown, form, status)


@require_http_methods(["GET", "POST"])
def schedule(request: HtmxRequest, pk: str) -> HttpResponse:
    """`look`: say when it would run, without saving."""
    shown = _managed(request, pk)
    upkeep.must_have_times(shown)
    least = upkeep.least_between(shown)
    form = ScheduleForm(_sent(request), initial=schedule_of(shown), least=least)
    following, status = _following(request, shown), 422 if form.is_bound else 200
    if form.is_bound and form.is_valid():
        wanted = form.times()
        if "look" in request.POST:
            following, status = _following(request, _as_wished(wanted)), 200
        else:
            try:
                upkeep.schedule(shown, wanted, by=request.user, seen=form.cleaned_data["changed_at"])
            except StaleState:
                form.compare(schedule_of(_fresh(shown)))
                status = 409
            else:
                return redirect("connectors:connector", shown.pk)
    told = {"following": following, "zones": timing.zone_names(), "zone": organisation_of(request).zone}
    return _page(request, "schedule", shown, form, status, **told)


@require_http_methods(["GET", "POST"])
def kinds(request: HtmxRequest, pk: str) -> HttpResponse:
    shown = _managed(request, pk)
    capabilities = [each for each in registry.spec(shown.driver).capabilities if each.sync]
    form = KindsForm(_sent(request), initial=_kinds_of(shown), capabilities=capabilities)
    status, is_empty = 422 if form.is_bound else 200, False
    if form.is_bound and form.is_valid():
        typed = form.cleaned_data
        try:
            upkeep.choose_kinds(shown, typed["kinds"], by=request.user, seen=typed["changed_at"])
        except StaleState:
            form.compare(_kinds_of(_fresh(shown)))
            status = 409
        except NotPossible as problem:
            is_empty = isinstance(problem, upkeep.NothingToRead)
            form.add_error("kinds", str(problem))
        else:
            messages.success(request, "Saved. The next sync reads what is ticked.")
            return redirect("connectors:connector", shown.pk)
    told = {"capabilities": capabilities, "chosen": form["kinds"].value() or [], "is_empty": is_empty}
    return _page(request, "kinds_chosen", shown, form, status, **told)


@require_http_methods(["GET", "POST"])
def attributes(request: HtmxRequest, pk: str) -> HttpResponse:
    shown = get_object_or_404(queries.governable(request.user).select_related("app"), pk=pk)
    must_govern(shown.app, request.user)
    seen = sorted({*queries.attributes_seen(shown), *shown.filter_names})
    form = AttributesForm(_sent(request), initial=attributes_of(shown, seen), suggestions=seen)
    status = 422 if form.is_bound else 200
    if form.is_bound and form.is_valid():
        mode, known = form.cleaned_data["mode"], form.cleaned_data["changed_at"]
        try:
            upkeep.filter_attributes(shown, mode, form.wanted(), by=request.user, seen=known)
        except StaleState:
            form.compare(attributes_of(_fresh(shown), seen))
            status = 409
        except NotPossible as problem:
            form.add_error("names", str(problem))
        else:
            messages.success(request, "Saved. The next sync keeps what you chose.")
            return redirect("connectors:attributes", shown.pk)
    told = {"suggestions": seen, "ticked": form["seen"].value() or [], "mode": form["mode"].value()}
    return _page(request, "attributes", shown, form, status, **told)


@require_http_methods(["GET", "POST"])
def holders(request: HtmxRequest, pk: str) -> HttpResponse:
    """Owners by what they hold: which entitlements, and one more."""
    shown = _managed(request, pk)
    if request.method == "POST":
        wanted = _entitlement(request)
        holding.add_holders(shown, wanted, by=request.user)
        messages.success(request, f"Whoever holds {wanted} looks after {shown} too.")
        return redirect("connectors:holders", shown.pk)
    asked = words(request)
    context = {
        "connector": shown,
        "ownerships": holding.by_holding(shown),
        "words": asked,
        "found": queries.entitlements_to_choose(request.user, words=asked, without=shown),
    }
    return render(request, "connectors/holders.html", context)


@require_POST
def remove_holders(request: HtmxRequest, pk: str) -> HttpResponse:
    shown = _managed(request, pk)
    named = holding.by_holding(shown).values("entitlement")
    entitlement = get_object_or_404(Entitlement, pk=request.POST.get("entitlement", ""), pk__in=named)
    holding.remove_holders(shown, entitlement, by=request.user)
    messages.success(request, f"Holders of {entitlement} no longer look after {shown}.")
    return redirect("connectors:holders", shown.pk)


@require_http_methods(["GET", "POST"])
def delete(request: HtmxRequest, pk: str) -> HttpResponse:
    shown = _managed(request, pk)
    form = DeleteForm(_sent(request), name=shown.name)
    if form.is_bound and form.is_valid():
        deleting.delete(shown, by=request.user)
        messages.success(request, f"{shown} is deleted. What it read stays as it was last seen.")
        return redirect("connectors:index")
    told = {"counts": queries.counts(shown) if shown.has_settings else None}
    return _page(request, "delete", shown, form, 422 if form.is_bound else 200, **told)


def _page(
    request: HtmxRequest, name: str, connector: Connector, form: Any, status: int, **told: Any
) -> HttpResponse:
    context = {"connector": connector, "spec": registry.spec(connector.driver), "form": form, **told}
    return render(request, f"connectors/{name}.html", context, status=status)


def _managed(request: HtmxRequest, pk: str) -> Connector:
    shown = get_object_or_404(Connector.objects.visible_to(request.user).select_related("app"), pk=pk)
    must_manage(shown, request.user)
    return shown


def _entitlement(request: HtmxRequest) -> Entitlement:
    rows = Entitlement.objects.here().visible_to(request.user)
    return get_object_or_404(rows, pk=request.POST.get("entitlement", ""))


def _sent(request: HtmxRequest) -> Any:
    return request.POST if request.method == "POST" else None


def _fresh(connector: Connector) -> Connector:
    return Connector.objects.get(pk=connector.pk)


def _kinds_of(connector: Connector) -> dict[str, Any]:
    return {"kinds": kinds_of(connector), "changed_at": connector.changed_at}


def _as_wished(times: upkeep.Times) -> Connector:
    """A connector of no other use than to be asked when it would run."""
    way = Connector.Schedule.CRON if times.cron else Connector.Schedule.DAYS
    return Connector(schedule=way, every=times.every, cron=times.cron, zone_name=times.zone_name)


def _following(request: HtmxRequest, connector: Connector) -> list[datetime]:
    return connector.next_runs(organisation_of(request).zone)
