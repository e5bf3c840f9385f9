"""The lines of a campaign as evidence: read page by page, as frozen, with what was decided about them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from django.db.models import Max

from connectors.models import Account
from reviews.evidence import lines
from reviews.evidence.tables import time_of
from reviews.models import (
    Campaign,
    Comment,
    Decision,
    LineRound,
    Look,
    PersonThen,
    Removal,
    ReviewTask,
    SampledLine,
    Turn,
)
from reviews.queries.decided import tie_words, words_of
from reviews.queries.evidence_names import Names
from reviews.queries.evidence_rounds import decisions_now, rounds_said, turns_now
from reviews.queries.evidence_rules import Rules

PAGE = 1_000
# Read for every line, where `get_..._display` would take a tenth of the time of all.
LINE_STATUS, VIA = dict(ReviewTask.Status.choices), dict(Turn.Via.choices)
DECIDED = dict(Decision.Outcome.choices)
ACCOUNT_TYPE, ACCOUNT_STATUS = dict(Account.Type.choices), dict(Account.Status.choices)
INDEPENDENT = "independent: nothing ties them to the line"
SHOWN = ("columns", "attributes", "hints")
"""What a reviewer was shown of a line, by name."""


def steps_of(campaign: Campaign) -> int:
    """Through how many steps its lines go at most; at least one."""
    return Turn.objects.filter(campaign=campaign).aggregate(last=Max("step"))["last"] or 1


def evidence_lines(campaign: Campaign) -> Iterator[lines.Line]:
    """Every line, in order. Memory holds a page of them, and the names of people."""
    names, last = Names(campaign), 0
    rules = Rules(campaign, names)
    while page := list(campaign.tasks.filter(line_no__gt=last).order_by("line_no")[:PAGE]):
        last = page[-1].line_no
        found = _Page(page, campaign)
        names.learn(found.people())
        for task in page:
            yield _Told(task, found, rules, names).line()


def independence_said(codes: str) -> str:
    """What ties somebody to a line, in words."""
    return "; ".join(tie_words(codes)) or INDEPENDENT


class _Told:
    """One line, told from its rows."""

    def __init__(self, task: ReviewTask, page: "_Page", rules: Rules, names: Names) -> None:
        self.task, self.rules, self.names = task, rules, names
        turns, decisions = page.turns.get(task.pk, ()), page.decisions.get(task.pk, ())
        self.turns, self.decisions = turns_now(task, turns), decisions_now(task, decisions)
        self.earlier = rounds_said(page.rounds.get(task.pk, ()), decisions, names, rules.called)
        self.comments, self.removals = page.comments.get(task.pk, ()), page.removals.get(task.pk, ())
        self.sampled = page.sampled.get(task.pk)

    def line(self) -> lines.Line:
        steps = range(1, max((turn.step for turn in self.turns), default=0) + 1)
        removals = [_removal(each, self.names) for each in self.removals]
        return lines.Line(
            frozen=_frozen(self.task, self.rules.policy(self.task)),
            owner=_owner(self.names.then(self.task.person_id)),
            outcome=self.outcome(),
            steps=[self.step([turn for turn in self.turns if turn.step == step]) for step in steps],
            removal=removals[-1] if removals else None,
            earlier_removals="; ".join(_removal_said(each) for each in removals[:-1]),
        )

    def outcome(self) -> lines.Outcome:
        last = self.decisions[-1] if self.decisions else None
        is_silent = last is not None and last.by_id is None
        by = "the closing rule" if is_silent else self.names(last.by_id if last else None)
        return lines.Outcome(
            status=LINE_STATUS[self.task.status],
            why=self.task.status_reason,
            settled_at=self.task.settled_at,
            by=by,
            reason=last.reason if last else "",
            is_non_response=is_silent,
            corrections="; ".join(self.correction(each) for each in self.decisions if each.replaces_id),
            earlier_rounds=self.earlier,
            comments="; ".join(self.comment(each) for each in self.comments),
            looked_again=_looked_again(self.sampled, self.names) if self.sampled else "",
        )

    def step(self, turns: Sequence[Turn]) -> lines.Step | None:
        if not turns:
            return None
        firsts = {each.turn_id: each for each in self.decisions if each.turn_id and not each.replaces_id}
        decided = next((turn for turn in turns if turn.pk in firsts), None)
        asked = [turn for turn in turns if turn.status == Turn.Status.OPEN] or [turns[-1]]
        record = decided or asked[0]
        decision = firsts.get(record.pk)
        reviewers = [record] if decided else asked
        others = [turn for turn in turns if turn not in reviewers]
        tied = decision.independence if decision else record.independence
        return lines.Step(
            reviewer="; ".join(self.names(turn.reviewer_id) for turn in reviewers),
            via=VIA[record.via],
            is_fallback=record.is_fallback,
            on_behalf_of=self.names(record.on_behalf_of_id),
            rule=self.rules.name(record.rule, self.task),
            inputs=self.rules.inputs(record.rule, self.task),
            passed_over=record.passed_over,
            independence="; ".join(words_of(decision)) if decision and tied else independence_said(tied),
            asked_at=record.at,
            others="; ".join(filter(None, [*(self.other(turn) for turn in others), self.given(record)])),
            **(_decided(decision) if decision else {"outcome": _waiting(record)}),
        )

    def other(self, turn: Turn) -> str:
        """Somebody else who was asked in the same step."""
        ended = f" {time_of(turn.ended_at)}" if turn.ended_at else ""
        via = turn.get_via_display()
        tied = f", {independence_said(turn.independence)}" if turn.independence else ""
        told = f"{self.names(turn.reviewer_id)}, {via}{tied}: {turn.get_status_display().lower()}{ended}"
        return "; ".join(filter(None, (told, self.given(turn))))

    def given(self, turn: Turn) -> str:
        if not (turn.given_by_id or turn.given_reason):
            return ""
        who = f" by {self.names(turn.given_by_id)}" if turn.given_by_id else ""
        why = f": {turn.given_reason}" if turn.given_reason else ""
        return f"given to {self.names(turn.reviewer_id)}{who} {time_of(turn.at)}{why}"

    def correction(self, decision: Decision) -> str:
        before = next((each for each in self.decisions if each.pk == decision.replaces_id), None)
        was = f" instead of {before.get_outcome_display().lower()}" if before else ""
        who = self.names(decision.by_id)
        what = decision.get_outcome_display()
        return f"{time_of(decision.at)} {who}: {what}{was}: {decision.reason}"

    def comment(self, comment: Comment) -> str:
        return f"{time_of(comment.at)} {self.names(comment.by_id)}: {comment.text}"


class _Page:
    """What belongs to some lines, by their keys. Not prefetched: that makes a queryset for each line."""

    def __init__(self, tasks: Sequence[ReviewTask], campaign: Campaign) -> None:
        self.tasks = tasks
        keys = [task.pk for task in tasks]
        self.turns = _by_task(Turn.objects.filter(task__in=keys).order_by("step", "pk"))
        self.decisions = _by_task(Decision.objects.filter(task__in=keys).order_by("pk"))
        self.rounds = _by_task(LineRound.objects.filter(task__in=keys).order_by("number"))
        comments = Comment.objects.filter(task__in=keys).order_by("pk")
        if campaign.signed_off_at:  # what is said later is no part of what was signed
            comments = comments.filter(at__lte=campaign.signed_off_at)
        self.comments = _by_task(comments)
        removals = Removal.objects.filter(task__in=keys).order_by("number").select_related("order")
        self.removals = _by_task(removals.prefetch_related("order__calls"))
        sampled = SampledLine.objects.filter(task__in=keys).prefetch_related("looks")
        self.sampled = {each.task_id: each for each in sampled}

    def people(self) -> set[str]:
        """The keys of all whom these lines name."""
        found: set[str | None] = {task.person_id for task in self.tasks}
        for turn in chain.from_iterable(self.turns.values()):
            found |= {turn.reviewer_id, turn.on_behalf_of_id, turn.given_by_id}
        for decision in chain.from_iterable(self.decisions.values()):
            found |= {decision.by_id, decision.on_behalf_of_id}
        found |= {each.by_id for each in chain.from_iterable(self.rounds.values())}
        found |= {each.by_id for each in chain.from_iterable(self.comments.values())}
        for removal in chain.from_iterable(self.removals.values()):
            found |= {removal.confirmed_by_id, removal.excepted_by_id}
            found.add(removal.order.done_by_id if removal.order else None)
        found |= {look.by_id for each in self.sampled.values() for look in each.looks.all()}
        return {key for key in found if key}


def _by_task[M: (Turn, Decision, Comment, LineRound, Removal)](
    rows: Iterable[M],
) -> Mapping[int, Sequence[M]]:
    found: dict[int, list[M]] = {}
    for row in rows:
        found.setdefault(row.task_id, []).append(row)
    return found


def _frozen(task: ReviewTask, policy: str) -> lines.Frozen:
    return lines.Frozen(
        line_no=task.line_no,
        app=task.app_name,
        account=task.account_name,
        login=task.account_login,
        email=task.account_email,
        account_id=task.account_id_there,
        account_type=ACCOUNT_TYPE[task.account_type],
        account_status=ACCOUNT_STATUS[task.account_status],
        marks=", ".join(task.account_marks),
        last_sign_in=task.account_last_sign_in or "not provided",
        owner=task.person_name or "nobody",
        title=task.person_title,
        kind=task.kind,
        resource=task.resource_name,
        entitlement=task.entitlement_name,
        slug=task.entitlement_slug,
        description=task.entitlement_description,
        entitlement_id=task.entitlement_id_there,
        risk=task.risk,
        frameworks=", ".join(task.frameworks),
        since=task.since,
        source=task.source,
        run=task.run,
        policy=policy,
    )


def _owner(then: PersonThen | None) -> lines.Owner:
    """Managers, where there are several, in order of their names."""
    if then is None:
        return lines.NOBODY
    return lines.Owner(
        employee_id=then.employee_id,
        department=then.department,
        status=then.get_status_display(),
        manager="; ".join(name for name, _ in then.managers),
        manager_email="; ".join(email for _, email in then.managers),
    )


def _decided(decision: Decision) -> dict[str, Any]:
    return {
        "outcome": DECIDED[decision.outcome],
        "at": decision.at,
        "reason": decision.reason,
        "together": decision.together,
        "opened_at": decision.opened_at,
        "seen": _seen(decision.seen),
    }


def _seen(seen: Mapping[str, Any]) -> str:
    """What the reviewer was shown when they marked the line."""
    if not seen:
        return ""
    told = [f"instructions {seen.get('instructions', 0)}", f"view {seen.get('view') or 'unknown'}"]
    if not seen.get("listed", True):
        told.append("marked with others, not shown by itself")
    told += [f"{name} {', '.join(seen[name])}" for name in SHOWN if seen.get(name)]
    if advice := seen.get("advice"):
        told.append(f"advice {advice}")
    return "; ".join(told)


def _waiting(turn: Turn) -> str:
    return "not decided" if turn.status != Turn.Status.OPEN else "being asked"


def _looked_again(sampled: SampledLine, names: Names) -> str:
    """All that was said of it, in order: also by who signs off no more."""
    looks = sorted(sampled.looks.all(), key=lambda look: look.pk)
    return "; ".join(_look(look, names) for look in looks) or "drawn, not looked at yet"


def _look(look: Look, names: Names) -> str:
    word = "agrees" if look.agrees else "would have decided otherwise"
    note = f": {look.note}" if look.note else ""
    return f"{time_of(look.at)} {names(look.by_id)} {word}{note}"


def _removal(removal: Removal, names: Names) -> lines.Removal:
    order, found = removal.order, removal.lookback
    calls = sorted(order.calls.all(), key=lambda call: call.pk) if order else []
    return lines.Removal(
        status=removal.get_status_display(),
        due_on=removal.due_on.isoformat(),
        confirmed_by=names(removal.confirmed_by_id),
        confirmed_at=removal.confirmed_at,
        ordered_at=order.wanted_at if order else None,
        calls="; ".join(f"{time_of(call.at)} {call.asked}" for call in calls),
        answers="; ".join(f"{call.status}, {call.bytes} bytes, SHA-256 {call.sha256}" for call in calls),
        read_back=order.read_back if order else "",
        removed_at=removal.removed_at,
        done_by=names(order.done_by_id) if order else "",
        proven_at=removal.proven_at,
        proven_run=removal.proven_run,
        came_back_at=order.came_back_at if order else None,
        excepted_by=names(removal.excepted_by_id),
        reason=removal.reason,
        problem=removal.problem or (order.problem if order else ""),
        used=str(found.get("used", "")),
        cause=str(found.get("cause", "")),
        deficiency=str(found.get("deficiency", "")),
    )


def _removal_said(removal: lines.Removal) -> str:
    proven = f", proven {time_of(removal.proven_at)}" if removal.proven_at else ""
    back = f", came back {time_of(removal.came_back_at)}" if removal.came_back_at else ""
    return f"{removal.status}{proven}{back}"
