"""Applications: the list, one app."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from connectors import queries
from connectors.actions.permission import may_govern, may_list_apps, may_make_apps
from connectors.models import App, AppOwner, Connector, SyncRun
from connectors.queries.columns import APPS
from connectors.views import columns
from core.http import HtmxRequest
from core.queries.asked import page


@require_GET
def applications(request: HtmxRequest) -> HttpResponse:
    wanted = queries.WantedApps.of({name: request.GET[name] for name in request.GET})
    visible = App.objects.visible_to(request.user)
    context = columns.shown(request, APPS) | {
        "page": page(request, queries.app_rows(request.user, wanted), order="search_text"),
        "tab": wanted.status,
        "wanted": wanted,
        "filters": queries.app_filters(request.user, wanted.status),
        "providers": queries.providers(request.user),
        "states": [*Connector.Status.choices, (queries.NO_CONNECTOR, "No connector")],
        "managed": visible.managed().count(),
        "unmanaged": visible.unmanaged().count(),
        "found": None
        if wanted.is_narrowed or wanted.status == App.Status.UNMANAGED
        else queries.found_apps(request.user),
        "may_make": may_make_apps(request.user),
        "may_list": may_list_apps(request.user),
    }
    return render(request, "connectors/applications.html", context)


@require_GET
def application(request: HtmxRequest, pk: str) -> HttpResponse:
    shown = visible_app(request, pk)
    context = head(shown, "overview") | {
        "accounts": queries.account_counts(shown),
        "kinds": queries.kinds_read(shown),
        "grants": queries.grant_count(shown),
        "reading": queries.app_connectors(shown),
        "seen_connectors": seen_connectors(request, shown),
        "ownerships": AppOwner.objects.filter(app=shown).select_related("user", "entitlement"),
        "may_govern": may_govern(shown, request.user),
        "managed": set(
            Connector.objects.managed_by(request.user).filter(app=shown).values_list("pk", flat=True)
        ),
    }
    return render(request, "connectors/application.html", context)


@require_GET
def connectors_of(request: HtmxRequest, pk: str) -> HttpResponse:
    """What reads an app, each with its own numbers."""
    shown = visible_app(request, pk)
    context = head(shown, "connectors") | {
        "reading": queries.app_connectors(shown),
        "seen_connectors": seen_connectors(request, shown),
    }
    return render(request, "connectors/application_connectors.html", context)


@require_GET
def timeline(request: HtmxRequest, pk: str) -> HttpResponse:
    shown = visible_app(request, pk)
    return render(request, "connectors/application_timeline.html", head(shown, "timeline"))


def visible_app(request: HtmxRequest, pk: str) -> App:
    return get_object_or_404(App.objects.visible_to(request.user), pk=pk)


def seen_connectors(request: HtmxRequest, app: App) -> set[str]:
    """Keys of the app's connectors whose pages this person may open."""
    return set(Connector.objects.visible_to(request.user).filter(app=app).values_list("pk", flat=True))


def head(app: App, tab: str) -> dict[str, Any]:
    """What every page of an app shows above its tabs."""
    connectors = list(Connector.objects.here().filter(app=app).order_by("created_at"))
    return {
        "app": app,
        "tab": tab,
        "connectors": connectors,
        "data_from": queries.data_from(app),
        "unread": queries.not_read(app),
        "held_runs": SyncRun.objects.filter(connector__in=connectors, status=SyncRun.Status.HELD),
    }
