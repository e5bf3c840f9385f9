"""Applications: the list, one app."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from connectors import queries
from connectors.models import App, Connector
from core.http import HtmxRequest
from core.queries.asked import one_of, page, words


@require_GET
def applications(request: HtmxRequest) -> HttpResponse:
    asked = words(request)
    status = one_of(request, "tab", (App.Status.UNMANAGED,)) or App.Status.MANAGED
    visible = App.objects.visible_to(request.user)
    context = {
        "page": page(
            request, queries.app_rows(request.user, status=status, words=asked), order="search_text"
        ),
        "tab": status,
        "words": asked,
        "managed": visible.managed().count(),
        "unmanaged": visible.unmanaged().count(),
    }
    return render(request, "connectors/applications.html", context)


@require_GET
def application(request: HtmxRequest, pk: str) -> HttpResponse:
    shown = visible_app(request, pk)
    context = head(shown, "overview") | {
        "accounts": queries.account_counts(shown),
        "kinds": queries.entitlement_kinds(shown),
        "grants": queries.grant_count(shown),
        "owners": shown.owners_now(),
    }
    return render(request, "connectors/application.html", context)


def visible_app(request: HtmxRequest, pk: str) -> App:
    return get_object_or_404(App.objects.visible_to(request.user), pk=pk)


def head(app: App, tab: str) -> dict[str, Any]:
    """What every page of an app shows above its tabs."""
    connectors = list(Connector.objects.filter(app=app).order_by("created_at"))
    return {
        "app": app,
        "tab": tab,
        "connectors": connectors,
        "data_from": queries.data_from(app),
    }
