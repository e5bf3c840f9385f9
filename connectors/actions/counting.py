"""When a run reads everything twice."""

from datetime import timedelta

from django.utils.timezone import now

from connectors import registry
from connectors.models import Connector, SyncRun
from core.errors import NotPossible

EVERY = timedelta(days=7)
"""So often a run begun by the schedule is a counted one."""


def must_count(connector: Connector) -> None:
    """Raises NotPossible if the app offers no second way."""
    spec = registry.spec(connector.driver)
    if not spec.counts:
        raise NotPossible(
            f"{connector} can be read in one way only ({spec.label}), so reading it twice would prove"
            " nothing. Start a plain sync."
        )


def reason_to_count(connector: Connector) -> str:
    """Why the next run of the schedule counts; empty if it need not.

    The first week of a connector goes by without. After a counted run that failed a plain one comes first:
    two readings that contradict each other must not keep the data old for ever.
    """
    if not registry.spec(connector.driver).counts:
        return ""
    first = connector.runs.filter(status=SyncRun.Status.DONE).order_by("id").first()
    newest = connector.runs.order_by("-id").first()
    since = connector.counted_at or (first.ended_at if first else None)
    if newest is None or newest.is_counted or since is None or since > now() - EVERY:
        return ""
    last = "It was counted last" if connector.counted_at else "It was first read"
    return f"{last} on {since:%Y-%m-%d}, a week ago or more."
