"""The resources of an app: the list, one of them with its holders, and what people decide about it."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from connectors import queries
from connectors.actions import resources as verbs
from connectors.actions.permission import may_govern, must_govern
from connectors.forms import ResourceForm
from connectors.forms.entitlements import facts_of
from connectors.models import App, Resource
from connectors.queries import resources as reads
from connectors.views.apps import head, visible_app
from connectors.views.entitlements import is_finding, owner_pickers
from core.errors import NotPossible, StaleState
from core.http import HtmxRequest
from core.queries.asked import one_of, page, words

TABS = ("holders", "timeline")


@require_GET
def resources(request: HtmxRequest, pk: str) -> HttpResponse:
    app, asked = visible_app(request, pk), words(request)
    kinds = reads.resource_kinds(app)
    kind, only = (
        one_of(request, "kind", [each.kind for each in kinds]),
        one_of(request, "only", ("no-owner",)),
    )
    rows = reads.resource_rows(app, words=asked, kind=kind, only=only)
    context = head(app, "resources") | {
        "page": page(request, rows, order="search_text"),
        "kinds": kinds,
        "kind": kind,
        "only": only,
        "names": {each.kind: each.name for each in kinds},
        "words": asked,
    }
    return render(request, "connectors/resources.html", context)


@require_GET
def resource(request: HtmxRequest, pk: str, resource_pk: str) -> HttpResponse:
    app = visible_app(request, pk)
    shown, asked = _visible(request, app, resource_pk), words(request)
    part = one_of(request, "tab", TABS)
    context = _head(request, app, shown) | {"part": part}
    if part == "holders":
        rows = reads.holders_of_resource(shown, words=asked)
        context |= {"page": page(request, rows, order="search_text"), "words": asked}
    elif not part:
        entitlements = queries.entitlement_rows(app).filter(resource=shown).order_by("slug", "pk")
        gone = shown.entitlements.exclude(gone_at=None).order_by("slug", "pk")
        owners = reads.resource_owners().filter(resource=shown)
        context |= {"owners": owners, "entitlements": entitlements, "gone_entitlements": gone}
    return render(request, "connectors/resource.html", context)


@require_http_methods(["GET", "POST"])
def edit(request: HtmxRequest, pk: str, resource_pk: str) -> HttpResponse:
    app = visible_app(request, pk)
    shown = _visible(request, app, resource_pk)
    must_govern(app, request.user)
    form = ResourceForm(shown, request.POST if request.method == "POST" else None)
    if not form.is_bound or is_finding(request):
        return _edit_page(request, app, shown, form, 200)
    if not form.is_valid():
        return _edit_page(request, app, shown, form, 422)
    typed = form.cleaned_data
    try:
        verbs.describe(
            shown,
            form.asked_owners(),
            by=request.user,
            seen=typed["changed_at"],
            own_name=typed["own_name"],
            own_description=typed["own_description"].replace("\r\n", "\n"),
        )
    except StaleState:
        form.compare(facts_of(Resource.objects.get(pk=shown.pk)))
        return _edit_page(request, app, shown, form, 409)
    except NotPossible as problem:
        form.add_error(None, str(problem))
        return _edit_page(request, app, shown, form, 422)
    messages.success(request, "Saved.")
    return redirect("connectors:resource", app.pk, shown.pk)


def _head(request: HtmxRequest, app: App, shown: Resource) -> dict[str, Any]:
    type_name = queries.kind_names(app).get(shown.kind, shown.kind)
    return head(app, "resources") | {
        "resource": shown,
        "type_name": type_name,
        "description": reads.description_of(shown, type_name),
        "may_govern": may_govern(app, request.user),
    }


def _edit_page(
    request: HtmxRequest, app: App, shown: Resource, form: ResourceForm, status: int
) -> HttpResponse:
    context = _head(request, app, shown) | owner_pickers(request, app, form) | {"form": form}
    return render(request, "connectors/resource_edit.html", context, status=status)


def _visible(request: HtmxRequest, app: App, key: str) -> Resource:
    rows = Resource.objects.visible_to(request.user).filter(app=app).select_related("app")
    return get_object_or_404(rows, pk=key)
