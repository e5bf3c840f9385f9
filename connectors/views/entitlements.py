"""The entitlements of an app, one of them with its holders, and what people decide about it."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_http_methods

from connectors import queries
from connectors.actions import entitlements as verbs
from connectors.actions.entitlements import ChosenEntitlements
from connectors.actions.permission import may_govern, must_govern
from connectors.actions.removing import may_remove
from connectors.forms import EntitlementAttributesForm, EntitlementForm
from connectors.forms.entitlements import facts_of, matching_entitlements
from connectors.models import Account, App, Entitlement, Tag, TagRule
from connectors.queries import entitlements as reads
from connectors.queries.columns import ENTITLEMENTS
from connectors.views import columns
from connectors.views.apps import head, visible_app
from core.errors import NotPossible, StaleState
from core.http import HtmxRequest
from core.queries.asked import one_of, page, people, words
from core.queries.people import people_matching

TABS = ("now", "past", "timeline")
MOST_AT_ONCE = 200
"""Ticked ones; a filter may choose more."""
NAMES_SHOWN = 10


@require_GET
def entitlements(request: HtmxRequest, pk: str) -> HttpResponse:
    app = visible_app(request, pk)
    asked = {name: ",".join(values) for name, values in request.GET.lists()}
    wanted = reads.WantedEntitlements.of(asked)
    kinds = queries.entitlement_kinds(app)
    rows = reads.narrowed_entitlements(app, wanted)
    context = (
        head(app, "entitlements")
        | columns.shown(request, ENTITLEMENTS)
        | {
            "page": page(request, rows, order="search_text"),
            "kinds": kinds,
            "names": {each.kind: each.name for each in kinds},
            "wanted": wanted,
            "words": wanted.words,
            "risks": _offered(reads.tag_names(Tag.Kind.RISK), wanted.risks),
            "frameworks": _offered(reads.tag_names(Tag.Kind.FRAMEWORK), wanted.frameworks),
            "only": reads.ONLY.items(),
            "ticked": request.GET.get("tick") == "page",
            "may_govern": may_govern(app, request.user),
        }
    )
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
    """Risk, frameworks and owners of several at once: `chosen`, their keys, or `all` that a filter finds."""
    app = visible_app(request, pk)
    must_govern(app, request.user)
    chosen = _chosen(request.POST if request.method == "POST" else request.GET)
    number = chosen.found(app).count()
    form = EntitlementAttributesForm(request.POST if request.method == "POST" else None)
    if not form.is_bound or is_finding(request):
        return _attributes_page(request, app, form, chosen, 200)
    if not form.is_valid() or not number:
        return _attributes_page(request, app, form, chosen, 422)
    try:
        given = verbs.set_attributes(app, chosen, form.attributes(), by=request.user)
    except NotPossible as problem:
        form.add_error(None, str(problem))
        return _attributes_page(request, app, form, chosen, 422)
    passed = f" {given.locked} locked, passed over." if given.locked else ""
    messages.success(request, f"{given.changed} changed.{passed}")
    return redirect(_back(app, chosen))


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
        "may_ask_removal": part == "now" and may_remove(shown, request.user),
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
    request: HtmxRequest, app: App, form: EntitlementAttributesForm, picked: ChosenEntitlements, status: int
) -> HttpResponse:
    rows = picked.found(app).select_related("resource").order_by("search_text", "pk")
    chosen, searched = people(request.POST, "owners"), request.POST.get("owners_words", "").strip()
    context = head(app, "entitlements") | {
        "form": form,
        "rows": rows[:NAMES_SHOWN] if picked.wanted else rows,
        "picked": picked,
        "number": rows.count(),
        "locked": rows.filter(is_locked=True).count(),
        "back": _back(app, picked),
        "filter": urlencode(picked.wanted.asked) if picked.wanted else "",
        "chosen": chosen,
        "searched": searched,
        "matches": people_matching(searched, seen_by=request.user, without=[each.pk for each in chosen]),
    }
    return render(request, "connectors/entitlements_attributes.html", context, status=status)


def _chosen(asked: QueryDict) -> ChosenEntitlements:
    """In the form `filter` is the query of the list, for `risk` is what is to be set there; `number`: how
    many there were when it was drawn."""
    if asked.get("all"):
        number = asked.get("number", "")
        query = QueryDict(str(asked["filter"])) if "filter" in asked else asked
        wanted = reads.WantedEntitlements.of({name: ",".join(values) for name, values in query.lists()})
        is_number = number.isascii() and number.isdigit() and len(number) < 8
        return ChosenEntitlements(wanted=wanted, number=int(number) if is_number else 0)
    keys = [key for key in asked.getlist("chosen") if key.isalnum() and key.isascii()]
    return ChosenEntitlements(keys[:MOST_AT_ONCE])


def _back(app: App, chosen: ChosenEntitlements) -> str:
    """The list, as it was filtered."""
    url = reverse("connectors:entitlements", args=[app.pk])
    return f"{url}?{urlencode(chosen.wanted.asked)}" if chosen.wanted and chosen.wanted.asked else url


def _visible(request: HtmxRequest, app: App, key: str) -> Entitlement:
    rows = Entitlement.objects.visible_to(request.user).filter(app=app).select_related("resource", "app")
    return get_object_or_404(rows, pk=key)


def _offered(names: Sequence[str], on: Sequence[str] | Any) -> Sequence[str]:
    """The values of Settings, and what the address asks for though the list has it no more."""
    return [*names, *(each for each in on if each not in names)]


def _known_tags() -> Sequence[str]:
    return [*reads.tag_names(Tag.Kind.RISK), *reads.tag_names(Tag.Kind.FRAMEWORK)]
