"""What people say about lines. Never changed, never taken back, part of the evidence."""

from collections.abc import Collection

from django.db import transaction

from core.errors import Denied, NotPossible
from core.models import User
from core.trail import record_many
from reviews.actions.keeping import keep_people
from reviews.actions.notices import commented
from reviews.models import Campaign, Comment, ReviewTask
from reviews.queries.keys import among

LONGEST = 4_000  # letters
MOST = 200
"""Lines one comment may be about."""


def comment(task: ReviewTask, text: str, *, by: User) -> Comment:
    """Say something about a line, also after its campaign has ended. Raises Denied, NotPossible."""
    return comment_all(task.campaign, [task.line_no], text, by=by)[0]


@transaction.atomic
def comment_all(campaign: Campaign, lines: Collection[int], text: str, *, by: User) -> list[Comment]:
    """Say the same about each of these lines, or about none of them. Raises Denied, NotPossible."""
    wanted = set(lines)
    if len(wanted) > MOST:
        raise NotPossible(f"One comment can be about at most {MOST} lines; these are {len(wanted):,}.")
    seen = ReviewTask.objects.visible_to(by).filter(campaign=campaign, line_no__in=among(wanted))
    tasks = list(seen.order_by("line_no"))
    if not (by.is_active and by.may_act and tasks and len(tasks) == len(wanted)):
        raise Denied("Only those who were asked about a line, and who run its campaign, can comment on it.")
    said = text.strip()
    if not said:
        raise NotPossible("Write something first.")
    if len(said) > LONGEST:
        raise NotPossible(f"A comment has at most {LONGEST:,} letters; this one has {len(said):,}.")
    if campaign.status not in Campaign.STARTED:
        raise NotPossible(f"{campaign} is not running, so there is nothing to comment on.")
    rows = Comment.objects.bulk_create(Comment(task=task, by=by, text=said) for task in tasks)
    keep_people(campaign.pk, [by.pk])
    told = [(task, {"campaign": campaign, "line": task.line_no, "text": said[:300]}) for task in tasks]
    record_many("reviews.commented", told, by=by)
    commented(campaign, tasks, by=by)
    return rows
