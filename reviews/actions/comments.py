"""What people say about lines. Never changed, never taken back, part of the evidence."""

from django.db import transaction

from core.errors import Denied, NotPossible
from core.models import User
from core.trail import record
from reviews.actions.keeping import keep_people
from reviews.actions.notices import commented
from reviews.models import Campaign, Comment, ReviewTask

LONGEST = 4_000  # letters


@transaction.atomic
def comment(task: ReviewTask, text: str, *, by: User) -> Comment:
    """Say something about a line, also after its campaign has ended. Raises Denied, NotPossible."""
    may = ReviewTask.objects.visible_to(by).filter(pk=task.pk).exists()
    if not (by.is_active and by.may_act and may):
        raise Denied("Only those who were asked about a line, and who run its campaign, can comment on it.")
    said = text.strip()
    if not said:
        raise NotPossible("Write something first.")
    if len(said) > LONGEST:
        raise NotPossible(f"A comment has at most {LONGEST:,} letters; this one has {len(said):,}.")
    if task.campaign.status not in Campaign.STARTED:
        raise NotPossible(f"{task.campaign} is not running, so there is nothing to comment on.")
    row = Comment.objects.create(task=task, by=by, text=said)
    keep_people(task.campaign_id, [by.pk])
    record("reviews.commented", task, by=by, campaign=task.campaign, line=task.line_no, text=said[:300])
    commented(row)
    return row
