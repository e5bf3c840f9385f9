"""Asks for the removal of access: first what, then, with the numbers shown, why."""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from django.contrib import messages
from django.db.models import Count, QuerySet
from django.http import Http404, HttpResponse, QueryDict  # what was ticked comes by either method
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods

from connectors import queries
from connectors.actions import removing as verbs
from connectors.actions.accounts import Chosen
from connectors.actions.removing import Asked
from connectors.models import ACCESS, Account, App, Entitlement, Grant, ProvisionOrder
from connectors.queries.accounts import Wanted
from connectors.queries.provisioning import carrier, meant
from connectors.views.apps import head, visible_app
from core.errors import NotPossible
from core.http import HtmxRequest

PAGE = "connectors/removal.html"
WHAT: Mapping[str, str] = {
    "these": "Only what is ticked below",
    "access": "Access: the accounts are disabled",
    "all": "Everything they hold, access included",
}
THINGS_SHOWN, GRANTS_SHOWN, NAMES_SHOWN = 200, 50, 10


@require_http_methods(["GET", "POST"])
def ask(request: HtmxRequest, pk: str) -> HttpResponse:
    """Of the accounts ticked (`account`), or of all that a filter finds (`all`)."""
    typed = request.POST if request.method == "POST" else request.GET
    accounts = Chosen(typed.getlist("account"), Wanted.of(typed.dict()) if typed.get("all") else None)
    app = _app(request, pk, accounts)
    verbs.must_choose(app, accounts.found(app), request.user)
    asked = _asked(app, accounts, typed)
    if request.method == "GET":
        return _choose(request, app, asked)
    if not asked.everything and not asked.entitlements:
        return _choose(request, app, asked, error="Tick what is to be removed, or choose more than that.")
    verbs.must_ask_removal_of(app, asked.grants(app), request.user)
    if "number" not in typed:
        return _confirm(request, app, asked)
    reason, number = typed.get("reason", ""), typed.get("number", "")
    try:
        made = verbs.ask(
            app, asked, by=request.user, reason=reason, number=int(number) if number.isdecimal() else 0
        )
    except NotPossible as problem:
        return _confirm(request, app, asked, error=str(problem), status=409 if reason.strip() else 422)
    messages.success(request, _said(made))
    if _sees(request, app):
        return redirect("connectors:app_orders", app.pk)
    return redirect(_back(app, accounts, sees_app=False))


def _app(request: HtmxRequest, pk: str, accounts: Chosen) -> App:
    """One that is visible; or of which somebody may look at all of these accounts, by their keys."""
    if _sees(request, pk):
        return visible_app(request, pk)
    app = get_object_or_404(App.objects.here(), pk=pk)
    if accounts.wanted is not None or not verbs.may_reach(app, accounts.found(app), request.user):
        raise Http404
    return app


def _sees(request: HtmxRequest, app: App | str) -> bool:
    key = app.pk if isinstance(app, App) else app
    return App.objects.visible_to(request.user).filter(pk=key).exists()


def _asked(app: App, accounts: Chosen, typed: QueryDict) -> Asked:
    what = typed.get("what", "these")
    if what == "access":
        access = Entitlement.objects.filter(app=app, external_id=ACCESS)
        return Asked(accounts, list(access.values_list("pk", flat=True)))
    return Asked(accounts, typed.getlist("entitlement"), everything=what == "all")


def _choose(request: HtmxRequest, app: App, asked: Asked, *, error: str = "") -> HttpResponse:
    keys = asked.accounts.found(app)
    held = Entitlement.objects.filter(app=app, grants__gone_at=None, grants__account__in=keys)
    others = held.exclude(external_id=ACCESS).select_related("resource")
    things = others.annotate(holders=Count("grants")).order_by("search_text", "pk")
    context = _page(request, app, asked, keys) | {
        "things": things[:THINGS_SHOWN],
        "is_more": things.count() > THINGS_SHOWN,
        "things_shown": THINGS_SHOWN,
        "ticked": set(asked.entitlements),
        "error": error,
    }
    return render(request, PAGE, context, status=422 if error else 200)


