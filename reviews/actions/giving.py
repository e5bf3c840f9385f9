"""Giving lines on to somebody else: by the reviewer, an owner of the campaign or a Super Administrator."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils.timezone import now

from core.errors import Denied, NotPossible, StaleState
from core.models import User
from core.trail import record
from reviews.actions.letters import tell_given
from reviews.actions.turn_rows import Row, ask_anew, codes, count
from reviews.models import Campaign, ReviewTask, Turn
from reviews.queries.applying import Applying, applying
from reviews.queries.directory import Around, directory_for
from reviews.queries.facts import Line, lines_of
from reviews.queries.people import own_among
from reviews.queries.routes import Deciders, deciders
from reviews.routing import SECOND, Asking, Directory, Step, given_to, step_at, ties

LONGEST_REASON, NUMBERS, SHOWN = 1_000, 100, 3
PAGE = 1_000


class CannotTake(NotPossible):
    """This person may not be asked about one of the lines."""


class ReasonNeeded(NotPossible):
    """It has to be said why."""


@dataclass(frozen=True, slots=True)
class Given:
    """A turn that ends, and who is asked in its stead; None: they are asked already."""

    turn: Turn
    line: Line
    to: Asking | None


@transaction.atomic
def give_on(turns: QuerySet[Turn], to: User, *, by: User, reason: str = "") -> int:
    """Have somebody else asked instead, about all of these open turns of one campaign or about none.

    Page by page, for a reviewer may have very many; what one page refuses takes the others back. Who stands
    in for them takes over, as with everything new. They get a letter, one a day. Answers how many.
    Raises Denied, StaleState, ReasonNeeded, and CannotTake with the lines that they may not decide.
    """
    reason = reason.strip()
    campaign = _campaign_of(turns)
    told = _Told()
    for held in _pages(campaign, turns):
        _give_page(campaign, held, to, by, reason, told)
    record(
        "reviews.given_on",
        campaign,
        by=by,
        to=to,
        reason=reason,
        lines=told.lines,
        numbers=told.numbers,
        taken_from=sorted(told.taken_from),
    )
    tell_given(campaign, told.takers, by=by, reason=reason)
    return told.lines


@dataclass(slots=True)
class _Told:
    """What the trail and the letters say of all pages."""

    lines: int = 0
    numbers: list[int] = field(default_factory=list)
    """The first of them."""
    taken_from: set[str] = field(default_factory=set)
    takers: Counter[str] = field(default_factory=Counter)


def _give_page(
    campaign: Campaign, held: Sequence[Turn], to: User, by: User, reason: str, told: _Told
) -> None:
    tasks = ReviewTask.objects.filter(pk__in=[turn.task_id for turn in held])
    lines, policies = {line.pk: line for line in lines_of(tasks)}, applying(campaign)
    steps = {turn.pk: _step(policies, lines[turn.task_id], turn) for turn in held}
    _must_be_allowed(campaign, held, steps.values(), by)
    _must_be_among(to, steps.values())
    _must_say_why(reason, steps.values())
    given = _given(campaign, held, lines, steps, to)
    end(held, Turn.Status.GIVEN_ON)
    ask_anew([_row(each, each.to, by, reason) for each in given if each.to is not None])
    told.lines += len(held)
    told.numbers += [each.line.line_no for each in given[: NUMBERS - len(told.numbers)]]
    told.taken_from |= {turn.reviewer.name for turn in held}
    told.takers.update(each.to.reviewer for each in given if each.to is not None)


def end(turns: Sequence[Turn], status: Turn.Status, *, was_asked: bool = False) -> None:
    """Nobody is asked by these turns any longer, and their reviewers' counts are right again (`count`).

    Raises StaleState where one is not open any more.
    """
    changed = Turn.objects.open().filter(pk__in=[turn.pk for turn in turns])
    if changed.update(status=status, ended_at=now()) != len(turns):
        raise StaleState("Some of these lines were decided or given on meanwhile. Look again.")
    for campaign in {turn.campaign_id for turn in turns}:
        gone = Counter(turn.reviewer_id for turn in turns if turn.campaign_id == campaign)
        fewer = {reviewer: -number for reviewer, number in gone.items()}
        count(campaign, fewer, was_asked=was_asked)


def lock_running(campaign: Campaign) -> Campaign:
    """The campaign as it is now; it is neither closed nor cancelled before this transaction ends."""
    campaign = Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)
    if campaign.status not in (Campaign.Status.STAGED, Campaign.Status.RUNNING):
        words = campaign.get_status_display().lower()
        raise NotPossible(f"{campaign} is {words}: nobody is asked about its lines now.")
    return campaign


def _campaign_of(turns: QuerySet[Turn]) -> Campaign:
    """Locked."""
    first = turns.select_related("campaign").first()
    if first is None:
        raise NotPossible("Choose at least one line.")
    return lock_running(first.campaign)


def _pages(campaign: Campaign, turns: QuerySet[Turn]) -> Iterator[Sequence[Turn]]:
    """Those that there are now, page by page, locked; those made meanwhile have higher keys."""
    until = turns.aggregate(last=Max("pk"))["last"]
    rows = turns.filter(pk__lte=until).select_for_update(of=("self",)).select_related("reviewer", "task")
    last = 0
    while found := list(rows.filter(pk__gt=last).order_by("pk")[:PAGE]):
        _must_stand(campaign, found)
        last = found[-1].pk
        yield found


def _must_stand(campaign: Campaign, found: Sequence[Turn]) -> None:
    if any(turn.status != Turn.Status.OPEN for turn in found):
        raise StaleState("Some of these lines were decided or given on meanwhile. Look again.")
    if any(turn.campaign_id != campaign.pk for turn in found):
        raise NotPossible("Give on the lines of one campaign at a time.")


def _step(policies: Applying, line: Line, turn: Turn) -> Step:
    return step_at(policies.text(line.facts), turn.rule, turn.step) or SECOND


def _must_be_allowed(campaign: Campaign, held: Sequence[Turn], steps: Iterable[Step], by: User) -> None:
    """By reviewers where the step lets them; by whoever runs the campaign. Never for one's own access."""
    helpers = _helpers(campaign)
    if by.is_active and not by.may_act:
        raise Denied(f"Who only reads decides nothing, nor who decides. Ask {helpers}.")
    runs_it = by.is_active and Campaign.objects.run_by(by).filter(pk=campaign.pk).exists()
    theirs = by.is_active and all(by.pk in (turn.reviewer_id, turn.on_behalf_of_id) for turn in held)
    if not runs_it and not theirs:
        raise Denied(f"Only the reviewer and those who run the campaign can give these lines on: {helpers}.")
    if own_among(by, ReviewTask.objects.filter(pk__in=[turn.task_id for turn in held])):
        raise Denied(f"Nobody chooses who decides on their own access. Ask {helpers}.")
    if not runs_it and not all(step.may_reassign for step in steps):
        raise Denied(f"The policy does not let reviewers give these lines on. Ask {helpers}.")


