"""What becomes of lines and removals by what orders and syncs bring: gone, proven, come back."""

from collections.abc import Iterable, Sequence
from itertools import batched

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils.timezone import localdate, now

from connectors.models import App, Grant, ProvisionOrder, SyncRun
from core.mailbox import post
from core.models import Organisation, User
from core.trail import ERROR, record
from reviews.actions import removals, turns
from reviews.actions.removing import ORDERED, about, go
from reviews.actions.rounds import begin_round
from reviews.models import Campaign, PopulationSource, Progress, Removal, ReviewTask, SourceFollowed, Turn
from reviews.queries.directory import holdings
from reviews.queries.graves import grave_in

PAGE = 1_000
LIVE = (
    Campaign.Status.STAGED,
    Campaign.Status.RUNNING,
    Campaign.Status.CLOSING,
    Campaign.Status.CLOSED,
    Campaign.Status.REMEDIATION,
)
"""Frozen and not signed off: a line follows what becomes of its grant."""


@transaction.atomic
def follow_order(order_id: str) -> None:
    """Bring the removals of an order to where it stands. Harmless to do twice."""
    order = ProvisionOrder.objects.filter(pk=order_id).first()
    if order is None:
        return
    over = (Removal.Status.DROPPED, Removal.Status.CAME_BACK)
    rows = Removal.objects.filter(order=order).exclude(status__in=over).select_related("task", "campaign")
    if order.status in (ProvisionOrder.Status.CAME_BACK, ProvisionOrder.Status.PROVEN):
        _hold(rows.values_list("campaign_id", flat=True))  # before its removals, as everywhere
    for removal in rows.select_for_update(of=("self",)):
        _follow_order(removal, order)


def follow_run(run_id: int) -> None:
    """After a complete run: lines whose access it ended are cancelled, those it saw again open again.

    Each source of a campaign follows its runs in order: those whose news was lost come first. In pages, each
    its own transaction; harmless to do twice and to be killed in.
    """
    run = SyncRun.objects.select_related("connector").filter(pk=run_id, status=SyncRun.Status.DONE).first()
    if run is None:
        return
    sources = PopulationSource.objects.filter(
        connector__app=run.connector.app_id, source=run.source, campaign__status__in=LIVE
    )
    for source in sources.select_related("campaign", "followed").order_by("pk"):
        for each in _missing(source, run):
            _follow_gone(source.campaign, each)
            _follow_back(source.campaign, each)
            _note_followed(source, each)


def _missing(source: PopulationSource, until: SyncRun) -> Iterable[SyncRun]:
    """The runs that this source has not followed yet, up to that one, the oldest first."""
    followed = getattr(source, "followed", None)
    done = SyncRun.objects.filter(status=SyncRun.Status.DONE, source=source.source)
    those = done.filter(connector__app=until.connector.app_id, pk__lte=until.pk)
    after = followed.run if followed else source.run_id
    return list(those.filter(pk__gt=after).select_related("connector").order_by("pk"))


def _note_followed(source: PopulationSource, run: SyncRun) -> None:
    made, is_new = SourceFollowed.objects.get_or_create(source=source, defaults={"run": run.pk})
    if not is_new:
        SourceFollowed.objects.filter(pk=made.pk, run__lt=run.pk).update(run=run.pk)


def to_follow() -> Iterable[int]:
    """Runs whose news was lost, the oldest first."""
    later = SyncRun.objects.filter(
        status=SyncRun.Status.DONE,
        source=OuterRef("source"),
        connector__app=OuterRef("connector__app"),
        pk__gt=Coalesce(OuterRef("followed__run"), OuterRef("run")),
    )
    behind = PopulationSource.objects.filter(campaign__status__in=LIVE)
    found = behind.annotate(next=later.order_by("pk").values("pk")[:1]).exclude(next=None)
    return sorted(set(found.values_list("next", flat=True)))


def orders_to_follow() -> Iterable[str]:
    """Orders whose news was lost: their removals stand elsewhere."""
    rows = Removal.objects.exclude(order=None).exclude(
        status__in=(Removal.Status.DROPPED, Removal.Status.CAME_BACK, Removal.Status.EXCEPTED)
    )
    for status, meant in ORDERED.items():
        rows = rows.exclude(order__status=status, status=meant)
    dropped = {"order__status": ProvisionOrder.Status.DROPPED, "status__in": _LEFT}
    return rows.exclude(**dropped).values_list("order_id", flat=True).distinct()


