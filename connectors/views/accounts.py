"""The accounts of an app, and one of them with all it holds."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from connectors import queries
from connectors.models import Account
from connectors.views.apps import head, visible_app
from core.http import HtmxRequest
from core.queries.asked import one_of, page, words

PAST_SHOWN = 100
OTHERS_SHOWN = 10
ORDERS = {"": "search_text", "-name": "-search_text"}


@require_GET
def accounts(request: HtmxRequest, pk: str) -> HttpResponse:
    app, asked = visible_app(request, pk), words(request)
    numbers = queries.account_counts(app)
    filters = [
        ("no-owner", "No owner", numbers.ownerless),
        ("disabled-with-access", "Disabled with access", numbers.disabled_with_access),
        (Account.Status.ENABLED.value, "Enabled", numbers.enabled),
        (Account.Status.DISABLED.value, "Disabled", numbers.disabled),
    ]
    only = one_of(request, "only", [value for value, _, _ in filters] + list(numbers.marks))
    sort = one_of(request, "sort", tuple(ORDERS))
    rows = queries.account_rows(app, words=asked, only=only)
    context = head(app, "accounts") | {
        "page": page(request, rows, order=ORDERS[sort]),
        "numbers": numbers,
        "filters": filters,
        "only": only,
        "sort": sort,
        "words": asked,
    }
    return render(request, "connectors/accounts.html", context)


@require_GET
def account(request: HtmxRequest, pk: str, account_pk: str) -> HttpResponse:
    app = visible_app(request, pk)
    rows = (
        Account.objects.visible_to(request.user)
        .filter(app=app)
        .select_related("person")
        .prefetch_related("person__managers")
    )
    shown = get_object_or_404(rows, pk=account_pk)
    others = list(queries.other_accounts(shown, request.user)[: OTHERS_SHOWN + 1])
    past = queries.grants_before(shown)
    context = head(app, "accounts") | {
        "account": shown,
        "grants": list(queries.grants_now(shown)),
        "past": past[:PAST_SHOWN],
        "past_count": past.count(),
        "past_shown": PAST_SHOWN,
        "others": others[:OTHERS_SHOWN],
        "has_more_others": len(others) > OTHERS_SHOWN,
        "names": queries.kind_names(app),
    }
    return render(request, "connectors/account.html", context)
