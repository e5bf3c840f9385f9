"""The life of a sync run: begun, claimed, put off, failed, finished, held, settled."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce
from django.utils.timezone import now

from connectors.actions import failing, proving, rules
from connectors.actions.counting import must_count, reason_to_count
from connectors.actions.permission import must_confirm, must_manage
from connectors.actions.upkeep import next_run
from connectors.contract import Note
from connectors.models import App, Connector, SyncRun
from connectors.sync import guard, losses, store
from connectors.sync.apply import Outcome, apply
from connectors.sync.kinds import kinds_of
from connectors.sync.sentences import storable
from core.errors import NotPossible
from core.mailbox import post
from core.models import Role, TrailEvent, User
from core.queue import announce, nudge
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
def start(connector: Connector, *, by: User | None, counted: bool = False, reason: str = "") -> SyncRun:
    """Begin a run; if one is open already, answer that one. `by` is None for schedule and commands.

    One that is `counted` reads everything twice; `reason` says why, where nobody asked for it. Raises
    OtherRunOpen while another connector reads the same source into the same app.
    """
    must_manage(connector, by)
    connector = Connector.objects.locked(connector.pk)
    under_way = connector.runs.filter(status__in=SyncRun.OPEN).first()
    if under_way and counted and not under_way.is_counted:
        raise NotPossible(f"Sync {under_way.pk} of {connector} is not over yet, and it is not a counted one.")
    if under_way:
        return under_way
    if connector.deleted_at:
        raise NotPossible(f"{connector} was deleted.")
    if not connector.has_settings:
        raise NotPossible(f"{connector} is not set up yet: its settings are missing.")
    if connector.is_cleared:
        raise NotPossible(f"The secret of {connector} was cleared: enter a new one in its settings.")
    if connector.paused_at:
        raise NotPossible(f"{connector} is paused; resume it first.")
    if counted:
        must_count(connector)
    _must_be_alone(connector)
    run = SyncRun.objects.create(
        connector=connector,
        source=connector.source,
        kinds=_kinds(connector),
        is_counted=counted,
        wanted_by=by,
    )
    connector.move(Connector.Status.SYNCING)
    _record_start(run, by=by, reason=reason)
    nudge("connectors.run_sync", run.pk)
    return run


def start_scheduled(connector: Connector) -> SyncRun:
    """Begin the run whose time has come: once a week a counted one."""
    reason = reason_to_count(connector)
    return start(connector, by=None, counted=bool(reason), reason=reason)


@transaction.atomic
def pause(connector: Connector, *, by: User | None) -> None:
    """No scheduled run begins until it is resumed; one under way goes on."""
    must_manage(connector, by)
    paused = Connector.objects.filter(pk=connector.pk, paused_at=None).update(paused_at=now(), paused_by=by)
    if paused:
        record("connectors.paused", connector, by=by)


@transaction.atomic
def resume(connector: Connector, *, by: User | None) -> None:
    """What came due meanwhile is read at once, anything else by its schedule."""
    must_manage(connector, by)
    connector = Connector.objects.locked(connector.pk)
    due = min(filter(None, (connector.next_run_at, next_run(connector))), default=None)
    paused = Connector.objects.filter(pk=connector.pk, paused_at__isnull=False)
    if paused.update(paused_at=None, paused_by=None, next_run_at=due):
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
    failing.count(run)
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
    proving.prove(run)
    told_before = _done(connector=run.connector)
    if run.counted_at:
        Connector.objects.filter(pk=run.connector_id).update(counted_at=run.counted_at)
    problem = " ".join(run.gaps.values())
    _end(run, SyncRun.Status.DONE, changes=outcome.changes(), kept=outcome.kept, problem=problem)
    connector = _settle(run, Connector.Status.ERROR if run.gaps else Connector.Status.CONNECTED)
    failing.is_over(run)
    record("connectors.run_done", connector, by=None, **_account_of(run))
    if not told_before:
        _write_to_owners("sync_done", run)
    announce("connectors.run_done", run.pk)


@transaction.atomic
def confirm(run: SyncRun, *, by: User | None, reason: str) -> None:
    """Let a held run be applied as it is: an administrator has looked and takes it for the truth."""
    must_confirm(run.connector, by)
    run.move(SyncRun.Status.QUEUED, due_at=now(), attempts=0, **_settled(by, reason))
    _locked(run).move(Connector.Status.SYNCING)
    record("connectors.run_confirmed", run.connector, by=by, run=run.key, reason=reason.strip())
    nudge("connectors.run_sync", run.pk)


@transaction.atomic
def discard(run: SyncRun, *, by: User | None, reason: str) -> None:
    """Throw a held run away. It leaves no trace in the graph; the next one begins afresh."""
    must_manage(run.connector, by)
    run.move(SyncRun.Status.DISCARDED, ended_at=now(), **_settled(by, reason))
    _forget(run)
    _settle(run, Connector.Status.CONNECTED)
    record("connectors.run_discarded", run.connector, by=by, run=run.key, reason=reason.strip())


@transaction.atomic
def stop(run: SyncRun, *, by: User | None, again: bool = False) -> SyncRun | None:
    """End a run that waits or is at work; answers the next one if it is to begin `again` at once.

    Nothing of it is kept. A worker that is in it loses its lease and stops by itself; one that is applying it
    ends first, and then the run is done: raises StaleState.
    """
    must_manage(run.connector, by)
    if run.status not in SyncRun.UNFINISHED:
        raise NotPossible(f"{run} is not on its way: {run.get_status_display().lower()}.")
    who = by.name if by else "an operator"
    after = f", after {run.settled_by or 'an operator'} had confirmed it" if run.settled_at else ""
    run.move(
        SyncRun.Status.DISCARDED,
        ended_at=now(),
        problem=f"Stopped by {who}{after}.",
        lease=None,
        leased_until=None,
        settled_by=None,
        settled_at=None,
        settled_reason="",
    )
    _forget(run)
    connector = _settle(run, _state_before(run))
    record("connectors.run_stopped", connector, by=by, run=run.key, again=again)
    return start(connector, by=by) if again else None


def _state_before(run: SyncRun) -> Connector.Status:
    """How the connector stood before this run: as the last one left it that came to an end by itself."""
    ends = (SyncRun.Status.DONE, SyncRun.Status.FAILED)
    last = run.connector.runs.filter(pk__lt=run.pk, status__in=ends).order_by("-pk").first()
    if last is None:
        return Connector.Status.NOT_CONNECTED
    is_good = last.status == SyncRun.Status.DONE and not last.gaps
    return Connector.Status.CONNECTED if is_good else Connector.Status.ERROR


def drop_open(connector: Connector, why: str, *, by: User | None) -> None:
    """End a run that is not over, without a trace in the graph: its worker loses its lease and stops.

    For verbs that take the ground from under a run. They call it before they lock the connector, as a
    worker that applies a run takes the two in this order, and again with it locked: one may have begun.
    """
    for run in connector.runs.select_for_update(of=("self",)).filter(status__in=SyncRun.OPEN):
        store.tell(run, [Note("warn", why)])
        after = f" {run.settled_by or 'An operator'} had confirmed it." if run.settled_at else ""
        ended = {"problem": f"{why}{after}", "ended_at": now(), "lease": None, "leased_until": None}
        nobody = {
            "settled_by": None,
            "settled_at": None,
            "settled_reason": "",
        }  # who confirmed did not end it
        run.move(SyncRun.Status.DISCARDED, **ended, **nobody)
        _forget(run)
        record("connectors.run_dropped", connector, by=by, run=run.key, problem=why)


def _record_start(run: SyncRun, *, by: User | None, reason: str) -> None:
    """What a person or an operator began; a counted one also where the schedule did, and why."""
    if run.is_counted:
        record("connectors.counted_run_started", run.connector, by=by, run=run.key, reason=reason)
    elif by or source.get().channel == TrailEvent.Channel.COMMAND:
        record("connectors.run_started", run.connector, by=by, run=run.key)
    if reason:
        store.tell(run, [Note("info", f"A counted sync: {reason}" if run.is_counted else reason)])


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
        return kinds_of(connector)
    except LookupError as problem:
        raise NotPossible(f"{connector} cannot be read by this version: {problem}") from problem


class _TooLarge(Exception):
    """The difference takes away more than is believed without a person; rolls it back."""

    def __init__(self, outcome: Outcome, sentences: list[str]) -> None:
        super().__init__(" ".join(sentences))
        self.outcome = outcome


def _apply(run: SyncRun, *, guarded: bool) -> Outcome:
    most = losses.limits_in_force(run.connector_id) if guarded else None
    if most is None:
        return apply(run)
    with transaction.atomic():
        known = losses.before(run)
        outcome = apply(run)
        sentences = guard.doubts(losses.shrinks(run, known, outcome), most)
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
    _tell_of_hold(run)


def _end(run: SyncRun, status: SyncRun.Status, **changes: object) -> None:
    """Let go for good; raises LeaseLost. What was laid aside has done its service."""
    run.release(ended_at=now(), **changes)
    run.move(status)
    _forget(run)


def _forget(run: SyncRun) -> None:
    """What was laid aside, of either reading."""
    run.pages.all().delete()
    run.recounts.all().delete()


def _settle(run: SyncRun, status: Connector.Status, *, latest: datetime | None = None) -> Connector:
    """Move the connector on and say when it is read again: as it is scheduled, or by then."""
    connector = _locked(run)
    due = min(filter(None, (next_run(connector), latest)), default=None)
    connector.move(status, next_run_at=due)
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
    """What the trail keeps of a run: only what changed, and gaps only where there are any."""
    changes = {
        kind: told
        for kind, counts in run.changes.items()
        if (told := {what: number for what, number in counts.items() if number})
    }
    gaps = {"gaps": run.gaps} if run.gaps else {}
    return {"run": run.key, "read": run.read, "changes": changes, **gaps, "requests": run.requests}


def _write_to_owners(letter: str, run: SyncRun) -> None:
    for owner in run.connector.owners_now():
        post(letter, to=owner, key=run.key, run=run, connector=run.connector)


def _tell_of_hold(run: SyncRun) -> None:
    """Owners, and who can confirm it; nobody twice, and Super Administrators where there is none of them."""
    owners = {owner.pk: owner for owner in run.connector.owners_now()}
    others = User.objects.active().holding(Role.CONNECTOR).exclude(pk__in=owners)
    told = [*owners.values(), *others] or [*User.objects.active().holding(Role.SUPER)]
    for person in told:
        is_owner = person.pk in owners
        post("sync_held", to=person, key=run.key, run=run, connector=run.connector, is_owner=is_owner)
