"""The end of a campaign: what nobody decided becomes an exception, or is denied by the rule chosen."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.timezone import now

from connectors.actions import runs
from connectors.models import Connector
from core.errors import Denied, DomainError, NotPossible, StaleState
from core.models import User
from core.queue import nudge
from core.trail import record
from reviews.actions import letters, notices, removals, reports, sampling
from reviews.actions.following import end_turns
from reviews.actions.keeping import keep_moved
from reviews.actions.rights import must_run, owners_of
from reviews.models import Campaign, Decision, Mark, Progress, Removal, ReviewTask, Turn
from reviews.queries.part_in import own_lines
from reviews.queries.rounds import of_this_round

log = logging.getLogger(__name__)

PAGE = 1_000
"""Lines closed in one transaction."""
WORD = "DENY"
"""To be typed where closing denies lines."""
NOBODY = "Nobody decided."
HALFWAY = "Not decided to the end: a further reviewer was still to decide."


@dataclass(frozen=True, slots=True)
class Open:
    """What closing now would settle."""

    lines: int
    unsubmitted: int
    """Of them, lines that somebody marked and did not submit: exceptions in any case."""

    @property
    def undecided(self) -> int:
        return self.lines - self.unsubmitted


def open_lines(campaign: Campaign) -> Open:
    """The numbers that whoever closes it has to have seen."""
    lines = campaign.tasks.open()
    said = _said(campaign).filter(task__status=ReviewTask.Status.OPEN)
    return Open(lines.count(), said.values("task").distinct().count())


@transaction.atomic
def close(
    campaign: Campaign, *, by: User | None, at_end: str, typed: str = "", seen: int | None = None
) -> None:
    """End it; a job settles the open lines. `by` is None where the due date ends it: it denies none then.

    `typed` is wanted where lines are denied by it, and `seen`, how many: raises StaleState if the number is
    another by now.
    """
    if by is not None:
        must_run(campaign, by)
    if campaign.status != Campaign.Status.RUNNING:
        raise NotPossible(f"{campaign} is not running: {campaign.get_status_display().lower()}.")
    _must_not_settle_their_own(campaign, by)
    if at_end not in Campaign.Silence.values:
        raise NotPossible("Choose what becomes of the open lines.")
    if at_end == Campaign.Silence.REMOVE:
        if by is None:
            raise NotPossible(f"{campaign} closes by itself: its open lines become exceptions.")
        if typed.strip() != WORD:
            raise NotPossible(f"Type {WORD} to have the open lines denied.")
        if seen != (undecided := open_lines(campaign).undecided):
            raise StaleState(
                f"By now {undecided:,} lines are undecided. Look at the numbers, then close again."
            )
    chosen = {"at_end": at_end, "closing_wanted_by": by}
    campaign.move(Campaign.Status.CLOSING, due_at=now(), attempts=0, changed_at=now(), **chosen)
    record("campaigns.closing", campaign, by=by, open_lines_become=campaign.get_at_end_display())
    nudge("reviews.close", campaign.pk)


def _must_not_settle_their_own(campaign: Campaign, by: User | None) -> None:
    """Whoever ends it before its time decides what becomes of open lines; after that, time did."""
    if by is None or (campaign.decide_by is not None and campaign.decide_by < now()):
        return
    if own := own_lines(campaign, by, ReviewTask.Status.OPEN):
        raise Denied(
            f"Line {own[0]:,} is open and about your own access, so before the last day to decide somebody"
            f" else has to end {campaign}, or the line has to be decided first. {owners_of(campaign)}"
        )


def claim(campaign_id: str) -> Campaign | None:
    """Take it for this worker; None if it is closed, or in other hands."""
    return Campaign.objects.filter(status=Campaign.Status.CLOSING).claim(campaign_id)


def carry_out(campaign: Campaign) -> None:
    """Settle the open lines page by page, then close. Killed anywhere, the next claim goes on."""
    last = 0
    while lines := _page(campaign, after=last):
        last = lines[-1].line_no
        with transaction.atomic():
            campaign.renew()
            settle(campaign, lines)
    with transaction.atomic():
        _finish(campaign)


def settle(campaign: Campaign, lines: Sequence[ReviewTask]) -> None:
    """Part of the transaction of a page: lines that somebody decided meanwhile are left alone."""
    held = ReviewTask.objects.open().filter(pk__in=[line.pk for line in lines]).select_for_update()
    lines = list(held.order_by("line_no"))
    unsubmitted = _unsubmitted(campaign, lines)
    decided = Decision.objects.filter(of_this_round(), task__in=lines)
    halfway = set(decided.values_list("task_id", flat=True))
    removed: list[ReviewTask] = []
    reasons: dict[str, list[int]] = {}
    for line in lines:
        if line.pk in unsubmitted:
            reasons.setdefault(f"Decided but not submitted, by {unsubmitted[line.pk]}."[:300], []).append(
                line.pk
            )
        elif campaign.at_end == Campaign.Silence.REMOVE:
            removed.append(line)
        else:
            reasons.setdefault(HALFWAY if line.pk in halfway else NOBODY, []).append(line.pk)
    for reason, keys in reasons.items():
        _settle(keys, ReviewTask.Status.EXCEPTED, reason)
    if removed:
        _deny(campaign, removed)
    end_turns([line.pk for line in lines], campaign)


def close_when_due(campaign: Campaign) -> None:
    """By itself, which always makes exceptions, whatever its settings say; somebody may have been faster."""
    try:
        close(campaign, by=None, at_end=Campaign.Silence.EXCEPTION)
    except DomainError as problem:
        log.info("%s was not closed: %s", campaign, problem)


def due_to_close(at: datetime) -> Iterable[Campaign]:
    """Running ones that end by themselves and whose last day is over."""
    rows = Campaign.objects.filter(status=Campaign.Status.RUNNING, ends_by_itself=True, decide_by__lt=at)
    return rows.order_by("pk")


def _page(campaign: Campaign, *, after: int) -> list[ReviewTask]:
    return list(campaign.tasks.open().filter(line_no__gt=after).order_by("line_no")[:PAGE])


def _said(campaign: Campaign) -> QuerySet[Mark]:
    """Marks that say something, by people who are asked."""
    asked = Turn.objects.open().filter(task=OuterRef("task"), reviewer=OuterRef("person"))
    return Mark.objects.filter(Exists(asked), campaign=campaign).exclude(outcome=Mark.Outcome.NONE)


def _unsubmitted(campaign: Campaign, lines: Sequence[ReviewTask]) -> Mapping[int, str]:
    """Those of these open lines that somebody marked, and who."""
    marks = _said(campaign).filter(task__in=lines)
    found: dict[int, str] = {}
    for task, name in marks.order_by("person__search_text", "pk").values_list("task", "person__name"):
        found[task] = f"{found[task]}, {name}" if task in found else name
    return found


def _settle(keys: Sequence[int], status: str, reason: str) -> None:
    rows = ReviewTask.objects.open().filter(pk__in=keys)
    rows.update(status=status, status_reason=reason, settled_at=now())


def _deny(campaign: Campaign, lines: Sequence[ReviewTask]) -> None:
    """By the rule alone, as a decision of nobody's; the reason says who chose the rule."""
    reason = f"Nobody decided. The closing rule chosen by {campaign.closing_wanted_by} denies it."
    denied = Decision.Outcome.DENIED
    Decision.objects.bulk_create(
        Decision(
            task=line,
            campaign=campaign,
            round=line.round,
            outcome=denied,
            reason=reason,
            together=len(lines),
        )
        for line in lines
    )
    _settle([line.pk for line in lines], ReviewTask.Status.DENIED, "Denied by the closing rule.")
    removals.open_for(lines, None)


