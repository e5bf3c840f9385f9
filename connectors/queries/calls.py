"""The requests of one run, as their page and their file show them."""

from collections.abc import Iterator

from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet

from connectors.models import SyncCall, SyncRun
from core.errors import NotPossible
from core.exports import Parameters
from core.models import User

WAYS = ("1", "2")
REQUEST = (
    *("Time (UTC)", "Reading", "Method", "Path", "Query", "Status", "Records", "Bytes", "Seconds"),
    *("SHA-256 of the answer", "Answer kept"),
)


def call_rows(run: SyncRun, *, way: str = "") -> QuerySet[SyncCall]:
    """The requests of a run, without the answers themselves: `has_body` says whether there is one."""
    rows = run.calls.defer("body").annotate(
        has_body=ExpressionWrapper(Q(body__isnull=False), output_field=BooleanField())
    )
    return rows.filter(way=way) if way in WAYS else rows


def requests_of_a_run(user: User, asked: Parameters) -> Iterator[tuple[object, ...]]:
    """The requests page of one run; `run` and `way` as in its address."""
    run = SyncRun.objects.visible_to(user).filter(key=asked.get("run", "")).first()
    if run is None:
        raise NotPossible("This sync is not there, or not for you to see.")
    for call in call_rows(run, way=asked.get("way", "")).order_by("pk").iterator(2_000):
        yield (
            *(call.at, call.way, call.method, call.path, call.query, call.status, call.records),
            *(call.bytes, round(call.seconds, 3), call.sha256, call.has_body),  # type: ignore[attr-defined]  # annotated
        )
