"""Step 4 of the wizard, and every sync after it: work seen while it goes on."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from connectors import queries, registry
from connectors.actions.permission import may_manage
from connectors.contract import EVERY_OTHER_KIND
from connectors.models import App, Connector, SyncRun
from connectors.views.steps import steps
from core.http import HtmxRequest

PAGE = "connectors/live.html"
NOW = f"{PAGE}#live"


@require_GET
def live(request: HtmxRequest, pk: str) -> HttpResponse:
    connector = _connector(request, pk)
    context = _context(request, connector)
    if not context["live"].word:
        return redirect(f"connectors:{'settings' if context['may_manage'] else 'connector'}", connector.pk)
    return render(request, PAGE, context)


@require_GET
def progress(request: HtmxRequest, pk: str) -> HttpResponse:
    """What htmx puts in place of the last look; the last one of a run asks for no more."""
    return render(request, NOW, _context(request, _connector(request, pk)))


def _context(request: HtmxRequest, connector: Connector) -> dict[str, Any]:
    now, spec = queries.live(connector), registry.spec(connector.driver)
    manages, run = may_manage(connector, request.user), now.run
    stops = run if manages and run is not None and run.status in SyncRun.UNFINISHED else None
    here = stops.key if stops is not None else ""
    has_data = connector.runs.filter(status=SyncRun.Status.DONE).exists()
    return {
        "connector": connector,
        "spec": spec,
        "live": now,
        "said": request.GET.get("said", ""),
        "steps": steps(4, connector) if now.is_first else [],
        "has_data": has_data,
        "found": found(connector) if now.word == SyncRun.Status.DONE else [],
        "may_manage": manages,
        "stops": stops,
        "acts_change": request.GET.get("stops", here) != here,
        "may_see_app": App.objects.visible_to(request.user).filter(pk=connector.app_id).exists(),
    }


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of the sentence about what was found, and the page that shows it."""

    words: str
    url: str
    after: str = ","


def found(connector: Connector) -> list[Part]:
    """41 roles, 60 groups, 5,000 accounts; 38 accounts have no owner."""
    counts = queries.counts(connector)
    accounts = reverse("connectors:accounts", args=[connector.app_id])
    entitlements = reverse("connectors:entitlements", args=[connector.app_id])
    parts = [
        Part(_counted(counts.by_kind.get(each.kind, 0), each.label), f"{entitlements}?kind={each.kind}")
        for each in queries.kinds_shown(connector, counts.by_kind)
        if each.sync and each.kind not in ("user", EVERY_OTHER_KIND)
    ]
    parts.append(Part(_counted(counts.by_kind["user"], "accounts"), accounts, ";"))
    have = "account has" if counts.ownerless == 1 else "accounts have"
    parts.append(Part(f"{counts.ownerless:,} {have} no owner", f"{accounts}?owner=none", "."))
    return parts


def _counted(number: int, plural: str) -> str:
    word = plural.lower()
    return f"{number:,} {word.removesuffix('s') if number == 1 else word}"


def _connector(request: HtmxRequest, pk: str) -> Connector:
    return get_object_or_404(Connector.objects.visible_to(request.user).select_related("app"), pk=pk)
