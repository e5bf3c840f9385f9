"""Which columns of a list somebody sees: shown, chosen, reset."""

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from connectors.queries.columns import TABLES, Table
from core.actions.columns import choose_columns, reset_columns
from core.http import HtmxRequest, onward


@require_POST
def choose(request: HtmxRequest, table: str) -> HttpResponse:
    """`column`, several times; `reset` for what is shown by default. Goes back to `next`."""
    wanted = TABLES.get(table)
    if wanted is None:
        raise Http404
    if "reset" in request.POST:
        reset_columns(request.user, wanted.name)
    else:
        choose_columns(request.user, wanted.name, request.POST.getlist("column"), known=wanted.columns)
    return redirect(onward(request))


def shown(request: HtmxRequest, table: Table) -> dict[str, Any]:
    """What a page with such a list needs."""
    names = table.of(request.user)
    return {
        "table": table,
        "columns": names,
        "columns_joined": ",".join(names),
        "heads": [(name, table.columns[name]) for name in names],
        "every_column": [(name, label, name in names) for name, label in table.columns.items()],
    }