def _confirm(
    request: HtmxRequest, app: App, asked: Asked, *, error: str = "", status: int = 200
) -> HttpResponse:
    grants = asked.grants(app)
    context = _page(request, app, asked, asked.accounts.found(app)) | {
        "is_confirming": True,
        "grants": grants.select_related("entitlement__resource").order_by("account__search_text", "pk")[
            :GRANTS_SHOWN
        ],
        "grant_count": grants.count(),
        "grants_shown": GRANTS_SHOWN,
        "ways": _ways(app, grants, asks_first=verbs.asks_first(app, request.user)),
        "left_with_nothing": verbs.left_with_nothing(app, asked),
        "reason": request.POST.get("reason", ""),
        "error": error,
    }
    return render(request, PAGE, context, status=status)


def _page(request: HtmxRequest, app: App, asked: Asked, keys: Sequence[str]) -> dict[str, Any]:
    typed = request.POST if request.method == "POST" else request.GET
    sees_app = _sees(request, app)
    return (head(app, "accounts") if sees_app else {"app": app}) | {
        "sees_app": sees_app,
        "asks_first": verbs.asks_first(app, request.user),
        "keys": [] if asked.accounts.wanted else keys,
        "wanted": asked.accounts.wanted,
        "number": len(keys),
        "named": Account.objects.filter(pk__in=keys[:NAMES_SHOWN]).order_by("search_text"),
        "names_shown": NAMES_SHOWN,
        "whats": WHAT.items(),
        "what": typed.get("what", "these"),
        "entitlements": typed.getlist("entitlement"),
        "names": queries.kind_names(app),
        "back": _back(app, asked.accounts, sees_app=sees_app),
    }


def _ways(app: App, grants: QuerySet[Grant], *, asks_first: bool) -> list[tuple[str, int]]:
    """Through what it would be done, or why by hand, and how many of each."""
    kinds = grants.order_by().values_list("account__source", "entitlement__kind", "entitlement__external_id")
    find = cache(carrier)
    ways: Counter[str] = Counter()
    when = "" if asks_first else ", at once"
    for source, kind, external_id in kinds.iterator(2_000):
        can = find(app, source, kind, meant(ProvisionOrder.Verb.REVOKE, external_id))
        ways[f"Through {can.connector}{when}." if can.connector else can.problem] += 1
    return ways.most_common()


def _said(made: Sequence[ProvisionOrder]) -> str:
    if waiting := sum(order.status == ProvisionOrder.Status.ASKED for order in made):
        removals = f"{waiting:,} removal{'' if waiting == 1 else 's'}"
        return f"{removals} asked for. An owner of {made[0].app} confirms or refuses, and was written to."
    by_hand = sum(order.connector_id is None for order in made)
    orders = f"{len(made):,} order{'' if len(made) == 1 else 's'}"
    if by_hand == len(made):
        return f"{orders} made, to be done by hand."
    if not by_hand:
        return f"{orders} made. Each is carried out, read back, and proven by the next sync."
    return f"{orders} made, {by_hand:,} of them to be done by hand."


def _back(app: App, chosen: Chosen, *, sees_app: bool = True) -> str:
    """Where one came from: the one account, or the list as it was filtered; the person's page for who does
    not see the app."""
    if not sees_app:
        owners = Account.objects.filter(pk__in=chosen.keys).values_list("person", flat=True).distinct()
        known = [each for each in owners if each]
        return reverse("core:person", args=[known[0]]) if len(known) == 1 else reverse("core:home")
    if chosen.wanted is None and len(chosen.keys) == 1:
        return reverse("connectors:account", args=[app.pk, chosen.keys[0]])
    url = reverse("connectors:accounts", args=[app.pk])
    return f"{url}?{urlencode(chosen.wanted.asked)}" if chosen.wanted and chosen.wanted.asked else url
