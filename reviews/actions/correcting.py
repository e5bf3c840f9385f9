"""A decision put right after it was submitted: a new row that names the one it replaces (decision 18)."""

from django.db import transaction
from django.db.models import F
from django.utils.timezone import now

from core.errors import Denied, NotPossible, StaleState
from core.models import User
from core.trail import record
from reviews.actions import removals, removing, turns
from reviews.actions.deciding import MustSignInAgain
from reviews.actions.keeping import keep_people
from reviews.actions.rights import must_concern_others, must_run, must_say, owners_of
from reviews.actions.turn_rows import codes
from reviews.models import Campaign, Decision, Progress, ReviewTask, Turn
from reviews.queries.applying import applying
from reviews.queries.directory import Around, directory_for
from reviews.queries.facts import lines_of
from reviews.queries.rounds import of_this_round
from reviews.queries.routes import deciders
from reviews.routing import SECOND, step_at, ties, why_not

FINAL = {
    ReviewTask.Status.CERTIFIED: Decision.Outcome.DENIED,
    ReviewTask.Status.DENIED: Decision.Outcome.CERTIFIED,
}
"""What a settled line can be corrected to."""


@transaction.atomic
def correct(task: ReviewTask, *, by: User, outcome: str, reason: str, is_proven: bool = False) -> Decision:
    """Before closing, by an owner of the campaign or a Super Administrator, never about their own access.

    To certify they have to be somebody whom the policy could ask in that step. Where it wants a further one
    then, the line is open again and goes there. `is_proven`: they proved within the last ten minutes who they
    are, which steps may want (MustSignInAgain), of a correction as of a decision.
    """
    campaign = Campaign.objects.select_for_update(no_key=True).get(pk=task.campaign_id)
    _must_be_allowed(campaign, task, by)
    said = must_say(reason)
    last = task.decisions.filter(of_this_round()).select_related("turn").order_by("-pk").first()
    turn = last.turn if last else None
    if last is None or turn is None or FINAL.get(ReviewTask.Status(task.status)) != outcome:
        raise NotPossible(
            f"Line {task.line_no} cannot become that: it is {task.get_status_display().lower()}."
        )
    tied = _ties(campaign, task, turn, by, outcome, is_proven=is_proven)
    changed = ReviewTask.objects.filter(pk=task.pk, status=task.status)
    if not changed.update(status=outcome, settled_at=now(), status_reason="Corrected."):
        raise StaleState(f"Line {task.line_no} was changed by somebody else; look again.")
    before, task.status = task.get_status_display(), outcome
    decision = _replaced(last, by=by, outcome=outcome, reason=said, tied=tied)
    keep_people(campaign, [by.pk])
    _count(turn, was=last.outcome, now_is=outcome)
    if outcome == Decision.Outcome.DENIED:
        removals.open_for([task], by)
    else:
        removing.drop_for(task, by=by, reason=said)
        _go_on(task, turn.step + 1)
    task.refresh_from_db(fields=["status", "status_reason", "settled_at"])
    changed_to = {"before": before, "after": decision.get_outcome_display()}
    record("lines.corrected", campaign, by=by, line=task.line_no, outcome=changed_to, reason=said)
    return decision


def _must_be_allowed(campaign: Campaign, task: ReviewTask, by: User) -> None:
    must_run(campaign, by)
    if campaign.control_owner_id == by.pk:
        raise Denied(f"You are the control owner of {campaign} and decide none of its lines.")
    must_concern_others([task], by)
    if campaign.status != Campaign.Status.RUNNING:
        raise NotPossible(
            f"{campaign} is {campaign.get_status_display().lower()}: decisions are corrected while it runs."
        )


def _ties(
    campaign: Campaign, task: ReviewTask, turn: Turn, by: User, outcome: str, *, is_proven: bool
) -> str:
    """What ties them to the line, as codes. Raises Denied if they could not be asked to certify it, or may
    not decide in that step before they sign in again."""
    tasks = ReviewTask.objects.filter(pk=task.pk)
    [line] = lines_of(tasks)
    policy = applying(campaign).text(line.facts)
    directory = directory_for(Around.of(campaign), [policy], [line.facts], also=[by.pk])
    step = step_at(policy, turn.rule, turn.step) or SECOND
    earlier = deciders(tasks, before=turn.step).get(task.pk, ())
    refused = why_not(by.pk, step, line.facts, directory, earlier)
    if refused and outcome == Decision.Outcome.CERTIFIED:
        raise Denied(
            f"You cannot certify line {task.line_no}: {by} {refused}. Another owner has to correct it."
            f" {owners_of(campaign)}"
        )
    if step.sign_in_again and not is_proven:
        raise MustSignInAgain(task.line_no)
    return codes(ties(by.pk, line.facts, directory))


def _replaced(old: Decision, *, by: User, outcome: str, reason: str, tied: str) -> Decision:
    return Decision.objects.create(
        task_id=old.task_id,
        campaign_id=old.campaign_id,
        turn_id=old.turn_id,
        round=old.round,
        outcome=outcome,
        reason=reason,
        by=by,
        independence=tied,
        replaces=old,
    )


def _go_on(task: ReviewTask, step: int) -> None:
    """To whoever the policy asks once it is certified; it stays certified where that is nobody."""
    line = ReviewTask.objects.filter(pk=task.pk)
    line.update(status=ReviewTask.Status.OPEN, settled_at=None)
    if not turns.enter_step(line, step):
        line.update(status=ReviewTask.Status.CERTIFIED, settled_at=now())


def _count(turn: Turn, *, was: str, now_is: str) -> None:
    """The line counts as decided the other way for whoever decided it first."""
    rows = Progress.objects.filter(campaign=turn.campaign_id, reviewer=turn.reviewer_id)
    rows.filter(**{f"{was}__gt": 0}).update(**{was: F(was) - 1, now_is: F(now_is) + 1})
