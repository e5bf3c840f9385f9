"""A decision put right after it was submitted: a new row that names the one it replaces (decision 18)."""

from django.db import transaction
from django.utils.timezone import now

from core.errors import Denied, NotPossible, StaleState
from core.models import User
from core.trail import record
from reviews.actions import removals, removing
from reviews.actions.rights import must_concern_others, must_run, must_say
from reviews.models import Campaign, Decision, ReviewTask

FINAL = {
    ReviewTask.Status.CERTIFIED: Decision.Outcome.DENIED,
    ReviewTask.Status.DENIED: Decision.Outcome.CERTIFIED,
}
"""What a settled line can be corrected to."""


@transaction.atomic
def correct(task: ReviewTask, *, by: User, outcome: str, reason: str) -> Decision:
    """Before closing, by an owner of the campaign or a Super Administrator, never about their own access."""
    campaign = Campaign.objects.select_for_update(no_key=True).get(pk=task.campaign_id)
    must_run(campaign, by)
    if campaign.control_owner_id == by.pk:
        raise Denied(f"You are the control owner of {campaign} and decide none of its lines.")
    must_concern_others([task], by)
    if campaign.status != Campaign.Status.RUNNING:
        raise NotPossible(
            f"{campaign} is {campaign.get_status_display().lower()}: decisions are corrected while it runs."
        )
    said = must_say(reason)
    last = task.decisions.order_by("-pk").first()
    if last is None or FINAL.get(ReviewTask.Status(task.status)) != outcome:
        raise NotPossible(
            f"Line {task.line_no} cannot become that: it is {task.get_status_display().lower()}."
        )
    changed = ReviewTask.objects.filter(pk=task.pk, status=task.status)
    if not changed.update(status=outcome, settled_at=now(), status_reason="Corrected."):
        raise StaleState(f"Line {task.line_no} was changed by somebody else; look again.")
    before, task.status = task.get_status_display(), outcome
    decision = Decision.objects.create(
        task=task, campaign=campaign, turn_id=last.turn_id, outcome=outcome, reason=said, by=by, replaces=last
    )
    if outcome == Decision.Outcome.DENIED:
        removals.open_for([task], by)
    else:
        removing.drop_for(task, by=by, reason=said)
    after = decision.get_outcome_display()
    changed_to = {"before": before, "after": after}
    record("lines.corrected", campaign, by=by, line=task.line_no, outcome=changed_to, reason=said)
    return decision
