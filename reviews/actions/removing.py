"""Removals carried through: confirmed, ordered, done by hand, excepted, looked back at, no longer wanted."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import batched, pairwise
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.timezone import now

from connectors.actions import orders
from connectors.models import Grant, ProvisionOrder
from core.errors import Denied, DomainError, NotPossible
from core.models import User
from core.queue import nudge
from core.trail import record
from reviews.actions.keeping import keep_people
from reviews.actions.permission import may_run
from reviews.actions.rights import must_answer_for, must_concern_others, must_run, must_say
from reviews.models import Campaign, Decision, Removal, ReviewTask
from reviews.models.task import RemovalQuerySet
from reviews.queries.graves import grave_in
from reviews.queries.people import own_among

HOLD = timedelta(hours=24)
"""Between denial and order, where the campaign says so."""
PAGE = 100
"""Removals ordered in one transaction."""
CHUNK = 500
"""Removals confirmed in one statement, each chunk with its line of the trail."""
ORDERED = {
    ProvisionOrder.Status.ASKED: Removal.Status.REMOVING,
    ProvisionOrder.Status.WANTED: Removal.Status.REMOVING,
    ProvisionOrder.Status.SENT: Removal.Status.REMOVING,
    ProvisionOrder.Status.MANUAL: Removal.Status.BY_HAND,
    ProvisionOrder.Status.FAILED: Removal.Status.FAILED,
    ProvisionOrder.Status.REMOVED: Removal.Status.REMOVED,
    ProvisionOrder.Status.PROVEN: Removal.Status.PROVEN,
    ProvisionOrder.Status.CAME_BACK: Removal.Status.CAME_BACK,
}
"""What an order's status means for its removals; one that was dropped leaves them to people."""
_BETWEEN = (Removal.Status.REMOVING, Removal.Status.REMOVED)
USED = {"no": "No", "yes": "Yes", "unknown": "Cannot be told"}
DEFICIENCY = {"no": "No deficiency", "yes": "A deficiency"}


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What came of confirming all that waits."""

    number: int
    own: int
    """About the access of whoever confirmed: left to another owner."""


@transaction.atomic
def confirm(chosen: Sequence[Removal], *, by: User) -> int:
    """The owner of the app has looked: a job orders these at once. Answers how many waited for it.

    Those about their own access are left to another owner; refused where nothing else was chosen.
    """
    must_answer_for({each.app_id for each in chosen}, by)
    own = own_among(by, ReviewTask.objects.filter(pk__in=[each.task_id for each in chosen]))
    others = [each.pk for each in chosen if each.task_id not in own]
    if own and not others:
        must_concern_others([each.task for each in chosen], by)
    return _confirm(others, by=by)


@transaction.atomic
def confirm_all(rows: RemovalQuerySet, *, by: User) -> Confirmed:
    """As `confirm`, for all of these that wait for this person, however many."""
    waiting = rows.confirmable_by(by)
    tasks = dict(waiting.order_by("pk").values_list("pk", "task_id"))
    if not tasks:
        raise NotPossible("Nothing waits for you to confirm it.")
    own = own_among(by, ReviewTask.objects.filter(pk__in=waiting.values("task")))
    others = [pk for pk, task in tasks.items() if task not in own]
    if not others:
        raise Denied(
            f"{'This is' if len(tasks) == 1 else 'All of them are'} about your own access: another owner of"
            " the app has to confirm."
        )
    number = sum(_confirm(chunk, by=by) for chunk in batched(others, CHUNK))
    return Confirmed(number, len(tasks) - len(others))


def _confirm(keys: Sequence[int], *, by: User) -> int:
    """Those of them that still wait."""
    waiting = Removal.objects.confirmable_by(by).filter(pk__in=keys)
    found = list(waiting.select_related("campaign", "app").select_for_update(of=("self",)).order_by("pk"))
    Removal.objects.filter(pk__in=[each.pk for each in found]).update(confirmed_at=now(), confirmed_by=by)
    for campaign in {each.campaign for each in found}:
        numbers = [each.pk for each in found if each.campaign == campaign]
        apps = sorted({each.app.name for each in found if each.campaign == campaign})
        keep_people(campaign, [by.pk])
        record("removals.confirmed", campaign, by=by, number=len(numbers), removals=numbers, apps=apps)
        nudge("reviews.order_removals", campaign.pk)
    return len(found)


@transaction.atomic
def order_waiting(campaign_id: str) -> int:
    """Order a page of what needs no further word. Answers how many were taken in hand."""
    rows = Removal.objects.to_be_ordered().filter(campaign=campaign_id).order_by("pk")
    rows = rows.select_related("campaign", "confirmed_by", "task__account__app", "task__entitlement")
    page = list(rows.select_for_update(of=("self",))[:PAGE])
    _order(page)
    return len(page)


@transaction.atomic
def order_again(removal: Removal, *, by: User) -> None:
    """After it could not be removed, or its order was dropped: a new order."""
    must_answer_for({removal.app_id}, by)
    must_concern_others([removal.task], by)
    must_be_wanted(removal)
    if removal.status not in (Removal.Status.FAILED, Removal.Status.BY_HAND):
        raise NotPossible(f"There is nothing to try again: {removal.get_status_display().lower()}.")
    _order([removal])


@transaction.atomic
def done_by_hand(removal: Removal, *, by: User, how: str) -> None:
    """An owner of the app says that it is gone. A later run proves it, or shows that it is not."""
    must_answer_for({removal.app_id}, by)
    must_concern_others([removal.task], by)
    said = must_say(how, "Say what was done, and where: it goes into the evidence.")
    must_be_wanted(removal)
    if removal.status != Removal.Status.BY_HAND:
        raise NotPossible(f"This is not one to be removed by hand: {removal.get_status_display().lower()}.")
    if removal.order is not None:
        orders.done_by_hand(removal.order, by=by, reason=said)
    removal.move(Removal.Status.REMOVED, removed_at=now(), problem="")
    keep_people(removal.campaign_id, [by.pk])
    record("removals.done_by_hand", removal, by=by, how=said, **about(removal))


@transaction.atomic
def except_(chosen: Sequence[Removal], *, by: User, reason: str) -> int:
    """Let access stay although it was denied, with a reason that stands in the evidence. Answers how many."""
    said = must_say(reason)
    keys = {each.campaign_id for each in chosen}
    for campaign in Campaign.objects.select_for_update(no_key=True).filter(pk__in=keys).order_by("pk"):
        must_run(campaign, by)
        if campaign.is_over:
            raise NotPossible(f"{campaign} is {campaign.get_status_display().lower()}: its removals stand.")
        keep_people(campaign, [by.pk])
    must_concern_others([each.task for each in chosen], by)
    _must_be_exceptable(chosen)
    for removal in chosen:
        why = f"{by} made it an exception of {removal.campaign}: {said}"
        _take_order_back(removal, reason=why)
        _leave_enabled(removal.task, reason=why)
        removal.move(Removal.Status.EXCEPTED, excepted_by=by, reason=said)
        record("removals.excepted", removal, by=by, reason=said, **about(removal))
    return len(chosen)


@transaction.atomic
def drop_for(task: ReviewTask, *, by: User, reason: str) -> None:
    """Its denial was corrected: nothing is to be removed any more. Refused once something was."""
    why = f"{by} corrected line {task.line_no} of {task.campaign}: {reason}"
    for removal in task.removals.exclude(status__in=(Removal.Status.CAME_BACK, Removal.Status.DROPPED)):
        if Removal.Status.DROPPED not in Removal.MOVES[removal.status]:
            said = removal.get_status_display().lower()
            raise NotPossible(f"The access of line {task.line_no} is already {said}. It can be given anew.")
        _take_order_back(removal, reason=why)
        removal.move(Removal.Status.DROPPED, reason=reason)
        record("removals.dropped", removal, by=by, reason=reason, **about(removal))
    _leave_enabled(task, reason=why)


@transaction.atomic
def look_back(removal: Removal, *, by: User, used: str, cause: str, deficiency: str) -> None:
    """What somebody found out about access of a grave risk that should not have been there."""
    if not may_run(removal.campaign, by):
        must_answer_for({removal.app_id}, by)
    must_concern_others([removal.task], by)
    if _held(removal).is_over:
        raise NotPossible(f"{removal.campaign} is over: what was found out stands.")
    if used not in USED or deficiency not in DEFICIENCY:
        raise NotPossible("Choose one of the answers.")
    said = must_say(cause, "Say how it came that the access was there.")
    found = {"used": used, "cause": said, "deficiency": deficiency, "by": by.name, "at": now().isoformat()}
    Removal.objects.filter(pk=removal.pk).update(lookback=found)
    removal.lookback = found
    answers = {"used": USED[used], "deficiency": DEFICIENCY[deficiency]}
    record("removals.looked_back", removal, by=by, cause=said, answers=answers, **about(removal))


def is_grave(removal: Removal) -> bool:
    """Whether its line bears a grave risk: then somebody looks back."""
    return removal.task.risk in grave_in(removal.campaign)


def _held(removal: Removal) -> Campaign:
    """Its campaign as it is now, which is neither cancelled nor signed off before this transaction ends."""
    return Campaign.objects.select_for_update(no_key=True).get(pk=removal.campaign_id)


def must_be_wanted(removal: Removal) -> None:
    """For the campaign of a cancelled one nothing is taken away."""
    if (campaign := _held(removal)).status == Campaign.Status.CANCELLED:
        raise NotPossible(f"{campaign} was cancelled: nothing is taken away for it any more.")


def _must_be_exceptable(chosen: Sequence[Removal]) -> None:
    """What came back is asked about anew, or has a newer removal: that is the one to except."""
    rows = Removal.objects.filter(pk__in=[each.pk for each in chosen])
    for removal in rows.select_related("task").select_for_update(of=("self",)).order_by("pk"):
        line = f"The access of line {removal.task.line_no}"
        if removal.status == Removal.Status.CAME_BACK:
            raise NotPossible(
                f"{line} came back: the line is asked about again, or has a newer removal. Make the exception"
                " there."
            )
        if Removal.Status.EXCEPTED not in Removal.MOVES[removal.status]:
            raise NotPossible(
                f"{line} is {removal.get_status_display().lower()}: there is nothing to except."
            )


def _order(page: Sequence[Removal]) -> None:
    """One wish each, in as few statements as they allow."""
    groups: dict[tuple[User | None, bool], list[Removal]] = defaultdict(list)
    deciders = _deciders(page)
    for removal in page:
        waits = (
            removal.campaign.when_removed == Campaign.Removals.AFTER_A_DAY and removal.confirmed_by is None
        )
        groups[removal.confirmed_by or deciders.get(removal.task_id), waits].append(removal)
    for (by, waits), group in groups.items():
        not_before = max(each.created_at for each in group) + HOLD if waits else None
        for removal, order in _wanted(group, deciders, by=by, not_before=not_before):
            _follow(removal, order)


def _wanted(
    group: Sequence[Removal],
    deciders: Mapping[int, User | None],
    *,
    by: User | None,
    not_before: datetime | None,
) -> Sequence[tuple[Removal, ProvisionOrder | str]]:
    """Each with its order, or with the sentence that says why there can be none."""
    wishes = [_wish(removal, deciders) for removal in group]
    try:
        with transaction.atomic():
            return list(zip(group, orders.want_many(wishes, by=by, not_before=not_before), strict=True))
    except DomainError as problem:
        if len(group) == 1:
            return [(group[0], str(problem))]
    singly = [_wanted([removal], deciders, by=by, not_before=not_before) for removal in group]
    return [each for found in singly for each in found]


def _wish(removal: Removal, deciders: Mapping[int, User | None]) -> orders.Wish:
    """Of denied Access the orders know themselves that it means to shut the account."""
    task = removal.task
    held = Grant.objects.here().filter(account=task.account_id, entitlement=task.entitlement_id)
    decider = deciders.get(task.pk)
    return orders.Wish(
        task.account,
        task.entitlement,
        ProvisionOrder.Verb.REVOKE,
        reason=f"Denied in {removal.campaign}, line {task.line_no}, by {decider or 'its closing rule'}.",
        grant=held.values_list("pk", flat=True).first() or task.grant,
    )


def _follow(removal: Removal, order: ProvisionOrder | str) -> None:
    if isinstance(order, str):
        removal.move(Removal.Status.BY_HAND, problem=order)
        return
    status = ORDERED[ProvisionOrder.Status(order.status)]
    if status == removal.status:
        Removal.objects.filter(pk=removal.pk).update(order=order, problem=order.problem)
    else:
        go(removal, status, order=order, problem=order.problem)
    record("removals.ordered", removal, by=removal.confirmed_by, order=order.pk, **about(removal))


def _deciders(page: Sequence[Removal]) -> Mapping[int, User | None]:
    """Who denied each line last; None: the closing rule."""
    rows = Decision.objects.filter(task__in=[each.task_id for each in page]).select_related("by")
    return {row.task_id: row.by for row in rows.order_by("pk")}


def _take_order_back(removal: Removal, *, reason: str) -> None:
    """What has not begun does not begin; what somebody else waits for goes on. The campaign may do that,
    whoever looks after the connector: the trail says who did."""
    if removal.order is None or removal.status == Removal.Status.REMOVED:
        return
    removal.order.refresh_from_db()
    others = _waiting_for(removal.order).exclude(pk=removal.pk)
    if removal.order.status in ProvisionOrder.UNDONE and not others.exists():
        orders.drop(removal.order, by=None, reason=reason)


def _leave_enabled(task: ReviewTask, *, reason: str) -> None:
    """Some of its access stays, so the account is not shut for this campaign, whichever of its removals asked
    for that. Raises NotPossible where it was shut already."""
    asking = Removal.objects.filter(campaign=task.campaign_id, task__account=task.account_id)
    asking = asking.exclude(disabling=None)
    for order in (
        ProvisionOrder.objects.filter(pk__in=asking.values("disabling")).select_related("app").order_by("pk")
    ):
        if _is_shut(order):
            raise NotPossible(
                f"The account of line {task.line_no} was disabled with its last role: an owner of {order.app}"
                " has to enable it first, so that what stays can be used."
            )
        others = _waiting_for(order).exclude(pk__in=asking.filter(disabling=order).exclude(order=order))
        if order.status in ProvisionOrder.UNDONE and not others.exists():
            orders.drop(order, by=None, reason=reason)


def _is_shut(order: ProvisionOrder) -> bool:
    """By this order, and nobody enabled the account again since."""
    if order.status != ProvisionOrder.Status.PROVEN:
        return order.status == ProvisionOrder.Status.REMOVED
    held = Grant.objects.here().filter(account=order.account_id, entitlement=order.entitlement_id)
    return not held.exists()


def _waiting_for(order: ProvisionOrder) -> RemovalQuerySet:
    return Removal.objects.open().filter(Q(order=order) | Q(disabling=order))


def go(removal: Removal, to: str, **changes: Any) -> None:
    """Move it there, by the steps between if news of them was lost; raises IllegalMove where no way leads."""
    for steps in ((), (Removal.Status.REMOVING,), (Removal.Status.REMOVED,), _BETWEEN):
        way = [removal.status, *steps, to]
        if all(there in Removal.MOVES[here] for here, there in pairwise(way)):
            for step in steps:
                removal.move(step)
            break
    removal.move(to, **changes)


def about(removal: Removal) -> dict[str, Any]:
    """What the trail says of every removal."""
    return {"campaign": removal.campaign, "line": removal.task.line_no}
