"""Runs as their pages show them: how far one has got, how the last ones went."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, Q, Sum
from django.utils.timezone import now

from connectors import registry
from connectors.contract import EVERY_OTHER_KIND
from connectors.models import Connector, SettingsCandidate, SyncLogLine, SyncRun
from connectors.queries.kinds import kinds_of


@dataclass(frozen=True, slots=True)
class KindProgress:
    """How far a run has got with one kind. `expected` is what the last complete run read, if there is one."""

    kind: str
    label: str
    icon: str
    read: int
    expected: int | None
    is_complete: bool
    gap: str

    @property
    def shown(self) -> int:
        """How far the bar goes: an app may have grown since."""
        return min(self.read, self.expected or 0)

    @property
    def words(self) -> str:
        """The bar for those who do not see it."""
        return f"{self.label}, {self.read:,} of about {self.expected:,}"


@dataclass(frozen=True, slots=True)
class Live:
    """What is going on with a connector at this moment."""

    candidate: SettingsCandidate | None
    run: SyncRun | None
    kinds: Sequence[KindProgress]
    lines: Sequence[SyncLogLine]
    took: timedelta
    rate: int
    """Records a second."""
    has_earlier: bool
    is_due: bool = False
    """Whether the first run is to begin by itself: another connector has to finish before."""

    @property
    def is_first(self) -> bool:
        """Whether this is still the set-up: no run was begun before."""
        return not self.has_earlier

    @property
    def read(self) -> int:
        """Records laid aside so far."""
        return sum(self.run.read.values()) if self.run is not None else 0

    @property
    def word(self) -> str:
        """`checking`, `refused`, `due`, or the state of the latest run; empty where nothing was begun."""
        if self.candidate is not None and self.candidate.status == SettingsCandidate.Status.WAITING:
            return "checking"
        if self.candidate is not None and self.candidate.status == SettingsCandidate.Status.REFUSED:
            return "refused"
        if self.run is None:
            return "due" if self.is_due else ""
        is_applying = self.run.status == SyncRun.Status.RUNNING and self.run.walked_at is not None
        return "applying" if is_applying else self.run.status

    @property
    def goes_on(self) -> bool:
        """Whether a look in a second may show something else."""
        return self.word in ("checking", "due", "applying", *SyncRun.UNFINISHED)


def open_candidate(connector: Connector) -> SettingsCandidate | None:
    """Settings that are being checked, or were refused; None where the last ones are in force."""
    rows = SettingsCandidate.objects.filter(connector=connector).select_related("saved_by")
    return rows.exclude(status=SettingsCandidate.Status.PROMOTED).first()


def live(connector: Connector, *, lines: int = 12) -> Live:
    """The newest run and how far it has got, or the settings being checked before the first."""
    candidate = open_candidate(connector)
    run = connector.runs.order_by("-id").first()
    if run is None:
        is_due = connector.has_settings and connector.next_run_at is not None and not connector.paused_at
        return Live(candidate, None, (), (), timedelta(), 0, has_earlier=False, is_due=is_due)
    took = took_so_far(run)
    return Live(
        candidate,
        run,
        kind_progress(run, before=last_done(connector)),
        list(run.log.order_by("-id")[:lines])[::-1],
        took,
        round(sum(run.read.values()) / max(took.total_seconds(), 1)),
        has_earlier=connector.runs.filter(pk__lt=run.pk).exists(),
    )


def last_done(connector: Connector) -> SyncRun | None:
    """The run that the present data come from."""
    return connector.runs.filter(status=SyncRun.Status.DONE).order_by("-id").first()


def took_so_far(run: SyncRun) -> timedelta:
    """How long a run has been at work, or was; what it waited for a person's answer is left out."""
    if run.started_at is None:
        return timedelta()
    if run.status == SyncRun.Status.HELD:
        return (run.walked_at or now()) - run.started_at
    waited = run.settled_at - run.walked_at if run.settled_at and run.walked_at else timedelta()
    return (run.ended_at or now()) - run.started_at - waited


def kind_progress(run: SyncRun, *, before: SyncRun | None) -> list[KindProgress]:
    """The kinds a run reads, in the driver's order, and its grants."""
    expected = before.read if before is not None and before != run else {}
    stated = {each.kind for each in registry.spec(run.connector.driver).capabilities}
    rows = [(each.kind, each.label, each.icon) for each in kinds_of(run.connector, also=run.read)]

    def is_of(kind: str, kinds: Sequence[str]) -> bool:
        return kind in kinds or (kind not in stated and kind != "grant" and EVERY_OTHER_KIND in kinds)

    return [
        KindProgress(
            kind=kind,
            label=label,
            icon=icon,
            read=run.read.get(kind, 0),
            expected=expected.get(kind),
            is_complete=is_of(kind, run.complete) or run.status == SyncRun.Status.DONE,
            gap=run.gaps.get(kind, ""),
        )
        for kind, label, icon in (*rows, ("grant", "Grants", "key"))
        if is_of(kind, run.kinds) or kind == "grant"
    ]


@dataclass(frozen=True, slots=True)
class RunBar:
    """One run as a bar: how long it took and how it ended."""

    seconds: float
    tone: str
    words: str


@dataclass(frozen=True, slots=True)
class Health:
    """The last runs of a connector, the oldest first."""

    bars: Sequence[RunBar]
    good: int
    held: int
    failed: int
    last_failure: SyncRun | None
    oldest: SyncRun
    newest: SyncRun

    @property
    def sentence(self) -> str:
        """The chart for those who do not see it."""
        ends = f"{self.good} good, {self.held} held, {self.failed} failed"
        return f"How long the last {len(self.bars)} runs took: {ends}."


TONES = {
    SyncRun.Status.HELD: "wait",
    SyncRun.Status.DISCARDED: "wait",
    SyncRun.Status.FAILED: "bad",
    SyncRun.Status.QUEUED: "gone",
}
"""What the bar of a run is coloured by; good runs are plain."""


def health(newest_first: Sequence[SyncRun]) -> Health | None:
    """None where there was no run yet."""
    if not newest_first:
        return None
    failures = [run for run in newest_first if run.status == SyncRun.Status.FAILED]
    return Health(
        bars=[_bar(run) for run in reversed(newest_first)],
        good=sum(run.status == SyncRun.Status.DONE for run in newest_first),
        held=sum(TONES.get(SyncRun.Status(run.status)) == "wait" for run in newest_first),
        failed=len(failures),
        last_failure=failures[0] if failures else None,
        oldest=newest_first[-1],
        newest=newest_first[0],
    )


def _bar(run: SyncRun) -> RunBar:
    seconds = took_so_far(run).total_seconds()
    return RunBar(seconds, TONES.get(SyncRun.Status(run.status), "accent"), run.get_status_display())


def calls_of(run: SyncRun) -> dict[str, float | int | None]:
    """The requests a run made: how many, their bytes and seconds, and how many met an error."""
    return run.calls.aggregate(
        number=Count("pk"),
        bytes=Sum("bytes"),
        seconds=Sum("seconds"),
        errors=Count("pk", filter=Q(status__gte=400)),
    )
