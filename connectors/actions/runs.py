"""The life of a sync run: begun, claimed, put off, failed, finished, held, settled."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce
from django.utils.timezone import now

from connectors import registry
from connectors.actions import rules
from connectors.actions.permission import must_confirm, must_manage
from connectors.contract import Note
from connectors.models import App, Connector, ResourceType, SyncRun
from connectors.sync import guard, store
from connectors.sync.apply import Outcome, apply
from connectors.sync.sentences import storable
from core.errors import NotPossible
from core.mailbox import post
from core.models import Organisation, TrailEvent, User
from core.queue import nudge
from core.trail import ERROR, record, source

TRIES = 5
"""Claims without a new cursor, after which a run has failed."""
AGAIN = timedelta(hours=1)
"""After a run that failed because the vendor was away for too long, at the latest."""
FIRST_WAIT = timedelta(seconds=30)
"""After a first passing trouble; twice as long after each further one."""


class OtherRunOpen(NotPossible):
    """Another connector is reading the same source into the same app: one after the other."""


@transaction.atomic
def start(connector: Connector, *, by: User | None) -> SyncRun:
    """Begin a run; if one is open already, answer that one. `by` is None for schedule and commands.

    Raises OtherRunOpen while another connector reads the same source into the same app.
    """
    must_manage(connector, by)
    connector = Connector.objects.locked(connector.pk)
    under_way = connector.runs.filter(status__in=SyncRun.OPEN).first()
    if under_way:
        return under_way
    if not connector.has_settings:
        raise NotPossible(f"{connector} is not set up yet: its settings are missing.")
    if connector.paused_at:
        raise NotPossible(f"{connector} is paused; resume it first.")
    _must_be_alone(connector)
    run = SyncRun.objects.create(
        connector=connector, source=connector.source, kinds=_kinds(connector), wanted_by=by
    )
    connector.move(Connector.Status.SYNCING)
    if by or source.get().channel == TrailEvent.Channel.COMMAND:
        record("connectors.run_started", connector, by=by, run=run.key)
    nudge("connectors.run_sync", run.pk)
    return run


@transaction.atomic
def pause(connector: Connector, *, by: User | None) -> None:
    """No scheduled run begins until it is resumed; one under way goes on."""
    must_manage(connector, by)
    paused = Connector.objects.filter(pk=connector.pk, paused_at=None).update(paused_at=now(), paused_by=by)
    if paused:
        record("connectors.paused", connector, by=by)


@transaction.atomic
def resume(connector: Connector, *, by: User | None) -> None:
    must_manage(connector, by)
    paused = Connector.objects.filter(pk=connector.pk, paused_at__isnull=False)
    if paused.update(paused_at=None, paused_by=None):
        record("connectors.resumed", connector, by=by)


def claim(run_id: str) -> SyncRun | None:
    """Take the run for this worker. None if it is over, not due, in other hands, or has had its tries."""
    run = SyncRun.objects.unfinished().claim(
        run_id, status=SyncRun.Status.RUNNING, started_at=Coalesce(F("started_at"), now())
    )
    if run is not None and run.attempts > TRIES:
        last = f" The last trouble: {run.problem}" if run.problem else ""
        fail(run, f"{TRIES} workers took this run and none got any further.{last}")
        return None
    return run


@transaction.atomic
def put_off(run: SyncRun, problem: str) -> None:
    """Let go for a while after a passing trouble; after the last try the run has failed."""
    problem = storable(problem)
    if run.attempts >= TRIES:
        fail(run, f"{problem} Tried {TRIES} times.", passing=True)
        return
    wait = FIRST_WAIT * 2 ** max(0, run.attempts - 1)
    store.tell(run, [Note("warn", f"{problem} Trying again in {wait.seconds} s.")])
    run.release(problem=problem, due_at=now() + wait)


@transaction.atomic
def fail(run: SyncRun, problem: str, *, passing: bool = False) -> None:
    """End the run without touching the graph. The sentence is shown to people.

    After a trouble that may pass by itself the next run comes within the hour.
    """
    problem = storable(problem)
    store.tell(run, [Note("error", problem)])
    _end(run, SyncRun.Status.FAILED, problem=problem)
    connector = _settle(run, Connector.Status.ERROR, latest=now() + AGAIN if passing else None)
    record("connectors.run_failed", connector, by=None, severity=ERROR, run=run.key, problem=problem)


@transaction.atomic
def finish(run: SyncRun) -> None:
    """Bring what was laid aside into the graph, or hold it for a person. Killed in it, do it again."""
    run.renew()
    App.objects.select_for_update(no_key=True).get(pk=run.connector.app_id)  # one run into one app at a time
    is_first = not _done(source=run.source, connector__app=run.connector.app_id)
    try:
        outcome = _apply(run, guarded=not (is_first or run.settled_at))
    except _TooLarge as doubt:
        _hold(run, doubt)
        return
    rules.apply_after(run)
    told_before = _done(connector=run.connector)
    problem = " ".join(run.gaps.values())
    _end(run, SyncRun.Status.DONE, changes=outcome.changes(), problem=problem)
    connector = _settle(run, Connector.Status.ERROR if run.gaps else Connector.Status.CONNECTED)
    record("connectors.run_done", connector, by=None, **_account_of(run))
    if not told_before:
        _write_to_owners("sync_done", run)


@transaction.atomic
def confirm(run: SyncRun, *, by: User | None, reason: str) -> None:
    """Let a held run be applied as it is: an administrator has looked and takes it for the truth."""
    must_confirm(by)
    run.move(SyncRun.Status.QUEUED, due_at=now(), attempts=0, **_settled(by, reason))
    _locked(run).move(Connector.Status.SYNCING)
    record("connectors.run_confirmed", run.connector, by=by, run=run.key, reason=reason.strip())
    nudge("connectors.run_sync", run.pk)


@transaction.atomic
def discard(run: SyncRun, *, by: User | None, reason: str) -> None:
    """Throw a held run away. It leaves no trace in the graph; the next one begins afresh."""
    must_manage(run.connector, by)
    run.move(SyncRun.Status.DISCARDED, ended_at=now(), **_settled(by, reason))
    run.pages.all().delete()
    _settle(run, Connector.Status.CONNECTED)
    record("connectors.run_discarded", run.connector, by=by, run=run.key, reason=reason.strip())


def _must_be_alone(connector: Connector) -> None:
    """Two runs would each take the other's rows for gone, or back again."""
    others = SyncRun.objects.filter(
        connector__app=connector.app_id, source=connector.source, status__in=SyncRun.OPEN
    ).exclude(connector=connector)
    # Looked for twice: at once, without waiting for one that is being applied; then with the app in our
    # hands, so that of two that start together the second sees the first.
    other = others.select_related("connector").first()
    if other is None:
        App.objects.select_for_update(no_key=True).get(pk=connector.app_id)
        other = others.select_related("connector").first()
    if other is not None:
        raise OtherRunOpen(
            f"{other.connector} reads {connector.source} into the same app, and its sync {other.pk} is not"
            " over yet. Sync again when it is."
        )


