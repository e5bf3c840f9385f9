"""Steps that nobody decided in time: what the policy says becomes of their lines (row C32)."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.timezone import now

from core.errors import NotPossible
from core.models import Reporting
from core.trail import record
from reviews.actions.giving import NUMBERS, end, lock_running, tell
from reviews.actions.turn_rows import Row, codes, rows_of, write
from reviews.models import Campaign, ReviewTask, Turn
from reviews.queries.directory import Around, directory_for
from reviews.queries.facts import Line, lines_of
from reviews.queries.routes import Deciders, deciders, policy_of
from reviews.routing import (
    Asked,
    Asking,
    Directory,
    Fallback,
    Kind,
    PolicyText,
    Step,
    Then,
    asked,
    given_to,
)

PAGE = 1_000  # lines


@dataclass(frozen=True, slots=True)
class Limit:
    """A step that has one, where it stands in the policy, and when it must have begun to be over it."""

    campaign: Campaign
    rule: int
    number: int
    step: Step
    before: datetime

    @property
    def words(self) -> str:
        days = self.step.after_days
        return f"did not decide within {'1 day' if days == 1 else f'{days} days'}"


def campaigns_with_limits() -> Collection[str]:
    """Keys of those that run and whose policy has a step that must be decided in time."""
    running = Campaign.objects.filter(status=Campaign.Status.RUNNING).select_related("policy").order_by("pk")
    return [campaign.pk for campaign in running if any(True for _ in _limits(campaign))]


def settle_overdue(campaign: Campaign) -> int:
    """Do what the policy says with every line that is overdue. Answers how many lines.

    Page by page, each by itself, so it may be killed and begun again. Whoever was asked instead has no
    further limit; where nobody else can be asked the line stays with whom it is.
    """
    return sum(_through(limit) for limit in _limits(campaign))


def _limits(campaign: Campaign) -> Iterable[Limit]:
    """Days count from when somebody was asked, at the earliest from the start of the campaign."""
    for rule, each in enumerate(policy_of(campaign).rules, 1):
        for number, step in enumerate(each.steps, 1):
            if step.after_days and step.then:
                before = now() - timedelta(days=step.after_days)
                if campaign.started_at and campaign.started_at <= before:
                    yield Limit(campaign, rule, number, step, before)


def _overdue(limit: Limit) -> QuerySet[Turn]:
    """Open turns of lines of which nobody was asked lately, nor instead of somebody who was late."""
    turns = Turn.objects.open().filter(campaign=limit.campaign, rule=limit.rule, step=limit.number)
    beside = Turn.objects.open().filter(task=OuterRef("task"))
    turns = turns.filter(at__lte=limit.before).exclude(Exists(beside.filter(at__gt=limit.before)))
    if limit.step.then is Then.CANCEL:
        return turns
    return turns.exclude(is_fallback=True).exclude(via=Turn.Via.REASSIGNED, given_by=None)


def _through(limit: Limit) -> int:
    total, after = 0, 0
    while True:
        try:
            done, last = _page(limit, after)
        except NotPossible:
            return total  # it was closed or cancelled meanwhile
        if last is None:
            return total
        total, after = total + done, last


@transaction.atomic
def _page(limit: Limit, after: int) -> tuple[int, int | None]:
    """One page: how many lines something became of, and the last line looked at."""
    campaign = lock_running(limit.campaign)
    late = _overdue(limit).filter(line_no__gt=after).order_by("line_no")
    numbers = list(late.values_list("line_no", flat=True).distinct()[:PAGE])
    if not numbers or campaign.status != Campaign.Status.RUNNING:
        return 0, None
    rows = Turn.objects.open().filter(campaign=campaign, line_no__in=numbers, step=limit.number)
    held = list(rows.select_for_update(of=("self",)).select_related("reviewer").order_by("line_no", "pk"))
    if limit.step.then is Then.CANCEL:
        return _except(limit, held), numbers[-1]
    return _ask_others(limit, campaign, held), numbers[-1]


def _except(limit: Limit, held: Sequence[Turn]) -> int:
    """They count as exceptions: nobody decided them, and somebody has to answer for that."""
    lines = ReviewTask.objects.filter(pk__in={turn.task_id for turn in held}, status=ReviewTask.Status.OPEN)
    reason = f"Whoever was asked {limit.words}."
    numbers = list(lines.order_by("line_no").values_list("line_no", flat=True))
    lines.update(status=ReviewTask.Status.EXCEPTED, status_reason=reason, settled_at=now())
    end(held, Turn.Status.ENDED)
    record(
        "reviews.overdue_excepted",
        limit.campaign,
        by=None,
        lines=len(numbers),
        numbers=numbers[:NUMBERS],
        why=reason,
    )
    return len(numbers)


def _ask_others(limit: Limit, campaign: Campaign, held: Sequence[Turn]) -> int:
    """By the fallback of the step, or first by the managers of those who were late."""
    by_line: defaultdict[int, list[Turn]] = defaultdict(list)
    for turn in held:
        by_line[turn.task_id].append(turn)
    asking = _Asking.about(limit, campaign, held)
    ended: list[Turn] = []
    rows: list[Row] = []
    for task, turns in by_line.items():
        found = asking.instead(asking.lines[task], turns)
        if found:
            ended += turns
            rows += found
    end(ended, Turn.Status.ENDED)
    write(rows)
    if ended:
        numbers = sorted({turn.line_no for turn in ended})
        record(
            "reviews.overdue_given",
            campaign,
            by=None,
            lines=len(numbers),
            numbers=numbers[:NUMBERS],
            why=f"Whoever was asked {limit.words}.",
            taken_from=sorted({turn.reviewer.name for turn in ended}),
        )
        tell(campaign, Counter(row.reviewer_id for row in rows), by=None, reason=_sentence(limit, ended))
    return len({turn.task_id for turn in ended})


@dataclass(frozen=True, slots=True)
class _Asking:
    """What it takes to say who is asked about a page of lines instead."""

    limit: Limit
    campaign: Campaign
    policy: PolicyText
    directory: Directory
    lines: dict[int, Line]
    before: Deciders

    @classmethod
    def about(cls, limit: Limit, campaign: Campaign, held: Sequence[Turn]) -> "_Asking":
        tasks = ReviewTask.objects.filter(pk__in={turn.task_id for turn in held})
        lines = {line.pk: line for line in lines_of(tasks)}
        facts = [line.facts for line in lines.values()]
        late = {turn.reviewer_id for turn in held}
        managers = Reporting.objects.filter(person__in=late).values_list("manager", flat=True)
        policy = fallen(policy_of(campaign), limit.rule, limit.number)
        directory = directory_for(Around.of(campaign), policy, facts, also=[*late, *managers])
        return cls(limit, campaign, policy, directory, lines, deciders(tasks))

    def instead(self, line: Line, turns: Sequence[Turn]) -> list[Row]:
        """New turns; none where nobody else can be asked."""
        if self.limit.step.then is Then.REASSIGN and (rows := self._managers(line, turns)):
            return rows
        before = self.before.get(line.pk, ())
        found = asked(
            self.policy, line.facts, self.limit.number, self.directory, before, rule=self.limit.rule
        )
        late = {turn.reviewer_id for turn in turns}
        if not isinstance(found, Asked) or {each.reviewer for each in found.people} <= late:
            return []
        told = (_sentence(self.limit, turns), *found.passed_over)
        found = replace(found, is_fallback=True, passed_over=told)
        return list(rows_of(found, self.campaign, line.pk, line.line_no, now()))

    def _managers(self, line: Line, turns: Sequence[Turn]) -> list[Row]:
        late = {turn.reviewer_id for turn in turns}
        before = self.before.get(line.pk, ())
        found: dict[str, Asking] = {}
        for turn in turns:
            for boss in self.directory.managers.get(turn.reviewer_id, ()):
                taker = given_to(boss, self.limit.step, line.facts, self.directory, before)
                if isinstance(taker, Asking) and taker.reviewer not in late:
                    found[taker.reviewer] = taker
        return [self._row(line, turns, taker) for taker in found.values()]

    def _row(self, line: Line, turns: Sequence[Turn], taker: Asking) -> Row:
        return Row(
            task_id=line.pk,
            campaign_id=self.campaign.pk,
            line_no=line.line_no,
            step=self.limit.number,
            rule=self.limit.rule,
            reviewer_id=taker.reviewer,
            on_behalf_of_id=taker.on_behalf_of or None,
            via=Turn.Via.REASSIGNED.value,
            is_fallback=False,
            passed_over="",
            independence=codes(taker.ties),
            status=Turn.Status.OPEN.value,
            given_by_id=None,
            given_reason=_sentence(self.limit, turns),
            at=now(),
        )


def fallen(policy: PolicyText, rule: int, number: int) -> PolicyText:
    """The same policy, but that one step asks whom it falls back to at once."""
    steps = list(policy.rules[rule - 1].steps)
    step = steps[number - 1]
    usual = Kind.APP_OWNER if step.kind is Kind.MANAGER else None
    further = Fallback(kind=step.fallback.kind or usual)
    steps[number - 1] = replace(
        step, kind=Kind.PEOPLE, people=step.fallback.people, group="", fallback=further
    )
    rules = list(policy.rules)
    rules[rule - 1] = replace(rules[rule - 1], steps=tuple(steps))
    return replace(policy, rules=tuple(rules))


def _sentence(limit: Limit, turns: Sequence[Turn]) -> str:
    names = sorted({turn.reviewer.name for turn in turns})
    who = names[0] if len(names) == 1 else f"{', '.join(names[:-1][:3])} and {names[-1]}"
    return f"{who} {limit.words}."
