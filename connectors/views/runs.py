"""One sync run: its facts, its log, and the answer to one that was held."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import HttpResponseClientRefresh

from connectors import queries, registry
from connectors.actions import runs
from connectors.actions.permission import may_confirm, may_manage, why_not_confirm
from connectors.forms import ReasonForm
from connectors.models import CREDENTIAL, App, ConnectorRules, SyncRun
from core.http import HtmxRequest, fresh_sign_in_to_send
from core.queries.asked import one_of, page, words

LEVELS = ("info", "warn", "error")
LINES = 200  # a page
PAGE = "connectors/run.html"
PROGRESS = f"{PAGE}#progress"


@require_GET
def run(request: HtmxRequest, key: str) -> HttpResponse:
    """Asked by htmx, what goes on with a run on its way; the whole page again when it is over."""
    shown = _run(request, key)
    if request.htmx and shown.status not in SyncRun.UNFINISHED:
        return HttpResponseClientRefresh()
    template = PROGRESS if request.htmx else PAGE
    return render(request, template, _context(request, shown, ReasonForm()))


@require_GET
def losses(request: HtmxRequest, key: str) -> HttpResponse:
    """What a held run would take away. Of one that is over, what it did."""
    held = _run(request, key)
    if held.status != SyncRun.Status.HELD:
        return redirect("connectors:run_changes", key)
    filters = queries.numbers(held, held=True)
    what = one_of(request, "what", queries.LOSSES) or queries.first_of(filters)
    rows = queries.loss_rows(held, what, words=words(request))
    return _differences(request, held, rows, what=what, filters=filters)


@require_GET
def changes(request: HtmxRequest, key: str) -> HttpResponse:
    """What a run changed."""
    shown = _run(request, key)
    if shown.status == SyncRun.Status.HELD:
        return redirect("connectors:losses", key)
    names = queries.kind_names(shown.connector.app)
    kinds = {kind: name for kind, name in names.items() if kind != CREDENTIAL}
    kind = one_of(request, "of", kinds)
    filters = queries.numbers(shown, held=False)
    what = one_of(request, "what", queries.CHANGES) or queries.first_of(filters)
    rows = queries.change_rows(shown, what, words=words(request), kind=kind)
    return _differences(request, shown, rows, what=what, filters=filters, kind=kind, kinds=kinds)


@require_POST
def stop(request: HtmxRequest, key: str) -> HttpResponse:
    """`again`: whether the next one is to begin at once."""
    wanted = _run(request, key)
    if runs.stop(wanted, by=request.user, again=bool(request.POST.get("again"))):
        return redirect("connectors:live", wanted.connector_id)
    messages.success(request, "Stopped: nothing of that run was kept.")
    return redirect("connectors:connector", wanted.connector_id)


@require_POST
@fresh_sign_in_to_send
def confirm(request: HtmxRequest, key: str) -> HttpResponse:
    held, form = _run(request, key), ReasonForm(request.POST)
    if not form.is_valid():
        return render(request, PAGE, _context(request, held, form), status=422)
    runs.confirm(held, by=request.user, reason=form.cleaned_data["reason"])
    messages.success(request, "Confirmed: what was read is being applied.")
    return redirect("connectors:live", held.connector_id)


@require_POST
def discard(request: HtmxRequest, key: str) -> HttpResponse:
    held, form = _run(request, key), ReasonForm(request.POST)
    if not form.is_valid():
        return render(request, PAGE, _context(request, held, form), status=422)
    runs.discard(held, by=request.user, reason=form.cleaned_data["reason"])
    messages.success(request, "Discarded: nothing of that run was kept.")
    return redirect("connectors:connector", held.connector_id)


def _differences(
    request: HtmxRequest, shown: SyncRun, rows: queries.Rows, *, what: str, **more: Any
) -> HttpResponse:
    shape = "accounts" if what == "disabled" else what.partition("-")[0]
    order = "id" if shape == "grants" else "search_text"
    # Who looks after a connector learns how much changed; whose access, only who may see the app.
    may_see_app = App.objects.visible_to(request.user).filter(pk=shown.connector.app_id).exists()
    context = {
        "run": shown,
        "connector": shown.connector,
        "is_held": shown.status == SyncRun.Status.HELD,
        "what": what,
        "shape": shape,
        "words": words(request),
        "page": page(request, rows if may_see_app else rows.none(), order=order),
        "names": queries.kind_names(shown.connector.app),
        "may_see_app": may_see_app,
        **more,
    }
    return render(request, "connectors/differences.html", context)


def _context(request: HtmxRequest, shown: SyncRun, form: ReasonForm) -> dict[str, Any]:
    level, is_held = one_of(request, "level", LEVELS), shown.status == SyncRun.Status.HELD
    lines = shown.log.filter(level=level) if level else shown.log.all()
    return {
        "run": shown,
        "connector": shown.connector,
        "spec": registry.spec(shown.connector.driver),
        "held": shown if is_held else None,
        "beside": queries.held_run(shown) if is_held else None,
        "guards_off": not ConnectorRules.current().guards,
        "reason_form": form,
        "may_confirm": may_confirm(request.user),
        "too_near": why_not_confirm(shown.connector, request.user),
        "may_manage": may_manage(shown.connector, request.user),
        "kinds": _kinds(shown),
        "calls": queries.calls_of(shown),
        "took": queries.took_so_far(shown),
        "goes_on": shown.status in SyncRun.UNFINISHED,
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
