"""Applications: the list, one app, its entitlements and who holds them."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from connectors import queries
from connectors.actions.permission import may_govern
from connectors.models import App, Connector, Entitlement
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
        "kinds": queries.kinds_read(shown),
        "grants": queries.grant_count(shown),
        "owners": shown.owners_now(),
        "may_govern": may_govern(shown, request.user),
        "managed": set(
            Connector.objects.managed_by(request.user).filter(app=shown).values_list("pk", flat=True)
        ),
    }
    return render(request, "connectors/application.html", context)


@require_GET
def entitlements(request: HtmxRequest, pk: str) -> HttpResponse:
    shown, asked = visible_app(request, pk), words(request)
    kinds = queries.entitlement_kinds(shown)
    kind = one_of(request, "kind", [each.kind for each in kinds])
    rows = queries.entitlement_rows(shown, words=asked, kind=kind)
    context = head(shown, "entitlements") | {
        "page": page(request, rows, order="search_text"),
        "kinds": kinds,
        "kind": kind,
        "names": {each.kind: each.name for each in kinds},
        "words": asked,
    }
    return render(request, "connectors/entitlements.html", context)


@require_GET
def entitlement(request: HtmxRequest, pk: str, entitlement_pk: str) -> HttpResponse:
    shown, asked = visible_app(request, pk), words(request)
    rows = Entitlement.objects.visible_to(request.user).filter(app=shown).select_related("resource")
    wanted = get_object_or_404(rows, pk=entitlement_pk)
    context = head(shown, "entitlements") | {
        "entitlement": wanted,
        "type_name": queries.kind_names(shown).get(wanted.kind, wanted.kind),
        "page": page(request, queries.holders(wanted, words=asked), order="search_text"),
        "words": asked,
    }
    return render(request, "connectors/entitlement.html", context)


def visible_app(request: HtmxRequest, pk: str) -> App:
    return get_object_or_404(App.objects.visible_to(request.user), pk=pk)


def head(app: App, tab: str) -> dict[str, Any]:
    """What every page of an app shows above its tabs."""
    connectors = list(Connector.objects.here().filter(app=app).order_by("created_at"))
    return {
        "app": app,
        "tab": tab,
        "connectors": connectors,
        "data_from": queries.data_from(app),
        "unread": queries.not_read(app),
    }
