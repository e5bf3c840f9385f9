"""What becomes of denied lines: a removal each, by the clock of the organisation."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date

from django.db import transaction
from django.utils.timezone import localdate, now

from connectors.models import Tag
from core.models import Organisation, User
from core.queue import nudge
from core.trail import record
from reviews.models import Campaign, PopulationSource, Removal, ReviewTask

DAYS, GRAVE_DAYS = 7, 3
"""Working days from the denial until it is to be gone; fewer where the risk is High or Critical."""
BATCH = 1_000  # rows an INSERT
OVER = (Removal.Status.CAME_BACK, Removal.Status.DROPPED)
"""After these a line may have another removal."""
ENDED = (Campaign.Status.CLOSED, Campaign.Status.REMEDIATION, Campaign.Status.SIGNED_OFF)


@transaction.atomic
def open_for(tasks: Sequence[ReviewTask], by: User | None) -> Sequence[Removal]:
    """A removal for each of these denied lines of one campaign; a line that has one keeps it.

    Part of the verb that denied them, in its transaction, after its permission checks. `by` is None for the
    closing rule. Where the campaign removes without asking they are ordered by a job at once.
    """
    if not tasks:
        return []
    campaign = Campaign.objects.select_related("policy_version").get(pk=tasks[0].campaign_id)
    has_one = _with_removal(tasks)
    new = [task for task in tasks if task.pk not in has_one]
    if not new:
        return []
    unasked: frozenset[str] = frozenset() if _asks_always(campaign) else _reviewed_before(campaign, new)
    clock = _clock()
    graves = Tag.objects.grave_names()
    removals = Removal.objects.bulk_create(
        (
            Removal(
                task=task,
                campaign=campaign,
                app_id=task.app_id,
                due_on=clock[task.risk in graves],
                confirmed_at=now() if task.app_id in unasked else None,
            )
            for task in new
        ),
        batch_size=BATCH,
    )
    record("removals.opened", campaign, by=by, number=len(new), lines=[task.line_no for task in new[:BATCH]])
    if unasked:
        nudge("reviews.order_removals", campaign.pk)
    return removals


def asks_first(campaign: Campaign, tasks: Sequence[ReviewTask]) -> bool:
    """Whether denying all of these lines makes a removal that waits for the owner of its app."""
    if _asks_always(campaign):
        return True
    return not {task.app_id for task in tasks} <= _reviewed_before(campaign, tasks)


def due_on(task: ReviewTask) -> date:
    """When its access is to be gone if it is denied today."""
    return _clock()[task.risk in Tag.objects.grave_names()]


def _with_removal(tasks: Sequence[ReviewTask]) -> Collection[int]:
    found: set[int] = set()
    keys = [task.pk for task in tasks]
    for start in range(0, len(keys), BATCH):
        live = Removal.objects.filter(task__in=keys[start : start + BATCH]).exclude(status__in=OVER)
        found.update(live.values_list("task_id", flat=True))
    return found


def _asks_always(campaign: Campaign) -> bool:
    """By choice of the campaign, or because its policy removes nothing by itself."""
    removes = campaign.policy_version is None or campaign.policy_version.content.get("removes", True)
    return campaign.when_removed == Campaign.Removals.CONFIRMED or not removes


def _reviewed_before(campaign: Campaign, tasks: Sequence[ReviewTask]) -> frozenset[str]:
    """Apps of these lines that an earlier campaign came to its end with: in the first one owners confirm."""
    apps = {task.app_id for task in tasks}
    earlier = PopulationSource.objects.filter(connector__app__in=apps, campaign__status__in=ENDED)
    return frozenset(earlier.exclude(campaign=campaign).values_list("connector__app", flat=True))


def _clock() -> Mapping[bool, date]:
    """The day by which access denied today is to be gone; True: of a grave risk."""
    organisation = Organisation.current()
    today = localdate(timezone=organisation.zone)
    return {
        is_grave: organisation.working_days_after(today, GRAVE_DAYS if is_grave else DAYS)
        for is_grave in (True, False)
    }
