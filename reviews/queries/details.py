"""One line in full, for whoever was ever asked about it: no more of the app than its line needs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet
from django.utils.timezone import now

from connectors.models import Account, Grant
from core.models import Delegation, TrailEvent, User
from core.queries.trail import timeline
from reviews import routing
from reviews.models import Campaign, Comment, Decision, ReviewTask, Turn
from reviews.queries.applying import applying
from reviews.queries.desk import Line, drawn, own_turns, whole
from reviews.queries.earlier import earlier_campaigns, in_order, with_freshness
from reviews.queries.visible import Attribute, attributes_of

NAMES = 5
RELATED = 20


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened to a line, or will."""

    icon: str
    title: str
    told: str = ""
    at: datetime | None = None
    tone: str = ""
    """`bad`, `now` or empty."""


@dataclass(frozen=True, slots=True)
class Holders:
    """Who has the same, now."""

    accounts: int
    of: int
    """Accounts of the app."""
    names: Sequence[str]
    """Some with the same title."""


@dataclass(frozen=True, slots=True)
class Owner:
    """The person whose access it is, as they are now."""

    person: User
    managers: Sequence[User]
    accounts: Sequence[Account]
    """Theirs in the app of the line."""
    stand_in: Delegation | None


@dataclass(frozen=True, slots=True)
class Details:
    line: Line
    previous: int | None
    next: int | None
    number: int
    total: int
    history: Sequence[Moment]
    plan: Sequence[Moment]
    holders: Holders
    owner: Owner | None
    related: Sequence[Line]
    """Others about the same person, or the same account where it has no owner; the first of them."""
    related_number: int
    comments: Sequence[Comment]
    events: Sequence[TrailEvent]
    attributes: Sequence[Attribute]
    """What the campaign also shows of the account."""


def asked_about(campaign: Campaign, person: User) -> QuerySet[Turn]:
    """Every turn of this person in a campaign, one a line: the newest."""
    newest = Turn.objects.filter(campaign=campaign, reviewer=person).order_by("line_no", "-pk")
    return whole(newest)


def details(
    campaign: Campaign, person: User, turn: Turn, around: QuerySet[Turn], *, by_freshness: bool = True
) -> Details:
    """`around`: the turns of the stop at hand, for the way to the neighbours; `by_freshness`: their order."""
    earlier = earlier_campaigns(campaign)
    fresh = whole(with_freshness(Turn.objects.filter(pk=turn.pk), earlier))
    line = drawn(campaign, person, list(fresh), earlier=earlier)[0]
    before, after, number, total = _neighbours(around, earlier if by_freshness else (), turn.line_no)
    beside = _beside(campaign, person, turn.task)
    return Details(
        line=line,
        previous=before,
        next=after,
        number=number,
        total=total,
        history=_history(turn.task, line),
        plan=_plan(campaign, turn, person),
        holders=_holders(turn.task),
        owner=_owner(turn.task),
        related=drawn(campaign, person, list(whole(beside)[:RELATED]), earlier=earlier),
        related_number=beside.count(),
        comments=list(Comment.objects.filter(task=turn.task_id).select_related("by").order_by("pk")),
        events=timeline(turn.task),
        attributes=attributes_of(campaign, turn.task),
    )


def _beside(campaign: Campaign, person: User, task: ReviewTask) -> QuerySet[Turn]:
    """What this reviewer is or was asked about the same person."""
    own = own_turns(campaign, person, also_done=True).exclude(task=task.pk).order_by("line_no", "pk")
    if task.person_id:
        return own.filter(task__person=task.person_id)
    return own.filter(task__account=task.account_id)


def _owner(task: ReviewTask) -> Owner | None:
    person = User.objects.filter(pk=task.person_id or "").first()
    if person is None:
        return None
    accounts = Account.objects.here().filter(app=task.app_id, person=person).order_by("search_text", "pk")
    standing = Delegation.objects.active(now()).filter(person=person).select_related("delegate")
    managers = person.managers.order_by("search_text", "pk")
    return Owner(person, list(managers[:NAMES]), list(accounts[:NAMES]), standing.first())