def come_back(removal: Removal, problem: str) -> None:
    """It is there again (decision 56): an alarm, and its line open again while the campaign runs.

    Nothing is taken away then before it is denied again. After closing nobody is asked any more: the line
    stays denied, and a new removal keeps the campaign from being signed off. In one that is signed off the
    line stays as it was decided.
    """
    task, campaign = removal.task, _hold([removal.campaign_id])[0]
    go(removal, Removal.Status.CAME_BACK, problem=problem)
    record("removals.came_back", removal, by=None, severity=ERROR, problem=problem, **about(removal))
    if campaign.status == Campaign.Status.RUNNING:
        reopen([task], "Came back after it had been removed.")
    elif campaign.status != Campaign.Status.CANCELLED:
        removals.open_for([task], None, even_so=True)  # somebody wanted it gone, whatever the policy says
    if campaign.status == Campaign.Status.CLOSED:
        campaign.move(Campaign.Status.REMEDIATION)
    _tell_of_return(removal, campaign)


@transaction.atomic
def reopen(tasks: Sequence[ReviewTask], why: str) -> None:
    """Ask about settled lines anew, from the first step; part of the caller's transaction."""
    begin_round(tasks, by=None, reason=why, said=why)


def end_turns(tasks: Iterable[int], campaign: Campaign) -> None:
    """Nobody is asked about these lines any more; counts follow."""
    for keys in batched(tasks, PAGE):
        asked = Turn.objects.open().filter(task__in=keys)
        by_reviewer: dict[str, int] = {}
        for reviewer in asked.values_list("reviewer_id", flat=True):
            by_reviewer[reviewer] = by_reviewer.get(reviewer, 0) + 1
        asked.update(status=Turn.Status.ENDED, ended_at=now())
        counters = Progress.objects.filter(campaign=campaign, reviewer__in=list(by_reviewer))
        held = counters.select_for_update(no_key=True).order_by("reviewer_id")  # as all do: no two in a ring
        for reviewer in list(held.values_list("reviewer_id", flat=True)):
            number = by_reviewer[reviewer]
            counters.filter(reviewer=reviewer, open__gte=number).update(open=F("open") - number)


def _hold(campaigns: Iterable[str]) -> Sequence[Campaign]:
    """As they are now, and none is closed or cancelled before this transaction ends."""
    return list(Campaign.objects.select_for_update(no_key=True).filter(pk__in=campaigns).order_by("pk"))


_ASKED = (Campaign.Status.STAGED, Campaign.Status.RUNNING)
_LEFT = (Removal.Status.FAILED, Removal.Status.BY_HAND)


def _follow_order(removal: Removal, order: ProvisionOrder) -> None:
    if order.status == ProvisionOrder.Status.DROPPED:
        _order_dropped(removal)
        return
    status = ORDERED[ProvisionOrder.Status(order.status)]
    is_excepted = removal.status == Removal.Status.EXCEPTED
    if status == removal.status or (is_excepted and (status != _PROVEN or _is_signed(removal.campaign))):
        return
    if status == Removal.Status.CAME_BACK:
        come_back(removal, order.problem or "A later sync saw it again.")
        return
    removed_at = order.removed_at or removal.removed_at
    problem = order.problem if status in _LEFT else ""
    proven = {"proven_at": order.proven_at, "proven_run": order.proven_run_id}
    go(removal, status, problem=problem, removed_at=removed_at, **proven)
    _tell(removal, problem)


def _is_signed(campaign: Campaign) -> bool:
    """What was signed as an exception stays one: its proof would change the evidence."""
    return campaign.status == Campaign.Status.SIGNED_OFF


def _tell(removal: Removal, problem: str) -> None:
    """Where it stands now; on its way is nothing to tell."""
    told = about(removal)
    if removal.status == Removal.Status.BY_HAND:
        record("removals.left_to_people", removal, by=None, problem=problem, **told)
    elif removal.status == Removal.Status.FAILED:
        record("removals.failed", removal, by=None, problem=problem, **told)
    elif removal.status == Removal.Status.REMOVED:
        record("removals.removed", removal, by=None, **told)
    elif removal.status == Removal.Status.PROVEN:
        record("removals.proven", removal, by=None, **told)


_PROVEN = Removal.Status.PROVEN
_UNORDERED = Q(order=None) | Q(order__status=ProvisionOrder.Status.DROPPED)
"""No order of theirs is proven by a run."""


def _order_dropped(removal: Removal) -> None:
    """Somebody dropped it where orders are looked after: the denial stands, and people have to see to it."""
    said = "Its order was dropped: order it again, or make it an exception."
    if removal.status == Removal.Status.REMOVING:
        removal.move(Removal.Status.FAILED, problem=said)
        record("removals.failed", removal, by=None, problem=said, **about(removal))
    elif removal.status in _LEFT and removal.problem != said:
        Removal.objects.filter(pk=removal.pk).update(problem=said)