def _helpers(campaign: Campaign) -> str:
    names = campaign.owners.filter(status=User.Status.ACTIVE).order_by("search_text")[:SHOWN]
    return " or ".join(each.name for each in names) or "a Super Administrator"


def _must_be_among(to: User, steps: Iterable[Step]) -> None:
    for step in steps:
        if step.reassign_to and to.pk not in step.reassign_to:
            allowed = User.objects.active().filter(pk__in=step.reassign_to).order_by("search_text")[:SHOWN]
            names = ", ".join(each.name for each in allowed) or "nobody who is active"
            raise CannotTake(f"The policy lets these lines be given only to: {names}.")


def _must_say_why(reason: str, steps: Iterable[Step]) -> None:
    if len(reason) > LONGEST_REASON:
        raise NotPossible(f"A reason has at most {LONGEST_REASON} letters.")
    if not reason and any(step.reassign_needs_reason for step in steps):
        raise ReasonNeeded("Say why you give this on.")


def _given(
    campaign: Campaign, held: Sequence[Turn], lines: Mapping[int, Line], steps: Mapping[int, Step], to: User
) -> Sequence[Given]:
    """Who is asked in the stead of each. Raises CannotTake with the lines they may not decide."""
    tasks = ReviewTask.objects.filter(pk__in=list(lines))
    facts = [line.facts for line in lines.values()]
    # Whatever the policies say, the line goes to this person or who stands in for them.
    directory = directory_for(Around.of(campaign), (), facts, also=[to.pk])
    before = deciders(tasks)
    asked_now = set(Turn.objects.open().filter(task__in=tasks.values("pk")).values_list("task", "reviewer"))
    given, refused = [], []
    for turn in held:
        line, step = lines[turn.task_id], steps[turn.pk]
        found = _taker(turn, line, step, to, directory, before)
        if isinstance(found, str):
            refused.append(f"line {line.line_no}: {to} {found}")
        else:
            is_new = (turn.task_id, found.reviewer) not in asked_now
            given.append(Given(turn, line, found if is_new else None))
            asked_now.add((turn.task_id, found.reviewer))
    if refused:
        more = f", and {len(refused) - SHOWN} more" if len(refused) > SHOWN else ""
        raise CannotTake(f"{to} cannot take this on ({'; '.join(refused[:SHOWN])}{more}). Choose another.")
    return given


def _taker(
    turn: Turn, line: Line, step: Step, to: User, directory: Directory, before: Deciders
) -> Asking | str:
    """They, or who stands in for them, unless that is who gives it on."""
    if turn.reviewer_id == to.pk:
        return "is asked about it already"
    found = given_to(to.pk, step, line.facts, directory, before.get(line.pk, ()))
    if isinstance(found, Asking) and found.reviewer == turn.reviewer_id:
        return Asking(to.pk, "", ties(to.pk, line.facts, directory))
    return found


def _row(given: Given, to: Asking, by: User, reason: str) -> Row:
    turn = given.turn
    return Row(
        task_id=turn.task_id,
        campaign_id=turn.campaign_id,
        line_no=turn.line_no,
        round=turn.round,
        step=turn.step,
        rule=turn.rule,
        reviewer_id=to.reviewer,
        on_behalf_of_id=to.on_behalf_of or None,
        via=Turn.Via.REASSIGNED.value,
        is_fallback=False,
        passed_over="",
        independence=codes(to.ties),
        status=Turn.Status.OPEN.value,
        given_by_id=by.pk,
        given_reason=reason,
        at=now(),
    )
