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
from reviews.actions.permission import must_run
from reviews.models import Campaign, PopulationSource, Removal, ReviewTask
from reviews.models.review import ReviewTaskQuerySet
from reviews.queries.graves import grave_in
from reviews.queries.line_policies import policies_of

DAYS, GRAVE_DAYS = 7, 3
"""Working days from the denial until it is to be gone; fewer where the risk is High or Critical."""
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
    once; where its policy removes nothing there is none, unless somebody wants them `even_so`.
    """
    if not tasks:
        return 0
    campaign = Campaign.objects.select_related("policy_version").get(pk=tasks[0].campaign_id)
    if not even_so:
        tasks = _to_be_taken_away(campaign, tasks)
    has_one = _with_removal(tasks)
    new = [task for task in tasks if task.pk not in has_one]
    if not new:
        return 0
    unasked: frozenset[str] = frozenset()
    if not _asks_always(campaign):
        unasked = _reviewed_before(campaign, {task.app_id for task in new})
    _write(campaign, new, unasked)
    record("removals.opened", campaign, by=by, number=len(new), lines=[task.line_no for task in new[:BATCH]])
    if unasked:
        nudge("reviews.order_removals", campaign.pk)
    return len(new)


@transaction.atomic
def open_denied(campaign: Campaign, *, by: User) -> int:
    """Have the access of denied lines taken away although the policy of the campaign removes nothing."""
    must_run(campaign, by)
    if campaign.is_over or campaign.status == Campaign.Status.RUNNING:
        raise NotPossible(
            f"{campaign} is {campaign.get_status_display().lower()}: it has to be closed first."
        )
    number, last = 0, 0
    while page := list(denied_without(campaign).filter(line_no__gt=last).order_by("line_no")[:BATCH]):
        last = page[-1].line_no
        number += open_for(page, by, even_so=True)
    if not number:
        raise NotPossible("Every denied line has its removal.")
    if campaign.status == Campaign.Status.CLOSED:
        campaign.move(Campaign.Status.REMEDIATION)
    return number


def denied_without(campaign: Campaign) -> ReviewTaskQuerySet:
    """Denied lines that nobody takes away."""
    has_one = Removal.objects.filter(task=OuterRef("pk")).exclude(status__in=OVER)
    return campaign.tasks.filter(~Exists(has_one), status=ReviewTask.Status.DENIED)


def asks_first(campaign: Campaign, app: str) -> bool:
    """Whether denying lines of this app makes removals that wait for its owner."""
    return _asks_always(campaign) or app not in _reviewed_before(campaign, [app])


def due_on(campaign: Campaign, risks: Collection[str]) -> Sequence[date]:
    """When access of these risks is to be gone if it is denied today; the earliest first."""
    clock, graves = _clock(), grave_in(campaign)
    return sorted({clock[risk in graves] for risk in risks})


def _with_removal(tasks: Sequence[ReviewTask]) -> Collection[int]:
    found: set[int] = set()
    keys = [task.pk for task in tasks]
    for start in range(0, len(keys), BATCH):
        live = Removal.objects.filter(task__in=keys[start : start + BATCH]).exclude(status__in=OVER)
        found.update(live.values_list("task_id", flat=True))
    return found


def _write(campaign: Campaign, tasks: Sequence[ReviewTask], unasked: Collection[str]) -> None:
    """Not by `bulk_create`: it prepares each value by itself, which costs more than the rest."""
    clock, graves, at = _clock(), grave_in(campaign), _moment(now())
    status, key = Removal.Status.WAITING.value, campaign.pk
    rows: list[tuple[str | int | None, ...]] = [
        (
            *(ksuid(), task.pk, key, task.app_id, status, clock[task.risk in graves].isoformat(), at),
            at if task.app_id in unasked else None,
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


def _removes(campaign: Campaign) -> bool:
    version = campaign.policy_version
    return version is None or bool(version.content.get("removes", True))


def _to_be_taken_away(campaign: Campaign, tasks: Sequence[ReviewTask]) -> Sequence[ReviewTask]:
    """Those of these lines whose policy has denied access taken away by itself."""
    if campaign.policy_version_id is None:
        return tasks
    policies = policies_of(campaign)
    return [task for task in tasks if policies.of(task.pk, task.entitlement_id).removes]


def _asks_always(campaign: Campaign) -> bool:
    """By choice of the campaign, or because its policy removes nothing by itself."""
    return campaign.when_removed == Campaign.Removals.CONFIRMED or not _removes(campaign)


def _reviewed_before(campaign: Campaign, apps: Collection[str]) -> frozenset[str]:
    """Those of these apps that an earlier campaign came to its end with: in the first one owners confirm."""
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
