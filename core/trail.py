"""The only way to write a trail event, always inside the transaction of what it tells."""

from collections.abc import Iterable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from django.db import models, transaction

from core.deeds import phrase
from core.models import TrailEvent, TrailPending, User


@dataclass(frozen=True, slots=True)
class Source:
    """Where the present piece of work came from: the middleware, a job or a command says so."""

    channel: TrailEvent.Channel = TrailEvent.Channel.JOB
    address: str | None = None


source: ContextVar[Source] = ContextVar("source", default=Source())  # noqa: B039  # frozen

SYSTEM, OPERATOR = "Reeve", "Operator"
ERROR = TrailEvent.Severity.ERROR
BATCH = 1_000  # rows an INSERT


def by_command() -> None:
    """From here on events come from a command, and what nobody signed in for is an operator's doing."""
    source.set(Source(TrailEvent.Channel.COMMAND))


def record(
    action: str,
    about: models.Model,
    *,
    by: User | None,
    severity: TrailEvent.Severity = TrailEvent.Severity.NEUTRAL,
    **change: Any,
) -> TrailEvent:
    """Write what happened to `about`, and queue it for the next seal.

    `by` is None where the console itself acts, or an operator. Raises KeyError for an action without a
    phrase (core.deeds), RuntimeError outside a transaction: a verb whose event cannot be written fails.
    """
    return record_many(action, [(about, change)], by=by, severity=severity)[0]


def record_many(
    action: str,
    told: Iterable[tuple[models.Model, Mapping[str, Any]]],
    *,
    by: User | None,
    severity: TrailEvent.Severity = TrailEvent.Severity.NEUTRAL,
) -> Sequence[TrailEvent]:
    """Write what happened to each of many rows, with its change, as `record` does for one."""
    phrase(action)
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError(f"{action}: a trail event is written in the transaction of what it tells")
    here = source.get()
    nobody = OPERATOR if here.channel == TrailEvent.Channel.COMMAND else SYSTEM
    events = TrailEvent.objects.bulk_create(
        (
            TrailEvent(
                action=action,
                severity=severity,
                channel=here.channel,
                address=here.address,
                actor_id=by.pk if by else "",
                actor_name=by.name if by else nobody,
                object_type=about._meta.label_lower,
                object_id=str(about.pk),
                object_name=str(about)[:300],
                change=_plain(change),
            )
            for about, change in told
        ),
        batch_size=BATCH,
    )
    TrailPending.objects.bulk_create((TrailPending(event_id=event.pk) for event in events), batch_size=BATCH)
    return events


def _plain(change: Mapping[str, Any]) -> dict[str, Any]:
    """Rows become their names and keys; the rest must be JSON already."""
    plain: dict[str, Any] = {}
    for name, value in change.items():
        plain[name] = {"id": str(value.pk), "name": str(value)} if isinstance(value, models.Model) else value
    return plain