def _finish(campaign: Campaign) -> None:
    Progress.objects.filter(campaign=campaign).update(open=0)
    campaign.release(closed_at=now())
    campaign.move(Campaign.Status.CLOSED)
    sampling.draw(campaign)
    keep_moved(campaign)
    counts = _counts(campaign)
    record("campaigns.closed", campaign, by=campaign.closing_wanted_by, counts=counts)
    if campaign.writes_at_end:
        letters.has_news(campaign)
    if campaign.writes_at_end or campaign.closing_wanted_by is None:
        notices.ended(campaign, counts)
    if Removal.objects.open().filter(campaign=campaign).exists():
        campaign.move(Campaign.Status.REMEDIATION)
        record("campaigns.remediation", campaign, by=None)
    reports.want_all(campaign)
    for source in campaign.sources.select_related("connector"):
        if not source.files:  # the same bytes once more would show nothing
            _read_again(source.connector, campaign)


def _counts(campaign: Campaign) -> Mapping[str, int]:
    """Settled lines by status: all of them are."""
    settled = campaign.tasks.exclude(status=ReviewTask.Status.OPEN)
    statuses = [each for each in ReviewTask.Status.values if each != ReviewTask.Status.OPEN]
    return {each: settled.filter(status=each).count() for each in statuses}


def _read_again(connector: Connector, campaign: Campaign) -> None:
    """A counted run shows how things stand at the end; where it cannot begin, the trail says why."""
    try:
        with transaction.atomic():
            runs.start(connector, by=None, counted=True, reason=f"{campaign} was closed.")
    except DomainError as problem:
        record("campaigns.not_read_at_the_end", campaign, by=None, connector=connector, problem=str(problem))