def _kinds(connector: Connector) -> list[str]:
    try:
        spec = registry.spec(connector.driver)
    except LookupError as problem:
        raise NotPossible(f"{connector} cannot be read by this version: {problem}") from problem
    return [each.kind for each in spec.capabilities if each.sync and each.by_default]


class _TooLarge(Exception):
    """The difference takes away more than is believed without a person; rolls it back."""

    def __init__(self, outcome: Outcome, sentences: list[str]) -> None:
        super().__init__(" ".join(sentences))
        self.outcome = outcome


def _apply(run: SyncRun, *, guarded: bool) -> Outcome:
    names = dict(
        ResourceType.objects.filter(app=run.connector.app_id, source=run.source).values_list("kind", "name")
    )
    with transaction.atomic():
        outcome = apply(run)
        sentences = guard.doubts(outcome.shrinks(names)) if guarded else []
        if sentences:
            raise _TooLarge(outcome, sentences)
    return outcome


def _hold(run: SyncRun, doubt: _TooLarge) -> None:
    problem = f"{doubt} Nothing was changed; a person has to confirm or discard it."
    store.tell(run, [Note("warn", problem)])
    run.release(problem=problem, changes=doubt.outcome.changes())
    run.move(SyncRun.Status.HELD)
    connector = _locked(run)
    connector.move(Connector.Status.HELD)
    record("connectors.run_held", connector, by=None, problem=problem, **_account_of(run))
    _write_to_owners("sync_held", run)


def _end(run: SyncRun, status: SyncRun.Status, **changes: object) -> None:
    """Let go for good; raises LeaseLost. What was laid aside has done its service."""
    run.release(ended_at=now(), **changes)
    run.move(status)
    run.pages.all().delete()


def _settle(run: SyncRun, status: Connector.Status, *, latest: datetime | None = None) -> Connector:
    """Move the connector on and say when it is read again: as it is scheduled, or by then."""
    connector = _locked(run)
    zone = Organisation.current().zone
    scheduled = connector.next_run_after(now(), zone)
    connector.move(status, next_run_at=min(scheduled, latest or scheduled))
    return connector


def _locked(run: SyncRun) -> Connector:
    return Connector.objects.locked(run.connector_id)


def _settled(by: User | None, reason: str) -> dict[str, object]:
    if not reason.strip():
        raise NotPossible("Give a reason: it goes into the trail.")
    return {"settled_by": by, "settled_at": now(), "settled_reason": reason.strip()}


def _done(**of: object) -> bool:
    return SyncRun.objects.filter(status=SyncRun.Status.DONE, **of).exists()


def _account_of(run: SyncRun) -> Mapping[str, Any]:
    return {
        "run": run.key,
        "read": run.read,
        "changes": run.changes,
        "gaps": run.gaps,
        "requests": run.requests,
    }


def _write_to_owners(letter: str, run: SyncRun) -> None:
    for owner in run.connector.owners_now():
        post(letter, to=owner, key=run.key, run=run, connector=run.connector)
