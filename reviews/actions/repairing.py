"""Lines put right while their campaign runs: asked about anew, by the same or another policy, or cancelled.

Nothing is taken away: what was decided stays, and the round that begins says why it no longer counts. A line
that is cancelled is an exception, never decided.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils.timezone import now

from core.errors import Denied, NotPossible, StaleState
from core.models import Role, User
from core.trail import record
from reviews.actions import removing
from reviews.actions.giving import NUMBERS, end
from reviews.actions.letters import tell_given
from reviews.actions.rights import must_concern_others, must_run, must_say
from reviews.actions.rounds import begin_round, campaign_of
from reviews.models import Campaign, Policy, PolicyVersion, ReviewTask, Turn
from reviews.queries.applying import applying
from reviews.queries.directory import Around, directory_for
from reviews.queries.facts import lines_of
from reviews.queries.keys import among
from reviews.queries.part_in import twins_of
from reviews.routing import every_step

MOST = 1_000
"""Lines put right by one act."""
LONGEST = 1_000
"""Letters of a reason."""
BESIDE = 300
"""Letters that stand beside a line."""
SHOWN = 3


@transaction.atomic
def restart(tasks: Sequence[ReviewTask], *, by: User, reason: str) -> int:
    """Ask about these lines from the first step, by the policy they are under. All of them, or none.

    As with the others here, each line has to be as the copy given believes it (StaleState), and not about the
    access of who does it (Denied). Answers how many lines.
    """
    campaign, held, said = _begin(tasks, by, reason)
    _anew(campaign, held, by=by, reason=said, word="Restarted")
    record("lines.restarted", campaign, by=by, reason=said, **_told(held))
    return len(held)


@transaction.atomic
def hard_reset(tasks: Sequence[ReviewTask], *, by: User, reason: str) -> int:
    """Ask about them anew by what their policy says today. Super Administrators only."""
    must_be_super(by)
    campaign, held, said = _begin(tasks, by, reason)
    policies, versions = applying(campaign), dict[int, PolicyVersion]()
    latest: dict[str, PolicyVersion] = {}
    for task in held:
        applied = policies.to_line(task)
        if applied is None:
            raise NotPossible(f"{campaign} has no policy that its lines could be reset by.")
        policy = applied.version.policy
        if policy.pk not in latest:
            latest[policy.pk] = policy.latest()
        if latest[policy.pk] != applied.version:  # else it goes on under what it is under
            versions[task.pk] = latest[policy.pk]
    _anew(campaign, held, by=by, reason=said, word="Reset", versions=versions)
    names = sorted({str(each) for each in latest.values()})
    record("lines.reset", campaign, by=by, reason=said, policies=names, **_told(held))
    return len(held)


@transaction.atomic
def change_policy(tasks: Sequence[ReviewTask], policy: Policy, *, by: User, reason: str) -> int:
    """Ask about them anew by the latest version of another policy, which holds from here on. Super
    Administrators only."""
    must_be_super(by)
    campaign, held, said = _begin(tasks, by, reason)
    if policy.retired_at is not None:
        raise NotPossible(f"{policy} is retired: choose another policy.")
    version = policy.latest()
    versions = dict.fromkeys([task.pk for task in held], version)
    _anew(campaign, held, by=by, reason=said, word=f"Put under {policy.name}", versions=versions)
    record("lines.policy_changed", campaign, by=by, reason=said, policy=str(version), **_told(held))
    return len(held)


@transaction.atomic
def cancel(tasks: Sequence[ReviewTask], *, by: User, reason: str) -> int:
    """Have nobody asked about these open lines any more: exceptions, with the reason beside them. Super
    Administrators only."""
    must_be_super(by)
    campaign, held, said = _begin(tasks, by, reason)
    if decided := [task for task in held if task.status != ReviewTask.Status.OPEN]:
        first = decided[0]
        raise NotPossible(
            f"Line {first.line_no} is {first.get_status_display().lower()}: only open lines are cancelled."
            " Restart it first."
        )
    beside = f"Cancelled by {by}: {said}"
    if len(beside) > BESIDE:
        room = BESIDE - (len(beside) - len(said))
        raise NotPossible(f"This reason stands beside each line: it has at most {room} letters.")
    keys = [task.pk for task in held]
    asked = Turn.objects.open().filter(task__in=among(keys)).select_for_update().order_by("pk")
    end(list(asked), Turn.Status.ENDED, was_asked=True)
    ReviewTask.objects.open().filter(pk__in=among(keys)).update(
        status=ReviewTask.Status.EXCEPTED, status_reason=beside, settled_at=now()
    )
    record("lines.called_off", campaign, by=by, reason=said, **_told(held))
    return len(held)


def _begin(tasks: Sequence[ReviewTask], by: User, reason: str) -> tuple[Campaign, Sequence[ReviewTask], str]:
    """The campaign, which stays running, these lines as they are, and the reason, tidied."""
    if not tasks:
        raise NotPossible("Tick the lines that you mean.")
    if len(tasks) > MOST:
        raise NotPossible(f"At most {MOST:,} lines can be put right at once.")
    campaign = campaign_of(tasks)
    must_be_allowed(campaign, by)
    must_concern_others(tasks, by)
    said = must_say(reason)
    if len(said) > LONGEST:
        raise NotPossible(f"A reason has at most {LONGEST:,} letters.")
    if campaign.status != Campaign.Status.RUNNING:
        raise NotPossible(
            f"{campaign} is {campaign.get_status_display().lower()}: its lines are put right while it runs."
        )
    rows = ReviewTask.objects.filter(campaign=campaign, pk__in=among([task.pk for task in tasks]))
    held = list(rows.select_for_update(no_key=True).order_by("pk"))
    _must_be_as_seen(held, {task.pk: task for task in tasks})
    return campaign, held, said


def must_be_allowed(campaign: Campaign, by: User) -> None:
    """Whoever runs the campaign, the control owner never."""
    must_run(campaign, by)
    if campaign.control_owner_id in twins_of(by):
        raise Denied(f"You are the control owner of {campaign}: what becomes of its lines others decide.")


def must_be_super(by: User) -> None:
    supers = User.objects.active().holding(Role.SUPER)
    if not supers.filter(pk=by.pk).exists():
        names = ", ".join(each.name for each in supers.order_by("search_text", "pk")[:SHOWN])
        raise Denied(f"Only a Super Administrator can do this: {names or 'there is none'}.")


def _must_be_as_seen(held: Sequence[ReviewTask], seen: Mapping[int, ReviewTask]) -> None:
    if len(held) != len(seen):
        raise NotPossible("Choose lines of one campaign at a time.")
    if changed := [task.line_no for task in held if task.stamp != seen[task.pk].stamp]:
        raise StaleState(f"{_lines(changed)} changed meanwhile. Look again, then do it again.")
    gone = [task.line_no for task in held if task.status == ReviewTask.Status.CANCELLED]
    if gone:
        raise NotPossible(f"{_lines(gone)}: the access was gone, so nobody is asked about it.")


def _anew(
    campaign: Campaign,
    held: Sequence[ReviewTask],
    *,
    by: User,
    reason: str,
    word: str,
    versions: Mapping[int, PolicyVersion] | None = None,
) -> None:
    for task in held:
        if task.status == ReviewTask.Status.DENIED:
            removing.drop_for(task, by=by, reason=reason)
    said = f"{word} by {by}: {reason}"
    asked = begin_round(held, by=by, reason=reason, said=said, versions=versions)
    _must_have_reviewers(campaign, [task.pk for task in held])
    tell_given(campaign, asked, by=by, reason=reason)


def _must_have_reviewers(campaign: Campaign, keys: Sequence[int]) -> None:
    """In every step. What was begun is taken back where one has nobody: this makes no exceptions."""
    around, lost = Around.of(campaign), []
    lines = lines_of(ReviewTask.objects.filter(pk__in=among(keys)))
    policies = applying(campaign)
    directory = directory_for(around, policies.texts(), [line.facts for line in lines])
    for line in lines:
        _, nobody = every_step(policies.text(line.facts), line.facts, directory)
        if nobody is not None:
            lost.append(f"Line {line.line_no}: {nobody.sentence}")
    if lost:
        more = f" And {len(lost) - SHOWN} more." if len(lost) > SHOWN else ""
        raise NotPossible(f"Nobody could be asked then. {' '.join(lost[:SHOWN])}{more} Nothing was changed.")


def _told(held: Sequence[ReviewTask]) -> dict[str, Any]:
    """What the trail says of all these acts."""
    numbers = sorted(task.line_no for task in held)
    return {"lines": len(numbers), "numbers": numbers[:NUMBERS]}


def _lines(numbers: Sequence[int]) -> str:
    said = ", ".join(f"{each:,}" for each in sorted(numbers)[:SHOWN])
    more = f" and {len(numbers) - SHOWN} more" if len(numbers) > SHOWN else ""
    return f"Line {said}" if len(numbers) == 1 else f"Lines {said}{more}"
