"""The accounts of an app: their list, filtered, sorted, with the columns one chose."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.http import urlencode
from django.views.decorators.http import require_GET

from connectors import queries
from connectors.actions.permission import may_ask_removal, may_govern
from connectors.models import Account, App
from connectors.queries.accounts import (
    ACCESS,
    COLUMNS,
    EXTERNAL,
    ORDERS,
    OWNERS,
    SEEN,
    WHY,
    Wanted,
    account_rows,
    order_of,
    sources,
)
from connectors.queries.columns import ACCOUNTS
from connectors.views import columns
from connectors.views.apps import head, visible_app
from core.http import HtmxRequest
from core.queries.asked import page

PLACES = {"after", "before", "number", "tick"}


@require_GET
def accounts(request: HtmxRequest, pk: str) -> HttpResponse:
    app = visible_app(request, pk)
    wanted = Wanted.of(request.GET.dict())
    sort = request.GET.get("sort", "")
    sort = sort if sort.lstrip("-") in ORDERS else "name"
    chosen = columns.shown(request, ACCOUNTS)
    numbers = queries.account_counts(app)
    context = (
        head(app, "accounts")
        | chosen
        | {
            "page": page(request, account_rows(app, wanted), order=order_of(sort)),
            "numbers": numbers,
            "wanted": wanted,
            "asked": [*wanted.asked.items(), *([("sort", sort)] if sort != "name" else [])],
            "choices": _choices(app, numbers),
            "quick": _quick(request, wanted, numbers),
            "more": bool(set(wanted.asked) - {"q", "status", "owner"}),
            "heads": _heads(request, ("name", *chosen["columns"]), sort),
            "may_govern": may_govern(app, request.user),
            "may_ask_removal": may_ask_removal(app, request.user),
            "ticked": request.GET.get("tick") == "page",
        }
    )
    return render(request, "connectors/accounts.html", context)


def _choices(app: App, numbers: queries.AccountCounts) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """The selects of the filter: name, what stands there when it narrows nothing, values with labels."""
    found = sources(app)
    types: list[tuple[str, str]] = [(str(value), str(label)) for value, label in Account.Type.choices]
    choices = [
        ("status", "Any status", [(str(value), str(label)) for value, label in Account.Status.choices]),
        ("owner", "Any owner", [(key, label) for key, (label, _) in OWNERS.items()]),
        ("type", "Any type", [*types, ("proposed", "Proposed: Service account")]),
        ("access", "Any access", list(ACCESS.items())),
        ("external", "External or not", list(EXTERNAL.items())),
        ("seen", "Seen by the last sync", list(SEEN.items())),
        ("why", "Any reason for no owner", [(key, label) for key, (label, _) in WHY.items()]),
    ]
    if numbers.marks:
        choices.append(("mark", "Any mark", [(mark, mark.capitalize()) for mark in numbers.marks]))
    if len(found) > 1:
        choices.append(("source", "Any source", [(each, each) for each in found]))
    return choices


def _quick(
    request: HtmxRequest, wanted: Wanted, numbers: queries.AccountCounts
) -> list[tuple[str, int, str, bool]]:
    """Filters that one click switches: label, number, where it leads, whether it is on."""
    offered: list[tuple[str, str, str, int]] = [
        ("owner", "none", "No owner", numbers.ownerless),
        ("owner", "left", "Owner deactivated", numbers.left),
        ("access", "disabled", "Disabled with access", numbers.disabled_with_access),
        ("external", "yes", "External", numbers.external),
        *[("mark", mark, f"Marked {mark}", number) for mark, number in numbers.marks.items()],
    ]
    found = []
    for name, value, label, number in offered:
        is_on = getattr(wanted, name) == value
        if number or is_on:
            found.append((label, number, _with(request, **{name: None if is_on else value}), is_on))
    return found


def _heads(request: HtmxRequest, columns: tuple[str, ...], sort: str) -> list[Mapping[str, Any]]:
    """The head of each column: its way to sort by it, and the other way round."""
    heads: list[Mapping[str, Any]] = []
    for name in columns:
        is_on = sort.lstrip("-") == name
        is_falling = is_on and sort.startswith("-")
        turned = f"-{name}" if is_on and not is_falling else name
        label = COLUMNS.get(name, "Account")
        heads.append(
            {
                "name": name,
                "label": label,
                "sort": ("descending" if is_falling else "ascending") if is_on else "",
                "url": _with(request, sort=turned if name in ORDERS else None),
                "can": name in ORDERS,
            }
        )
    return heads


def _with(request: HtmxRequest, **changes: str | None) -> str:
    """The address of this list with these filters, from its first page."""
    asked = {name: value for name, value in request.GET.dict().items() if name not in PLACES}
    asked |= {name: value or "" for name, value in changes.items()}
    return f"?{urlencode({name: value for name, value in asked.items() if value})}"
