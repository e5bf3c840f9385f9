"""One sync run: its facts, its log, and the answer to one that was held."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from connectors import queries, registry
from connectors.actions import runs
from connectors.actions.permission import may_confirm, may_manage
from connectors.forms import ReasonForm
from connectors.models import ConnectorRules, SyncRun
from core.http import HtmxRequest, fresh_sign_in_to_send
from core.queries.asked import one_of, page

LEVELS = ("info", "warn", "error")
LINES = 200  # a page


@require_GET
def run(request: HtmxRequest, key: str) -> HttpResponse:
    return render(request, "connectors/run.html", _context(request, _run(request, key), ReasonForm()))


@require_POST
@fresh_sign_in_to_send
def confirm(request: HtmxRequest, key: str) -> HttpResponse:
    held, form = _run(request, key), ReasonForm(request.POST)
    if not form.is_valid():
        return render(request, "connectors/run.html", _context(request, held, form), status=422)
    runs.confirm(held, by=request.user, reason=form.cleaned_data["reason"])
    messages.success(request, "Confirmed: what was read is being applied.")
    return redirect("connectors:live", held.connector_id)


@require_POST
def discard(request: HtmxRequest, key: str) -> HttpResponse:
    held, form = _run(request, key), ReasonForm(request.POST)
    if not form.is_valid():
        return render(request, "connectors/run.html", _context(request, held, form), status=422)
    runs.discard(held, by=request.user, reason=form.cleaned_data["reason"])
    messages.success(request, "Discarded: nothing of that run was kept.")
    return redirect("connectors:connector", held.connector_id)


def _context(request: HtmxRequest, shown: SyncRun, form: ReasonForm) -> dict[str, Any]:
    level = one_of(request, "level", LEVELS)
    lines = shown.log.filter(level=level) if level else shown.log.all()
    return {
        "run": shown,
        "connector": shown.connector,
        "spec": registry.spec(shown.connector.driver),
        "held": shown if shown.status == SyncRun.Status.HELD else None,
        "guards_off": not ConnectorRules.current().guards,
        "reason_form": form,
        "may_confirm": may_confirm(request.user),
        "may_manage": may_manage(shown.connector, request.user),
        "kinds": _kinds(shown),
        "calls": queries.calls_of(shown),
        "took": queries.took_so_far(shown),
        "level": level,
        "levels": LEVELS,
        "lines": page(request, lines, order="id", size=LINES),
        "lines_a_page": LINES,
    }


def _kinds(run: SyncRun) -> list[dict[str, Any]]:
    """What a run read of each kind, and the difference it found."""
    nothing = {"new": 0, "changed": 0, "gone": 0}
    kinds = queries.kind_progress(run, before=None)
    return [{"kind": each, "changes": run.changes.get(each.kind, nothing)} for each in kinds]


def _run(request: HtmxRequest, key: str) -> SyncRun:
    rows = SyncRun.objects.visible_to(request.user)
    return get_object_or_404(rows.select_related("connector__app", "wanted_by", "settled_by"), key=key)
