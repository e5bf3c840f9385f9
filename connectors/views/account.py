"""One account with all that is known of it, and what people decide about accounts, one or many."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_http_methods

from connectors import queries
from connectors.actions import accounts as verbs
from connectors.actions.accounts import Chosen
from connectors.actions.permission import may_govern, must_govern
from connectors.actions.removing import may_choose
from connectors.models import Account, App
from connectors.queries.accounts import Wanted, connectors_of, is_read
from connectors.views.apps import head, visible_app
from core.errors import Denied, NotPossible
from core.http import HtmxRequest
from core.models import User
from core.queries.asked import one_of, people
from core.queries.people import people_matching

PAST_SHOWN = 100
OTHERS_SHOWN = 10
NAMES_SHOWN = 10
TABS = {"": "Access now", "past": "Past access", "details": "Details", "timeline": "Timeline"}
DEEDS = {
    "owner": "Set the owner",
    "reset": "Match by themselves again",
    "clear": "No owner, explicitly",
    "user": "Type: User",
    "service": "Type: Service account",
    "system": "Type: System account",
}


@require_GET
def account(request: HtmxRequest, pk: str, account_pk: str) -> HttpResponse:
    app = visible_app(request, pk)
    rows = (
        Account.objects.visible_to(request.user)
        .filter(app=app)
        .select_related("person", "owner_set_by")
        .prefetch_related("person__managers")
    )
    shown = get_object_or_404(rows, pk=account_pk)
    part = one_of(request, "tab", tuple(TABS))
    held = queries.grants_now(shown).count()
    context = head(app, "accounts") | {
        "account": shown,
        "part": part,
        "parts": TABS.items(),
        "past_count": queries.grants_before(shown).count(),
        "now_count": held,
        "names": queries.kind_names(app),
        "may_govern": may_govern(app, request.user),
        "may_ask_removal": held > 0 and may_choose(app, [shown.pk], request.user),
        "is_by_people": shown.matched_by in Account.BY_PEOPLE,
        "is_read": is_read(shown),
        "readers": connectors_of(shown),
        **_others(request, shown),
    }
    if part == "past":
        context |= {"past": queries.grants_before(shown)[:PAST_SHOWN], "past_shown": PAST_SHOWN}
    elif not part:
        context |= {"grants": list(queries.grants_now(shown))}
    return render(request, "connectors/account.html", context)


@require_http_methods(["GET", "POST"])
def change(request: HtmxRequest, pk: str) -> HttpResponse:
    """Owner or type, of the accounts ticked (`account`) or of all that a filter finds (`all`)."""
    app = visible_app(request, pk)
    must_govern(app, request.user)
    asked = request.POST if request.method == "POST" else request.GET
    wanted = Wanted.of(asked.dict()) if asked.get("all") else None
    chosen = Chosen(asked.getlist("account"), wanted, _number(asked.get("number", "")))
    deed = asked.get("do", "")
    if request.method == "GET" or "owner_find" in asked:
        return _change_page(request, app, chosen, deed)
    owners = list(people(request.POST, "owner"))
    if deed not in DEEDS or (deed == "owner" and len(owners) != 1):
        sentence = "Choose one person." if deed == "owner" else "Choose what is to be done."
        return _change_page(request, app, chosen, deed, error=sentence)
    try:
        number = _do(app, chosen, deed, owners, by=request.user)
    except NotPossible as problem:
        return _change_page(request, app, chosen, deed, error=str(problem), status=409)
    except Denied as problem:
        return _change_page(request, app, chosen, deed, error=str(problem), status=403)
    messages.success(request, f"{number:,} account{'' if number == 1 else 's'} changed.")
    return redirect(_back(app, chosen))


def _do(app: App, chosen: Chosen, deed: str, owners: list[User], *, by: User) -> int:
    if deed == "owner":
        return verbs.set_owner(app, chosen, owners[0], by=by)
    if deed == "reset":
        return verbs.reset_owner(app, chosen, by=by)
    if deed == "clear":
        return verbs.clear_owner(app, chosen, by=by)
    return verbs.set_type(app, chosen, Account.Type(deed), by=by)


def _change_page(
    request: HtmxRequest, app: App, chosen: Chosen, deed: str, *, error: str = "", status: int = 422
) -> HttpResponse:
    keys = chosen.found(app)
    words = request.POST.get("owner_words", "").strip()
    owners = list(people(request.POST, "owner"))
    matches = people_matching(words, seen_by=request.user, without=[each.pk for each in owners])
    named = Account.objects.filter(pk__in=keys[:NAMES_SHOWN]).order_by("search_text")
    context = head(app, "accounts") | {
        "keys": [] if chosen.wanted else keys,
        "wanted": chosen.wanted,
        "number": len(keys),
        "named": named,
        "deeds": DEEDS.items(),
        "deed": deed,
        "chosen": owners,
        "matches": matches,
        "words": words,
        "error": error,
        "back": _back(app, chosen),
    }
    return render(request, "connectors/accounts_change.html", context, status=status if error else 200)


def _others(request: HtmxRequest, shown: Account) -> dict[str, Any]:
    others = list(queries.other_accounts(shown, request.user)[: OTHERS_SHOWN + 1])
    return {
        "others": others[:OTHERS_SHOWN],
        "has_more_others": len(others) > OTHERS_SHOWN,
        "has_hidden_others": queries.has_hidden_others(shown, request.user),
    }


def _back(app: App, chosen: Chosen) -> str:
    """Where one came from: the one account, or the list as it was filtered."""
    if chosen.wanted is None and len(chosen.keys) == 1:
        return reverse("connectors:account", args=[app.pk, chosen.keys[0]])
    url = reverse("connectors:accounts", args=[app.pk])
    return f"{url}?{urlencode(chosen.wanted.asked)}" if chosen.wanted and chosen.wanted.asked else url


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 8 else 0
