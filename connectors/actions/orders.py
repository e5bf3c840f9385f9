"""The life of an order: wanted, claimed, carried out, put off, failed, left to people, done by hand, dropped.

Proof is no verb of anybody's: `proving` follows from a run. Each verb but `want` announces that the order
moved, and all of them leave their trail.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from itertools import batched
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Coalesce
from django.utils.timezone import now

from connectors.actions import telling
from connectors.actions.permission import must_run_order, must_say_done
from connectors.actions.releasing import JOB, NEWS, begins_as, go_ahead, tell_the_rest
from connectors.contract_writing import Receipt
from connectors.models import Account, Connector, Entitlement, ProvisionOrder
from connectors.queries.provisioning import Carrier, carrier, meant
from connectors.queries.queue import AT_ONCE
from connectors.sync.sentences import storable
from core.errors import NotPossible
from core.models import User
from core.queue import announce, nudge
from core.trail import ERROR, record, record_many

TRIES = 5
"""Tries after a passing trouble; then it is left to people (row A37)."""
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=30), timedelta(hours=1)
CHUNK = 500

type Status = ProvisionOrder.Status


@dataclass(frozen=True, slots=True)
class Wish:
    """What is wanted of one account."""

    account: Account
    entitlement: Entitlement
    verb: str
    reason: str
    grant: int | None = None
    """The holding to be ended, by its key."""


def want(
    account: Account,
    entitlement: Entitlement,
    *,
    verb: str,
    grant: int | None = None,
    reason: str,
    by: User | None,
    not_before: datetime | None = None,
) -> ProvisionOrder:
    """Wish a change; an order for the same that is not done yet is answered instead of a second, and one that
    failed, or that no connector could carry out until now, is tried again.

    Whether `by` may wish it is for the caller to have made sure. Where no connector can do it, the order is
    *manual* from the beginning. Raises NotPossible while the opposite is wanted.
    """
    wish = Wish(account, entitlement, verb, reason, grant)
    return want_many([wish], by=by, not_before=not_before)[0]


@transaction.atomic
def want_many(
    wishes: Sequence[Wish], *, by: User | None, not_before: datetime | None = None, asks_first: bool = False
) -> list[ProvisionOrder]:
    """As `want`, for very many: the orders in the order of the wishes, in a few statements.

    `asks_first`: new ones wait until an owner of the app confirms them, and old ones stay as they are.
    """
    found = _undone(wishes)
    new: dict[tuple[str, str], ProvisionOrder] = {}
    find = cache(carrier)
    for wish in wishes:
        pair = _pair(wish)
        verb = meant(wish.verb, wish.entitlement.external_id)
        other = found.get(pair) or new.get(pair)
        can = find(wish.account.app, wish.account.source, wish.entitlement.kind, verb)
        if other is None or (other.status == ProvisionOrder.Status.REMOVED and other.verb != verb):
            found.pop(pair, None)
            status = begins_as(can, asks_first=asks_first)
            new[pair] = _made(wish, verb, can, status, by=by, due_at=not_before or now())
        elif other.verb != verb:
            raise NotPossible(
                f"The opposite is under way: {other}. Wait until it is done, or drop that order."
            )
        elif asks_first:
            continue
        elif other.status == ProvisionOrder.Status.ASKED:
            go_ahead([other], by=by, not_before=not_before)
        elif can.connector and pair in found and _is_worth_a_try(other):
            _try_again(other, can.connector, by=by, not_before=not_before)
    if not _created(list(new.values())):
        found |= _undone(wishes)  # somebody wanted some of it at the same moment: theirs are as good
        new = {pair: order for pair, order in new.items() if pair not in found}
        ProvisionOrder.objects.bulk_create(new.values(), batch_size=CHUNK)
    _tell_of(list(new.values()), by=by)
    return [found.get(_pair(wish)) or new[_pair(wish)] for wish in wishes]


def claim(order_id: str) -> ProvisionOrder | None:
    """Take the order for this worker. None if it is done, not due, in other hands, has to wait, or had its
    tries."""
    try:
        order = _claimed(order_id)
    except (IntegrityError, _NotNow):
        return None  # another order about the same account was faster
    if order is not None and order.attempts > TRIES and not order.journal:
        last = f" The last trouble: {order.problem}" if order.problem else ""
        fail(order, f"{TRIES} workers took this order and none came to an end with it.{last}")
        return None
    return order


class _NotNow(Exception):
    """Rolls a claim back."""


@transaction.atomic
def _claimed(order_id: str) -> ProvisionOrder | None:
    begun = {"status": ProvisionOrder.Status.SENT, "sent_at": Coalesce(F("sent_at"), now())}
    order = ProvisionOrder.objects.to_carry_out().claim(order_id, **begun)
    if order is None:
        return None
    # Looked for again with the account ours: one that was given back meanwhile may have kept something.
    others = ProvisionOrder.objects.filter(account=order.account_id).exclude(pk=order.pk)
    if others.in_the_way().exists():
        raise _NotNow
    if order.attempts == 1:
        record("orders.began", order, by=None)
        announce(NEWS, order.pk)
    return order


def hindrance(order: ProvisionOrder) -> str:
    """Why its connector cannot carry it out as things are now, empty if it can: the connector may have gone,
    been turned to another tenant, or been told only to read since the order was made."""
    can = carrier(order.app, order.account.source, order.entitlement.kind, order.verb)
    if can.connector is None:
        return can.problem
    is_it = can.connector.pk == order.connector_id
    return "" if is_it else f"By now {can.connector} would carry it out: try again."


@transaction.atomic
def carried_out(order: ProvisionOrder, receipt: Receipt) -> None:
    """The driver has made the change and read it back. Where that does not agree, people have to do it."""
    said = storable(receipt.said)
    if not receipt.agrees:
        give_up(order, said or "Asked again, the app says that nothing has changed.")
        return
    done = {"removed_at": now(), "read_back": said[:300], "problem": "", "journal": {}}
    order.release(**done)
    _move(order, ProvisionOrder.Status.REMOVED)
    record("orders.done", order, by=None, changed=receipt.changed, read_back=said)
    nudge("connectors.read_again", order.app_id)


@transaction.atomic
def put_off(order: ProvisionOrder, problem: str) -> None:
    """Let go for a while after a passing trouble; after the last try people have to do it.

    But while something that was taken may have to be given back it is tried for ever, and an alarm says so at
    once.
    """
    problem = storable(problem)
    if order.attempts >= TRIES and not order.journal:
        give_up(order, f"{problem} Tried {TRIES} times.")
        return
    wait = min(FIRST_WAIT * 2 ** min(10, max(0, order.attempts - 1)), LONGEST_WAIT)
    if order.journal and order.told_at is None:
        record("orders.unrestored", order, by=None, severity=ERROR, problem=problem)
        telling.alarm(order, problem)
        order.save_held(told_at=now())
    order.release(problem=problem, due_at=now() + wait)


@transaction.atomic
def fail(order: ProvisionOrder, problem: str) -> None:
    """End the tries where a person has to put something right first. The sentence is shown to people."""
    problem = storable(problem)
    order.release(problem=problem)
    _move(order, ProvisionOrder.Status.FAILED, told_at=None)
    record("orders.failed", order, by=None, severity=ERROR, problem=problem)
    if order.journal:
        telling.alarm(order, problem)
    nudge("connectors.tell_of_orders", order.app_id)


@transaction.atomic
def give_up(order: ProvisionOrder, problem: str) -> None:
    """No connector can do it: an owner of the app has to. For the worker that holds the order.

    Where something that was taken still has to be given back it has failed instead: people could not know
    what.
    """
    if order.journal:
        fail(order, problem)
        return
    order.release(problem=problem)
    _by_hand(order, problem, by=None)


@transaction.atomic
def by_hand(order: ProvisionOrder, *, by: User | None, reason: str) -> None:
    """Have it done by hand instead of trying it again."""
    must_run_order(order, by)
    reason = _said(reason)
    _must_be_confirmed(order)
    _must_owe_nothing(order)
    _by_hand(order, reason, by=by)


@transaction.atomic
def done_by_hand(order: ProvisionOrder, *, by: User | None, reason: str) -> None:
    """Somebody says that they did it at the app. Only a run proves it."""
    must_say_done(order, by)
    reason = _said(reason)
    _must_owe_nothing(order)
    if order.status == ProvisionOrder.Status.FAILED:
        _by_hand(order, reason, by=by)
    who = by.name if by else "An operator"
    said = f"{who} said that it was done by hand: {reason}"
    _move(order, ProvisionOrder.Status.REMOVED, removed_at=now(), done_by=by, read_back=said[:300])
    record("orders.done_by_hand", order, by=by, reason=reason)
    nudge("connectors.read_again", order.app_id)


@transaction.atomic
def retry(order: ProvisionOrder, *, by: User | None) -> None:
    """Have a worker try again from the beginning; what has to be given back is given back first."""
    must_run_order(order, by)
    _must_be_confirmed(order)
    can = carrier(order.app, order.account.source, order.entitlement.kind, order.verb)
    if can.connector is None:
        raise NotPossible(can.problem)
    _try_again(order, can.connector, by=by)


@transaction.atomic
def drop(order: ProvisionOrder, *, by: User | None, reason: str) -> None:
    """Nobody wants it any more. One in a worker's hands cannot be dropped: it is about to be done."""
    must_run_order(order, by)
    reason = _said(reason)
    if by is not None:
        _must_be_confirmed(order)
    free = ProvisionOrder.objects.free().select_for_update().filter(pk=order.pk).first()
    if free is None:
        raise NotPossible("A worker is carrying it out right now. Look again in a minute.")
    _must_owe_nothing(free)
    _move(order, ProvisionOrder.Status.DROPPED, lease=None, leased_until=None)
    record("orders.dropped", order, by=by, reason=reason)


