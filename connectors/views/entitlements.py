"""The entitlements of an app, one of them with its holders, and what people decide about it."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from connectors import queries
from connectors.actions import entitlements as verbs
from connectors.actions.permission import may_govern, must_govern
from connectors.forms import EntitlementAttributesForm, EntitlementForm
from connectors.forms.entitlements import facts_of, matching_entitlements
from connectors.models import Account, App, Entitlement, Tag, TagRule
from connectors.queries import entitlements as reads
from connectors.views.apps import head, visible_app
from core.errors import NotPossible, StaleState
from core.http import HtmxRequest
from core.queries.asked import one_of, page, people, words
from core.queries.people import people_matching

TABS = ("now", "past", "timeline")
MOST_AT_ONCE = 200


@require_GET
def entitlements(request: HtmxRequest, pk: str) -> HttpResponse:
    app = visible_app(request, pk)
    asked = {name: ",".join(values) for name, values in request.GET.lists()}
    wanted = reads.WantedEntitlements.of(asked)
    kinds = queries.entitlement_kinds(app)
    rows = reads.narrowed_entitlements(app, wanted)
    context = head(app, "entitlements") | {
        "page": page(request, rows, order="search_text"),
        "kinds": kinds,
        "names": {each.kind: each.name for each in kinds},
        "wanted": wanted,
        "words": wanted.words,
        "risks": _offered(reads.tag_names(Tag.Kind.RISK), wanted.risks),
        "frameworks": _offered(reads.tag_names(Tag.Kind.FRAMEWORK), wanted.frameworks),
        "only": reads.ONLY.items(),
        "may_govern": may_govern(app, request.user),
    }
    return render(request, "connectors/entitlements.html", context)


@require_GET
def entitlement(request: HtmxRequest, pk: str, entitlement_pk: str) -> HttpResponse:
    app = visible_app(request, pk)
    shown = _visible(request, app, entitlement_pk)
    part = one_of(request, "tab", TABS)
    context = _head(request, app, shown) | {"part": part}
    if part in ("now", "past"):
        context |= _holdings(request, shown, part)
    elif not part:
        rule = TagRule.objects.filter(pk=shown.tagged_by_rule).first()
        owners = reads.entitlement_owners().filter(thing=shown)
        context |= {"owners": owners, "rule": rule, "known": _known_tags()}
    return render(request, "connectors/entitlement.html", context)


@require_http_methods(["GET", "POST"])
def edit(request: HtmxRequest, pk: str, entitlement_pk: str) -> HttpResponse:
    app = visible_app(request, pk)
    shown = _visible(request, app, entitlement_pk)
    must_govern(app, request.user)
    form = EntitlementForm(shown, request.POST if request.method == "POST" else None)
    if not form.is_bound or is_finding(request):
        return _edit_page(request, app, shown, form, 200)
    if not form.is_valid():
        return _edit_page(request, app, shown, form, 422)
    try:
        seen = form.cleaned_data["changed_at"]
        verbs.describe(shown, form.facts(), form.asked_owners(), by=request.user, seen=seen)
    except StaleState:
        form.compare(facts_of(Entitlement.objects.get(pk=shown.pk)))
        return _edit_page(request, app, shown, form, 409)
    except verbs.Unfit as problem:
        form.add_error(problem.field, str(problem))
        return _edit_page(request, app, shown, form, 422)
    except NotPossible as problem:
        form.add_error(None, str(problem))
        return _edit_page(request, app, shown, form, 422)
    messages.success(request, "Saved.")
    return redirect("connectors:entitlement", app.pk, shown.pk)


@require_http_methods(["GET", "POST"])
def attributes(request: HtmxRequest, pk: str) -> HttpResponse:
    """Risk, frameworks and owners of several at once; `chosen`: their keys."""
    app = visible_app(request, pk)
    must_govern(app, request.user)
    rows = _chosen(app, (request.POST if request.method == "POST" else request.GET).getlist("chosen"))
    form = EntitlementAttributesForm(request.POST if request.method == "POST" else None)
    if not form.is_bound or is_finding(request):
        return _attributes_page(request, app, form, rows, 200)
    if not form.is_valid() or not rows:
        return _attributes_page(request, app, form, rows, 422)
    try:
        given = verbs.set_attributes(app, [row.pk for row in rows], form.attributes(), by=request.user)
    except NotPossible as problem:
        form.add_error(None, str(problem))
        return _attributes_page(request, app, form, rows, 422)
    passed = f" {given.locked} locked, passed over." if given.locked else ""
    messages.success(request, f"{given.changed} changed.{passed}")
    return redirect("connectors:entitlements", app.pk)


def is_finding(request: HtmxRequest) -> bool:
    """Whether a picker without script was asked to look for somebody: nothing is saved then."""
    return "owners_find" in request.POST or "holders_find" in request.POST


def owner_pickers(request: HtmxRequest, app: App, form: Any) -> dict[str, Any]:
    """What the pickers of a form with owners show."""
    searched = request.POST.get("owners_words", "").strip()
    asked = request.POST.get("holders_words", "")[:200].strip()
    chosen, holders = form.chosen_people(), form.chosen_holders()
    return {
        "chosen": chosen,
        "searched": searched,
        "matches": people_matching(searched, seen_by=request.user, without=[each.pk for each in chosen]),
        "holders": holders,
        "holders_words": asked,
        "holders_found": matching_entitlements(app, asked, [each.pk for each in holders]),
    }


def _holdings(request: HtmxRequest, shown: Entitlement, part: str) -> dict[str, Any]:
    asked = words(request)
    status = one_of(request, "status", Account.Status.values)
    type_ = one_of(request, "type", Account.Type.values)
    rows = reads.holdings(shown, past=part == "past", words=asked, status=status, type=type_)
    return {
        "page": page(request, rows, order="-gone_at" if part == "past" else "-since"),
        "words": asked,
        "status": status,
        "type": type_,
        "statuses": Account.Status.choices,
        "types": Account.Type.choices,
    }


def _head(request: HtmxRequest, app: App, shown: Entitlement) -> dict[str, Any]:
    return head(app, "entitlements") | {
        "entitlement": shown,
        "type_name": queries.kind_names(app).get(shown.kind, shown.kind),
        "may_govern": may_govern(app, request.user),
    }


def _edit_page(
    request: HtmxRequest, app: App, shown: Entitlement, form: EntitlementForm, status: int
) -> HttpResponse:
    context = _head(request, app, shown) | owner_pickers(request, app, form) | {"form": form}
    return render(request, "connectors/entitlement_edit.html", context, status=status)


def _attributes_page(
    request: HtmxRequest, app: App, form: EntitlementAttributesForm, rows: Sequence[Entitlement], status: int
) -> HttpResponse:
    chosen, searched = people(request.POST, "owners"), request.POST.get("owners_words", "").strip()
    context = head(app, "entitlements") | {
        "form": form,
        "rows": rows,
        "locked": sum(row.is_locked for row in rows),
        "chosen": chosen,
        "searched": searched,
        "matches": people_matching(searched, seen_by=request.user, without=[each.pk for each in chosen]),
    }
    return render(request, "connectors/entitlements_attributes.html", context, status=status)


def _chosen(app: App, keys: Sequence[str]) -> Sequence[Entitlement]:
    wanted = [key for key in keys if key.isalnum() and key.isascii()][:MOST_AT_ONCE]
    rows = Entitlement.objects.here().filter(app=app, pk__in=wanted).select_related("resource")
    return list(rows.order_by("search_text", "pk"))


def _visible(request: HtmxRequest, app: App, key: str) -> Entitlement:
    rows = Entitlement.objects.visible_to(request.user).filter(app=app).select_related("resource", "app")
    return get_object_or_404(rows, pk=key)


def _offered(names: Sequence[str], on: Sequence[str] | Any) -> Sequence[str]:
    """The values of Settings, and what the address asks for though the list has it no more."""
    return [*names, *(each for each in on if each not in names)]


def _known_tags() -> Sequence[str]:
    return [*reads.tag_names(Tag.Kind.RISK), *reads.tag_names(Tag.Kind.FRAMEWORK)]
