"""The list of connectors, one connector, and what can be done with it."""

from typing import Any

from django.contrib import messages
from django.db.models import Count, Exists, OuterRef
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from connectors import queries, registry
from connectors.actions import runs
from connectors.actions.permission import may_confirm, may_govern, may_manage
from connectors.forms import ReasonForm
from connectors.models import App, Connector, ConnectorOwner, ConnectorRules, SyncRun
from connectors.queries.columns import CONNECTORS
from connectors.sync.kinds import kinds_of
from connectors.sync.losses import limits_of
from connectors.views import columns
from connectors.views.names import spoken
from core.http import HtmxRequest
from core.queries.asked import one_of, page, words

ONLY = ("help", "mine")
TABS = ("log", "trail")
BARS = 30


@require_GET
def index(request: HtmxRequest) -> HttpResponse:
    asked, only = words(request), one_of(request, "only", ONLY)
    visible = Connector.objects.here().visible_to(request.user)
    own = Exists(ConnectorOwner.objects.of(request.user).filter(connector=OuterRef("pk")))
    numbers = visible.aggregate(
        everything=Count("pk"), help=Count("pk", filter=queries.NEEDS_HELP), mine=Count("pk", filter=own)
    )
    owners = list(queries.connector_owners(request.user))
    driver = one_of(request, "driver", [spec.kind for spec in registry.specs()])
    owner = one_of(request, "owner", [person.pk for person in owners])
    rows = queries.connector_rows(request.user, words=asked, only=only, driver=driver, owner=owner)
    context = columns.shown(request, CONNECTORS) | {
        "page": page(request, rows, order="name"),
        "numbers": numbers,
        "words": asked,
        "only": only,
        "specs": registry.specs(),
        "driver": driver,
        "owners": owners,
        "owner": owner,
    }
    return render(request, "connectors/index.html", context)


@require_GET
def connector(request: HtmxRequest, pk: str) -> HttpResponse:
    shown = _connector(request, pk)
    spec = registry.spec(shown.driver)
    past = shown.runs.select_related("wanted_by", "settled_by")
    open_run = past.filter(status__in=SyncRun.OPEN).first()
    held = open_run if open_run is not None and open_run.status == SyncRun.Status.HELD else None
    newest = past.order_by("-id").first()
    tab = one_of(request, "tab", TABS) if newest is not None else "trail"
    counts = queries.counts(shown) if shown.has_settings else None
    context = {
        "connector": shown,
        "spec": spec,
        "tab": tab,
        "counts": counts,
        "kinds": queries.kinds_shown(shown, counts.by_kind) if counts else [],
        "by_kind": queries.with_others(counts.by_kind, spec.capabilities) if counts else {},
        "settings": [(setting, _shown(shown, setting.name)) for setting in spec.settings],
        "candidate": queries.open_candidate(shown),
        "held": held,
        "beside": queries.held_run(held) if held is not None else None,
        "open_run": open_run,
        "newest": newest,
        "last_done": queries.last_done(shown),
        "health": queries.health(list(past.order_by("-id")[:BARS])),
        **_owners(request, shown),
        "runs": page(request, past, order="-id", size=20) if not tab else None,
        "run_count": past.count(),
        "lines": newest.log.order_by("-id")[:100][::-1] if tab == "log" and newest is not None else [],
        "limits": limits_of(shown),
        "guards_off": not ConnectorRules.current().guards,
        "may_see_app": App.objects.visible_to(request.user).filter(pk=shown.app_id).exists(),
        "reason_form": ReasonForm(),
        "may_confirm": may_confirm(request.user),
        "may_govern": not shown.deleted_at and may_govern(shown.app, request.user),
        "kinds_read": kinds_of(shown),
        "may_write": spec.writes(shown.settings),
        "may_manage": may_manage(shown, request.user),
    }
    return render(request, "connectors/connector.html", context)


@require_POST
def sync(request: HtmxRequest, pk: str) -> HttpResponse:
    wanted = _connector(request, pk)
    runs.start(wanted, by=request.user, counted="counted" in request.POST)
    return redirect("connectors:live", wanted.pk)


@require_POST
def pause(request: HtmxRequest, pk: str) -> HttpResponse:
    wanted = _connector(request, pk)
    runs.pause(wanted, by=request.user)
    messages.success(request, f"{wanted} is paused: no sync starts by itself.")
    return redirect("connectors:connector", wanted.pk)


@require_POST
def resume(request: HtmxRequest, pk: str) -> HttpResponse:
    wanted = _connector(request, pk)
    runs.resume(wanted, by=request.user)
    messages.success(request, f"{wanted} syncs by its schedule again.")
    return redirect("connectors:connector", wanted.pk)


def _connector(request: HtmxRequest, pk: str) -> Connector:
    rows = Connector.objects.visible_to(request.user)
    return get_object_or_404(
        rows.select_related("app", "secret_set_by", "paused_by", "created_by", "deleted_by"), pk=pk
    )


def _owners(request: HtmxRequest, connector: Connector) -> dict[str, Any]:
    """Who looks after it, and which others were asked for help."""
    rows = connector.ownerships.select_related("user", "entitlement").order_by("user__search_text", "pk")
    asked = [each.user for each in rows if each.user and each.asked_at and each.user != request.user]
    return {"ownerships": list(rows), "asked": spoken(asked)}


def _shown(connector: Connector, name: str) -> str:
    """A setting in force as people read it: the label where it was chosen, of a file its name."""
    value = str(connector.settings.get(name, ""))
    for setting in registry.spec(connector.driver).settings:
        if setting.name == name and setting.accepts:
            return queries.file_names({name: value})[name]
        if setting.name == name and setting.choices:
            return next((label for known, label, _ in setting.choices if known == value), value)
    return value