def _neighbours(
    around: QuerySet[Turn], earlier: Sequence[Campaign], line_no: int
) -> tuple[int | None, int | None, int, int]:
    """The lines before and after it on the desk, its place among them, and how many there are."""
    numbers = [number for number, _ in in_order(around, earlier)]
    if line_no not in numbers:
        return None, None, 0, len(numbers)
    at = numbers.index(line_no)
    before = numbers[at - 1] if at else None
    after = numbers[at + 1] if at + 1 < len(numbers) else None
    return before, after, at + 1, len(numbers)


def _history(task: ReviewTask, line: Line) -> Sequence[Moment]:
    """Since when it is held, what earlier reviews said, how it came into this one."""
    found = [Moment("calendar", "Held since", f"First seen by sync {task.run:,}.", task.since)]
    if last := line.insight.last:
        said = ReviewTask.Status(last.status).label
        told = " ".join(
            filter(None, (f"{last.campaign}{f', by {last.by}' if last.by else ''}.", last.reason))
        )
        found.append(Moment("history", said, told, last.at))
    elif not line.insight.is_first:
        found.append(Moment("history", "Not reviewed before"))
    found.append(Moment("flag", "Put into this review", f"Line {task.line_no:,}.", task.campaign.frozen_at))
    decisions = Decision.objects.filter(task=task).select_related("by", "turn").order_by("pk")
    for each in decisions:
        by = each.by.name if each.by else "The closing rule"
        told = each.reason or "No reason given."
        tone = "bad" if each.outcome == Decision.Outcome.DENIED else ""
        found.append(Moment("check", f"{each.get_outcome_display()} by {by}", told, each.at, tone))
    return found


def _plan(campaign: Campaign, turn: Turn, person: User) -> Sequence[Moment]:
    """The steps of the policy, who is or was asked in each, and what follows.

    Of an earlier round only who was asked: another policy may hold by now.
    """
    is_over = turn.round != turn.task.round
    policies = applying(campaign)
    applied = None if is_over else policies.to_line(turn.task)
    policy = policies.text_of(applied) if applied else None
    turns = (
        Turn.objects.filter(task=turn.task_id, round=turn.round)
        .select_related("reviewer")
        .order_by("step", "pk")
    )
    asked: dict[int, list[Turn]] = {}
    for each in turns:
        asked.setdefault(each.step, []).append(each)
    found = [
        _step(number, asked.get(number, ()), words, person)
        for number, words in _steps(policy, turn.rule, asked)
    ]
    if is_over:
        return [*found, Moment("history", "Asked about anew after that", "What was said before stays.")]
    told = f"As {applied} has it." if applied else ""
    return [*found, Moment("circle-check", "Certified by the last of them: it stays.", told)]


def _steps(
    policy: routing.PolicyText | None, rule: int, asked: Mapping[int, Sequence[Turn]]
) -> Sequence[tuple[int, str]]:
    steps = policy.rules[rule - 1].steps if policy else ()
    words = {number: routing.KIND_WORDS[step.kind] for number, step in enumerate(steps, 1)}
    other = "A second reviewer" if policy else "Reviewer"
    words |= {number: other for number in asked if number not in words}
    return sorted(words.items())


def _step(number: int, turns: Sequence[Turn], words: str, person: User) -> Moment:
    if not turns:
        return Moment("clock", f"{number}. {words}", "Asked if the step before certifies it.")
    told = []
    for each in turns:
        who = "You" if each.reviewer_id == person.pk else each.reviewer.name
        why = "" if each.via == Turn.Via.REASSIGNED else f", {each.get_via_display()}"
        given = f", given on: {each.given_reason}" if each.given_reason else ""
        told.append(f"{who}{why}: {each.get_status_display().lower()}{given}.")
        if each.passed_over:
            told.append(each.passed_over)
    is_now = any(each.status == Turn.Status.OPEN for each in turns)
    return Moment("user", f"{number}. {words}", " ".join(told), turns[0].at, "now" if is_now else "")


def _holders(task: ReviewTask) -> Holders:
    held = Grant.objects.here().filter(entitlement=task.entitlement_id)
    alike = User.objects.active().filter(title=task.person_title).exclude(title="")
    alike = alike.exclude(pk=task.person_id or "")
    holding = Q(accounts__grants__entitlement=task.entitlement_id, accounts__grants__gone_at=None)
    names = alike.filter(holding).distinct().order_by("search_text").values_list("name", flat=True)
    of = Account.objects.here().filter(app=task.app_id)
    return Holders(held.count(), of.count(), list(names[:NAMES]))
