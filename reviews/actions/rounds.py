"""Lines asked about from the first step anew. What was decided about them stays, and no longer counts."""

from collections import Counter
from collections.abc import Mapping, Sequence

from django.db.models import F
from django.utils.timezone import now

from core.models import User
from reviews.actions import turns
from reviews.actions.giving import end
from reviews.actions.keeping import keep_people
from reviews.models import Campaign, LineRound, PolicyVersion, ReviewTask, Turn
from reviews.queries.applying import applying
from reviews.queries.keys import among


def begin_round(
    tasks: Sequence[ReviewTask],
    *,
    by: User | None,
    reason: str,
    said: str,
    versions: Mapping[int, PolicyVersion] | None = None,
) -> Counter[str]:
    """Begin the next round of these lines of one campaign; part of the caller's transaction, which holds the
    campaign.

    `said`: what stands beside the line meanwhile. `versions`: by key of the line, what applies from here on;
    else what applied before. Answers how many lines each of those has who are asked now.
    """
    keys = [task.pk for task in tasks]
    lines = ReviewTask.objects.filter(pk__in=among(keys))
    held = list(lines.select_related("campaign").select_for_update(of=("self",), no_key=True).order_by("pk"))
    _stop_asking(keys)
    _write(held, by, reason, versions or {})
    if held and by is not None:
        keep_people(held[0].campaign_id, [by.pk])
    lines.update(
        round=F("round") + 1, status=ReviewTask.Status.OPEN, status_reason=said[:300], settled_at=None
    )
    turns.enter_step(ReviewTask.objects.filter(pk__in=among(keys)), 1)
    asked = Turn.objects.open().filter(task__in=among(keys))
    return Counter(asked.values_list("reviewer_id", flat=True))


def _stop_asking(keys: Sequence[int]) -> None:
    asked = Turn.objects.open().filter(task__in=among(keys))
    if held := list(asked.select_for_update().order_by("pk")):
        end(held, Turn.Status.ENDED)


def _write(
    held: Sequence[ReviewTask], by: User | None, reason: str, versions: Mapping[int, PolicyVersion]
) -> None:
    own = applying(held[0].campaign).by_line if held else {}
    at = now()
    LineRound.objects.bulk_create(
        [
            LineRound(
                task=task,
                campaign_id=task.campaign_id,
                number=task.round + 1,
                policy_version=versions.get(task.pk) or (own[task.pk].version if task.pk in own else None),
                by=by,
                reason=reason,
                at=at,
            )
            for task in held
        ],
        batch_size=1_000,
    )


def campaign_of(tasks: Sequence[ReviewTask]) -> Campaign:
    """As it is now; it is neither closed nor cancelled before this transaction ends."""
    return Campaign.objects.select_for_update(no_key=True).get(pk=tasks[0].campaign_id)