def _undone(wishes: Collection[Wish]) -> dict[tuple[str, str], ProvisionOrder]:
    """Orders that a wish would be a second one of, by pair: not done yet, or done and not proven yet."""
    grants = {_pair(wish): wish.grant for wish in wishes}
    found: dict[tuple[str, str], ProvisionOrder] = {}
    for accounts in batched(sorted({account for account, _ in grants}), CHUNK):
        rows = ProvisionOrder.objects.filter(
            account__in=accounts, status__in=(*ProvisionOrder.UNDONE, ProvisionOrder.Status.REMOVED)
        )
        for row in rows.select_related("app", "connector", "account", "entitlement").order_by("id"):
            pair = (row.account_id, row.entitlement_id)
            is_done = row.status == ProvisionOrder.Status.REMOVED
            if pair in grants and not (is_done and row.grant != grants[pair]):
                found[pair] = row
    return found


def _pair(wish: Wish) -> tuple[str, str]:
    return wish.account.pk, wish.entitlement.pk


def _made(
    wish: Wish, verb: str, can: Carrier, status: Status, *, by: User | None, due_at: datetime
) -> ProvisionOrder:
    return ProvisionOrder(
        app=wish.account.app,
        connector=can.connector,
        verb=verb,
        account=wish.account,
        entitlement=wish.entitlement,
        grant=wish.grant,
        status=status,
        reason=wish.reason.strip(),
        wanted_by=by,
        due_at=due_at,
        problem=can.problem,
    )


