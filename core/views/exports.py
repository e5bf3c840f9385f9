"""Downloads: ordering a file, seeing it made, fetching it."""

from collections.abc import Mapping

from django.contrib import messages
from django.core.files.storage import default_storage
from django.http import FileResponse, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from core.actions import exports
from core.errors import NotPossible
from core.http import HtmxRequest, onward
from core.models import Export, Organisation
from core.queries.asked import page
from core.queries.exports import downloads as downloads_of
from core.queries.exports import kept_until

PAGE = "core/downloads.html"
TABLE = f"{PAGE}#table"
TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
ORDERED = "The file is being made; you find it under Downloads."
NOT_FILTERS = {"csrfmiddlewaretoken", "after", "before", "number"}


@require_POST
def order(request: HtmxRequest) -> HttpResponse:
    """The page's own query, and after it `kind`, and `next` if there is one."""
    exports.order(request.POST.get("kind", ""), _filters(request.POST), by=request.user)
    if request.htmx:
        return render(request, "components/toast.html", {"sentence": ORDERED})
    messages.success(request, ORDERED)
    return redirect(onward(request))


@require_GET
def downloads(request: HtmxRequest) -> HttpResponse:
    """My files. Asked by htmx, the table alone, as long as one is being made."""
    shown = page(request, downloads_of(request.user), order="-created_at")
    organisation = Organisation.current()
    context = {
        "page": shown,
        "rows": [(export, kept_until(export, organisation)) for export in shown.rows],
        "is_busy": any(export.status == Export.Status.QUEUED for export in shown.rows),
        "organisation": organisation,
    }
    return render(request, TABLE if request.htmx else PAGE, context)


@require_GET
def download(request: HtmxRequest, pk: str) -> FileResponse:
    """The file itself, for whoever asked for it."""
    ready = downloads_of(request.user).filter(status=Export.Status.DONE)
    export = get_object_or_404(ready, pk=pk)
    try:
        file = default_storage.open(str(export.file.name))
    except FileNotFoundError as problem:  # ended this very moment, or a backup came back without its files
        raise NotPossible("This file is no longer there. Ask for it again.") from problem
    exports.fetched(export, by=request.user)
    kind = TYPES[export.name.rpartition(".")[2]]
    reply = FileResponse(file, as_attachment=True, filename=export.name, content_type=kind)
    reply.headers["X-Content-Type-Options"] = "nosniff"
    reply.headers["Cache-Control"] = "private, no-store"
    return reply


def _filters(posted: QueryDict) -> Mapping[str, str]:
    """The page's own query: where it has a `kind` or `next` as well, those of the button come last."""
    values = {name: list(found) for name, found in posted.lists() if name not in NOT_FILTERS}
    for own in ("kind", "next"):
        values[own] = values.get(own, [])[:-1]
    return {name: ",".join(found) for name, found in values.items() if any(found)}
