"""Whether this process lives, and whether it can serve. Open, and without details."""

from collections.abc import Iterator

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from core.models import Pulse
from core.queue import broker_answers


@never_cache
@login_not_required
@require_safe
def live(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok", content_type="text/plain")


@never_cache
@login_not_required
@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """200 if everything stands; else 503 with the names of what does not.

    A console that was just started is ready once its sweepers were first at work.
    """
    missing = [*_database(), *([] if broker_answers() else ["broker"])]
    if missing:
        return HttpResponse(f"not ready: {', '.join(missing)}", status=503, content_type="text/plain")
    return HttpResponse("ok", content_type="text/plain")


def _database() -> Iterator[str]:
    """What of it is missing: its tables come before what stands in them."""
    try:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            yield "migrations"
        elif not Pulse.is_felt():
            yield "sweepers"
    except DatabaseError:
        yield "database"