def _follow_gone(campaign: Campaign, run: SyncRun) -> None:
    ended = Grant.objects.filter(gone_run=run.pk).order_by("pk").values_list("account_id", "entitlement_id")
    for pairs in batched(ended.iterator(PAGE), PAGE):
        with transaction.atomic():
            [held] = _hold([campaign.pk])
            if _is_signed(held):  # since its runs began to be followed
                return
            keys = holdings(pairs)
            lines = ReviewTask.objects.filter(campaign=campaign, grant__in=keys, app=run.connector.app_id)
            _cancel(lines.open(), held, run)
            _prove(Removal.objects.filter(task__in=lines.values("pk")), run)


def _cancel(lines: QuerySet[ReviewTask], campaign: Campaign, run: SyncRun) -> None:
    found = list(lines.values_list("pk", "line_no"))
    if not found or campaign.status not in _ASKED:
        return
    keys = [key for key, _ in found]
    why = f"Gone meanwhile: sync {run.pk} no longer saw it."
    ReviewTask.objects.filter(pk__in=keys).open().update(
        status=ReviewTask.Status.CANCELLED, status_reason=why, settled_at=run.ended_at or now()
    )
    end_turns(keys, campaign)
    record("lines.cancelled", campaign, by=None, run=run.key, lines=[line for _, line in found])


def _prove(rows: QuerySet[Removal], run: SyncRun) -> None:
    """Removals that nobody ordered yet, or that were excepted: a run proves what it does not see."""
    rows = rows.filter(_UNORDERED | Q(status=Removal.Status.EXCEPTED))
    rows = rows.filter(status__in=[here for here, to in Removal.MOVES.items() if _PROVEN in to])
    for removal in rows.select_related("task", "campaign").select_for_update(of=("self",)):
        removal.move(_PROVEN, proven_at=run.ended_at or now(), proven_run=run.pk)
        record("removals.proven", removal, by=None, run=run.key, **about(removal))


def _follow_back(campaign: Campaign, run: SyncRun) -> None:
    """What is held again by the same account: cancelled lines, and removals proven without an order."""
    again = Grant.objects.here().filter(account=OuterRef("account"), entitlement=OuterRef("entitlement"))
    lines = ReviewTask.objects.filter(Exists(again), campaign=campaign, app=run.connector.app_id)
    cancelled = lines.filter(status=ReviewTask.Status.CANCELLED).order_by("line_no")
    while _seen_again(cancelled, campaign, run):
        pass
    denied = lines.filter(status=ReviewTask.Status.DENIED)
    proven = Removal.objects.filter(_UNORDERED, campaign=campaign, status=_PROVEN)
    rows = proven.filter(task__in=denied.values("pk")).select_related("task", "campaign")
    for key in list(rows.values_list("pk", flat=True)):
        with transaction.atomic():
            _hold([campaign.pk])
            for removal in rows.filter(pk=key).select_for_update(of=("self",)):
                come_back(removal, f"Sync {run.pk} saw it again.")


@transaction.atomic
def _seen_again(cancelled: QuerySet[ReviewTask], campaign: Campaign, run: SyncRun) -> int:
    """A page of cancelled lines, by the status that the campaign has now. Answers how many there were."""
    [campaign] = _hold([campaign.pk])
    lines = list(cancelled[:PAGE])
    if campaign.is_over or not lines:
        return 0
    said = f"Seen again by sync {run.pk}, after closing: nobody decided."
    if campaign.status in _ASKED:
        try:
            reopen(lines, f"Seen again by sync {run.pk}.")
        except turns.NobodyToAsk as nobody:
            said = f"Seen again by sync {run.pk}. {nobody}"[:300]
        else:
            said = ""
    if said:
        rows = ReviewTask.objects.filter(pk__in=[line.pk for line in lines])
        rows.update(status=ReviewTask.Status.EXCEPTED, status_reason=said)
    record("lines.seen_again", campaign, by=None, run=run.key, lines=[line.line_no for line in lines])
    return len(lines)


def _tell_of_return(removal: Removal, campaign: Campaign) -> None:
    app = App.objects.get(pk=removal.app_id)
    people: dict[str, User] = {each.pk: each for each in User.objects.active().filter(campaigns=campaign)}
    order = removal.order
    if order is None or order.status == ProvisionOrder.Status.DROPPED:
        people |= {
            each.pk: each for each in app.owners_now()
        }  # of orders they are told by the orders themselves
    is_grave = removal.task.risk in grave_in(campaign)
    today = localdate(timezone=Organisation.current().zone)
    for person in people.values():
        post(
            "removal_came_back",
            to=person,
            key=f"{campaign.pk}:{today}",
            campaign=campaign,
            removal=removal,
            app=app,
            is_grave=is_grave,
            is_signed_off=campaign.status == Campaign.Status.SIGNED_OFF,
            is_asked_again=campaign.status == Campaign.Status.RUNNING,
        )
