"""The requests of one sync run, and the answers that are kept of them."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET, require_POST

from connectors import queries
from connectors.actions import bodies
from connectors.actions.permission import may_see_bodies
from connectors.models import SyncRun
from core.http import HtmxRequest, fresh_sign_in_to_send
from core.queries.asked import one_of, page

SIZE = 100


@require_GET
def calls(request: HtmxRequest, key: str) -> HttpResponse:
    shown = _run(request, key)
    way = one_of(request, "way", queries.WAYS)
    context = {
        "run": shown,
        "connector": shown.connector,
        "page": page(request, queries.call_rows(shown, way=way), order="id", size=SIZE),
        "size": SIZE,
        "way": way,
        "totals": queries.calls_of(shown),
        "may_see_bodies": may_see_bodies(request.user),
        "kept_days": bodies.KEPT.days,
    }
    return render(request, "connectors/calls.html", context)


@require_POST
@fresh_sign_in_to_send
def body(request: HtmxRequest, key: str, pk: int) -> HttpResponse:
    run = _run(request, key)
    call = get_object_or_404(run.calls.select_related("run__connector"), pk=pk)
    reply = HttpResponse(bodies.take(call, by=request.user), content_type="application/octet-stream")
    reply.headers["Content-Disposition"] = f'attachment; filename="sync-{run.pk}-request-{call.pk}.json"'
    reply.headers["X-Content-Type-Options"] = "nosniff"
    reply.headers["Cache-Control"] = "private, no-store"
    return reply


def _run(request: HtmxRequest, key: str) -> SyncRun:
    rows = SyncRun.objects.visible_to(request.user).select_related("connector__app")
    return get_object_or_404(rows, key=key)