def _created(orders: Sequence[ProvisionOrder]) -> bool:
    """False if one of the pairs was taken meanwhile: then none is kept."""
    try:
        with transaction.atomic():
            ProvisionOrder.objects.bulk_create(orders, batch_size=CHUNK)
    except IntegrityError:
        return False
    return True


def _tell_of(orders: Sequence[ProvisionOrder], *, by: User | None) -> None:
    told = [(order, {"reason": order.reason, "by_hand": order.connector is None}) for order in orders]
    is_asked = any(order.status == ProvisionOrder.Status.ASKED for order in orders)
    record_many("orders.asked" if is_asked else "orders.wanted", told, by=by)
    waiting = [order for order in orders if order.status == ProvisionOrder.Status.WANTED]
    for order in [order for order in waiting if order.due_at <= now()][:AT_ONCE]:
        nudge(JOB, order.pk)
    for app_id in sorted({order.app_id for order in orders if order.status in ProvisionOrder.BY_PEOPLE}):
        nudge("connectors.tell_of_orders", app_id)


def _is_worth_a_try(order: ProvisionOrder) -> bool:
    """Of one that a connector has tried in vain people know already what to do."""
    untried = order.status == ProvisionOrder.Status.MANUAL and order.connector is None
    return untried or order.status == ProvisionOrder.Status.FAILED


def _try_again(
    order: ProvisionOrder, connector: Connector, *, by: User | None, not_before: datetime | None = None
) -> None:
    due_at = not_before or now()
    fresh = {"connector": connector, "attempts": 0, "due_at": due_at, "problem": "", "told_at": None}
    _move(order, ProvisionOrder.Status.WANTED, **fresh)
    record("orders.tried_again", order, by=by)
    if due_at <= now():
        nudge(JOB, order.pk)


def _by_hand(order: ProvisionOrder, why: str, *, by: User | None) -> None:
    _move(order, ProvisionOrder.Status.MANUAL, told_at=None)
    record("orders.by_hand", order, by=by, reason=why)
    nudge("connectors.tell_of_orders", order.app_id)


def _move(order: ProvisionOrder, to: Status, **changes: Any) -> None:
    order.move(to, **changes)
    tell_the_rest(order)


def _must_be_confirmed(order: ProvisionOrder) -> None:
    if order.status == ProvisionOrder.Status.ASKED:
        raise NotPossible(f"An owner of {order.app} has to confirm it first.")


def _must_owe_nothing(order: ProvisionOrder) -> None:
    if order.journal:
        raise NotPossible(
            "Something that was taken away on the way has to be given back first, and only a worker can do"
            " that: try again."
        )


def _said(reason: str) -> str:
    if not reason.strip():
        raise NotPossible("Give a reason: it goes into the trail.")
    return reason.strip()
