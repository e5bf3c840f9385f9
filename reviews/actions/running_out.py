"""Steps with a time of their own: what becomes of lines that nobody decided within it (row C32)."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils.timezone import now

from core.errors import NotPossible
from core.trail import record
from reviews.actions.giving import NUMBERS, end, lock_running
from reviews.actions.letters import tell_given
from reviews.actions.turn_rows import Row, ask_anew, rows_of
from reviews.models import Campaign, ReviewTask, Turn
from reviews.queries.applying import Applying, applying
from reviews.queries.directory import Around, directory_for
from reviews.queries.facts import lines_of
from reviews.queries.routes import deciders
from reviews.routing import Asked, Step, Then, asked_instead

PAGE = 1_000


def those_with_a_clock() -> Iterator[Campaign]:
    """Running campaigns whose policy gives a step a time of its own."""
    running = Campaign.objects.filter(status=Campaign.Status.RUNNING).exclude(policy_version=None)
    for campaign in running.order_by("pk"):
        if any(_clocks(applying(campaign))):
            yield campaign


def run_out(campaign: Campaign) -> int:
    """Do what each step says with the lines whose time is over. Answers how many lines.

    Page by page, each by itself, so it may be killed and begun again. Whoever is asked instead has the same
    time; where nobody else can be asked the line stays with those it is with.
    """
    return sum(_through(campaign, clock) for clock in _clocks(applying(campaign)))


@dataclass(frozen=True, slots=True)
class _Clock:
    """A step with a time of its own, and the turns that may be in it."""

    lines: Q
    rule: int
    step_no: int
    step: Step


def _clocks(policies: Applying) -> Iterator[_Clock]:
    for applied, policy in zip(policies.all(), policies.texts(), strict=True):
        for rule_no, rule in enumerate(policy.rules, 1):
            for step_no, step in enumerate(rule.steps, 1):
                if step.after_days is not None:
                    lines = policies.lines_under([applied.version.pk], "task__")
                    yield _Clock(lines, rule_no, step_no, step)


def _through(campaign: Campaign, clock: _Clock) -> int:
    step = clock.step
    began = now() - timedelta(days=step.after_days or 0)
    if campaign.started_at is None or campaign.started_at > began:
        return 0
    younger = Turn.objects.open().filter(task=OuterRef("task"), at__gt=began)
    late = Turn.objects.open().filter(
        clock.lines, campaign=campaign, rule=clock.rule, step=clock.step_no, at__lte=began
    )
    turns = late.exclude(Exists(younger))  # somebody who was asked later still has time
    total, after = 0, 0
    while True:
        try:
            done, last = _page(campaign, turns.filter(line_no__gt=after), step)
        except NotPossible:
            return total  # it was closed or cancelled meanwhile
        if last is None:
            return total
        total, after = total + done, last


@transaction.atomic
def _page(campaign: Campaign, turns: QuerySet[Turn], step: Step) -> tuple[int, int | None]:
    """One page of lines: with how many something was done, and the last one looked at."""
    campaign = lock_running(campaign)
    numbers = list(turns.order_by("line_no").values_list("line_no", flat=True).distinct()[:PAGE])
    if not numbers:
        return 0, None
    found = turns.filter(line_no__in=numbers).select_related("reviewer").select_for_update(of=("self",))
    held: defaultdict[int, list[Turn]] = defaultdict(list)
    for turn in found.order_by("pk"):
        held[turn.task_id].append(turn)
    if step.then is Then.CANCEL:
        done = _cancelled(held, step)
        end([turn for task in done for turn in held[task]], Turn.Status.ENDED, was_asked=True)
    else:
        rows = _instead(campaign, held)
        done = sorted({row.task_id for row in rows})
        end([turn for task in done for turn in held[task]], Turn.Status.ENDED)
        ask_anew(rows)
        names = sorted({turn.reviewer.name for task in done for turn in held[task]})
        reason = f"{', '.join(names)} did not decide in time."
        tell_given(campaign, Counter(row.reviewer_id for row in rows), by=None, reason=reason)
    _tell(campaign, [held[task][0].line_no for task in done], step)
    return len(done), numbers[-1]


def _cancelled(held: Iterable[int], step: Step) -> Sequence[int]:
    """Those of these lines that became exceptions: to cancel is never to keep in silence."""
    days = "1 day" if step.after_days == 1 else f"{step.after_days} days"
    open_lines = ReviewTask.objects.open().filter(pk__in=list(held))
    keys = list(open_lines.order_by("line_no").values_list("pk", flat=True))
    reason = f"Nobody decided within {days}, and the policy then cancels the review of the line."
    ReviewTask.objects.open().filter(pk__in=keys).update(
        status=ReviewTask.Status.EXCEPTED, status_reason=reason, settled_at=now()
    )
    return keys


def _instead(campaign: Campaign, held: Mapping[int, Sequence[Turn]]) -> list[Row]:
    """Who is asked instead; nothing for lines about which nobody else can be."""
    policies, tasks = applying(campaign), ReviewTask.objects.open().filter(pk__in=list(held))
    lines = lines_of(tasks)
    late: defaultdict[int, set[str]] = defaultdict(set)
    step_no = next(iter(held.values()))[0].step
    been = Turn.objects.filter(task__in=list(held), step=step_no, round=F("task__round"))
    for task, reviewer, behind in been.values_list("task_id", "reviewer_id", "on_behalf_of_id"):
        late[task] |= {person for person in (reviewer, behind) if person}
    also = {person for people in late.values() for person in people}
    directory = directory_for(
        Around.of(campaign), policies.texts(), [line.facts for line in lines], also=also
    )
    before, at = deciders(tasks), now()
    rows: list[Row] = []
    for line in lines:
        rule, earlier, policy = held[line.pk][0].rule, before.get(line.pk, ()), policies.text(line.facts)
        found = asked_instead(policy, line.facts, step_no, directory, earlier, rule=rule, late=late[line.pk])
        if isinstance(found, Asked):
            rows += rows_of(found, campaign, line, at)
    return rows


def _tell(campaign: Campaign, numbers: Sequence[int], step: Step) -> None:
    if numbers:
        record(
            "reviews.ran_out",
            campaign,
            by=None,
            lines=len(numbers),
            numbers=sorted(numbers)[:NUMBERS],
            days=step.after_days,
            then=step.then,
        )
