"""What becomes of denied lines: a removal each, by the clock of the organisation."""

# ruff: noqa: S608  # what is written into the text are names of our own table and columns
import json
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime

from django.db import connection, transaction
from django.db.models import Exists, OuterRef
from django.utils.timezone import localdate, now

from core.errors import NotPossible
from core.ids import ksuid
from core.models import Organisation, User
from core.queue import nudge
from core.trail import record
from reviews.actions.permission import may_run, must_run
from reviews.models import Campaign, PopulationSource, Removal, ReviewTask
from reviews.models.review import ReviewTaskQuerySet
from reviews.queries.applying import applying
from reviews.queries.graves import grave_in

BATCH = 1_000  # rows an INSERT
OVER = (Removal.Status.CAME_BACK, Removal.Status.DROPPED)
"""After these a line may have another removal."""
ENDED = (Campaign.Status.CLOSED, Campaign.Status.REMEDIATION, Campaign.Status.SIGNED_OFF)

COLUMNS = ("key", "task_id", "campaign_id", "app_id", "status", "due_on", "created_at", "confirmed_at")
_INSERT = f"INSERT INTO reviews_removal ({', '.join(COLUMNS)}, reason, problem, lookback)"
BY_JSON = (
    f"{_INSERT} SELECT {', '.join(COLUMNS)}, '', '', '{{}}'"
    " FROM json_populate_recordset(NULL::reviews_removal, %s)"
)
BY_ROWS = f"{_INSERT} VALUES ({', '.join(['%s'] * len(COLUMNS))}, '', '', '{{}}')"


@transaction.atomic
def open_for(tasks: Sequence[ReviewTask], by: User | None, *, even_so: bool = False) -> int:
    """A removal for each of these denied lines of one campaign; a line that has one keeps it.

    Answers how many are new. Part of the verb that denied them, in its transaction, after its permission
    checks. `by` is None for the closing rule. Where the campaign removes without asking, a job orders them at
    once; for lines whose policy removes nothing there is none, unless somebody wants them `even_so`.
    """
    if not tasks:
        return 0
    campaign = Campaign.objects.select_related("policy_version").get(pk=tasks[0].campaign_id)
    removing = _removing(campaign, tasks)
    has_one = _with_removal(tasks)
    new = [task for task in tasks if task.pk not in has_one and (even_so or task.pk in removing)]
    if not new:
        return 0
    unasked: Collection[int] = ()
    if not _asks_always(campaign):
        apps = _reviewed_before(campaign, {task.app_id for task in new})
        unasked = {task.pk for task in new if task.app_id in apps and task.pk in removing}
    _write(campaign, new, unasked)
    record("removals.opened", campaign, by=by, number=len(new), lines=[task.line_no for task in new[:BATCH]])
    if unasked:
        nudge("reviews.order_removals", campaign.pk)
    return len(new)


@transaction.atomic
def open_denied(campaign: Campaign, *, by: User, lines: Collection[int] | None = None) -> int:
    """Have the access of denied lines taken away although their policy removes nothing.

    `lines`: of these alone, by their numbers. Answers how many removals are new.
    """
    must_run(campaign, by)
    if campaign.is_over or campaign.status == Campaign.Status.RUNNING:
        raise NotPossible(
            f"{campaign} is {campaign.get_status_display().lower()}: it has to be closed first."
        )
    number, last = 0, 0
    wanted = denied_without(campaign)
    if lines is not None:
        wanted = wanted.filter(line_no__in=lines)
    while page := list(wanted.filter(line_no__gt=last).order_by("line_no")[:BATCH]):
        last = page[-1].line_no
        number += open_for(page, by, even_so=True)
    if not number:
        all_have_one = "Every denied line has its removal."
        raise NotPossible(all_have_one if lines is None else "None of them is denied and without a removal.")
    if campaign.status == Campaign.Status.CLOSED:
        campaign.move(Campaign.Status.REMEDIATION)
    return number


def denied_without(campaign: Campaign) -> ReviewTaskQuerySet:
    """Denied lines that nobody takes away."""
    has_one = Removal.objects.filter(task=OuterRef("pk")).exclude(status__in=OVER)
    return campaign.tasks.filter(~Exists(has_one), status=ReviewTask.Status.DENIED)


def may_open(campaign: Campaign, user: User) -> bool:
    """Whether this person could have access of its denied lines taken away now."""
    return campaign.status in (Campaign.Status.CLOSED, Campaign.Status.REMEDIATION) and may_run(
        campaign, user
    )


def asks_first(campaign: Campaign, app: str) -> bool:
    """Whether the removals that denying lines of this app makes wait for its owner."""
    return _asks_always(campaign) or app not in _reviewed_before(campaign, [app])


def due_on(campaign: Campaign, risks: Collection[str]) -> Sequence[date]:
    """When access of these risks is to be gone if it is denied today; the earliest first."""
    clock, graves = _clock(campaign), grave_in(campaign)
    return sorted({clock[risk in graves] for risk in risks})


def _with_removal(tasks: Sequence[ReviewTask]) -> Collection[int]:
    found: set[int] = set()
    keys = [task.pk for task in tasks]
    for start in range(0, len(keys), BATCH):
        live = Removal.objects.filter(task__in=keys[start : start + BATCH]).exclude(status__in=OVER)
        found.update(live.values_list("task_id", flat=True))
    return found


def _write(campaign: Campaign, tasks: Sequence[ReviewTask], unasked: Collection[int]) -> None:
    """Not by `bulk_create`: it prepares each value by itself, which costs more than the rest."""
    clock, graves, at = _clock(campaign), grave_in(campaign), _moment(now())
    status, key = Removal.Status.WAITING.value, campaign.pk
    rows: list[tuple[str | int | None, ...]] = [
        (
            *(ksuid(), task.pk, key, task.app_id, status, clock[task.risk in graves].isoformat(), at),
            at if task.pk in unasked else None,
        )
        for task in tasks
    ]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(BY_JSON, [json.dumps([dict(zip(COLUMNS, row, strict=True)) for row in rows])])
        else:
            cursor.executemany(BY_ROWS, rows)


def _moment(at: datetime) -> str:
    """As the database keeps it."""
    return str(connection.ops.adapt_datetimefield_value(at))


def _removing(campaign: Campaign, tasks: Sequence[ReviewTask]) -> Collection[int]:
    """Those of these lines whose policy has denied access taken away."""
    found = applying(campaign)
    return {task.pk for task in tasks if found.removes(task)}


def _asks_always(campaign: Campaign) -> bool:
    return campaign.when_removed == Campaign.Removals.CONFIRMED


def _reviewed_before(campaign: Campaign, apps: Collection[str]) -> frozenset[str]:
    """Those of these apps that an earlier campaign came to its end with: in the first one owners confirm."""
    earlier = PopulationSource.objects.filter(connector__app__in=apps, campaign__status__in=ENDED)
    return frozenset(earlier.exclude(campaign=campaign).values_list("connector__app", flat=True))


def _clock(campaign: Campaign) -> Mapping[bool, date]:
    """The day by which access denied today is to be gone, as was decided when the campaign was staged; True:
    of a grave risk."""
    organisation, rules = Organisation.current(), campaign.rules_in_force
    today = localdate(timezone=organisation.zone)
    return {
        is_grave: organisation.working_days_after(today, days)
        for is_grave, days in ((True, rules.grave_removal_days), (False, rules.removal_days))
    }
