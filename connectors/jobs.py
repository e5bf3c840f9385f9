"""What workers do for this room: carry syncs to their end, check settings, look for what was forgotten."""

import logging
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial

from celery import shared_task
from django.db import OperationalError

from connectors import registry
from connectors.actions import (
    bodies,
    console,
    matching,
    orders,
    rereading,
    retention,
    runs,
    settings,
    telling,
    trying,
)
from connectors.contract import BadCredentials, BadSettings, DriverError, TransientError
from connectors.contract_writing import Receipt
from connectors.models import Connector, ProvisionOrder, SettingsCandidate, SettingsTest, SyncRun
from connectors.queries import queue
from connectors.sync import engine
from connectors.sync.journal import OrderCalls, OrderJournal
from connectors.sync.opening import open_candidate, open_driver, open_provisioner
from core.errors import DomainError
from core.leases import LeaseLost
from core.queue import nudge

log = logging.getLogger(__name__)


@shared_task(name="connectors.run_sync", acks_late=True)
def run_sync(run_id: str) -> None:
    """Carry one sync run to its end. Harmless to deliver twice; goes on after a crash."""
    run = runs.claim(run_id)
    if run is None:
        return  # over already, not due, or in another worker's hands
    with _settled(run, put_off=partial(runs.put_off, run), end=lambda sentence, _: runs.fail(run, sentence)):
        with closing(open_driver(run.connector, keeps_bodies=run.is_counted)) as driver:
            engine.walk(run, driver)
        runs.finish(run)


@shared_task(name="connectors.check_settings", acks_late=True)
def check_settings(candidate_id: str) -> None:
    """Ask the vendor whether settings work; promote or refuse them. Harmless to deliver twice."""
    candidate = settings.claim(candidate_id)
    if candidate is None:
        return  # settled already, replaced, not due, or in another worker's hands

    def refuse(sentence: str, problem: Exception) -> None:
        settings.refuse(candidate, sentence, _field(candidate, problem))

    with _settled(candidate, put_off=partial(settings.put_off, candidate), end=refuse):
        with closing(open_candidate(candidate)) as driver:
            check = driver.check()
        settings.promote(candidate, check)


@shared_task(name="connectors.test_settings", acks_late=True)
def test_settings(test_id: str) -> None:
    """Ask the vendor what settings may do, and keep only the answer. Harmless to deliver twice."""
    test = trying.claim(test_id)
    if test is None:
        return  # done already, replaced, not due, or in another worker's hands

    def end(sentence: str, problem: Exception) -> None:
        trying.fail(test, sentence, _field(test, problem), check=getattr(problem, "check", None))

    with _settled(test, put_off=partial(trying.put_off, test), end=end):
        with closing(open_candidate(test)) as driver:
            check = driver.check()
        trying.finish(test, check)


@shared_task(name="connectors.carry_out", acks_late=True)
def carry_out(order_id: str) -> None:
    """Make the change an order wants, and have it read back. Harmless to deliver twice; goes on after a
    crash."""
    order = orders.claim(order_id)
    if order is None:
        return  # done, dropped, not due, in another worker's hands, or its connector is paused

    def end(sentence: str, _: Exception) -> None:
        orders.fail(order, sentence)

    with _settled(order, put_off=partial(orders.put_off, order), end=end):
        if problem := orders.hindrance(order):
            orders.give_up(order, problem)
        else:
            orders.carried_out(order, _change(order))
    if following := queue.next_to_carry_out(order.connector_id):
        nudge("connectors.carry_out", following)


@shared_task(name="connectors.read_again")
def read_again(app_id: str) -> None:
    """Have an app read again once the last of its orders is done: only a run proves them."""
    rereading.read_again(app_id)


@shared_task(name="connectors.read_console")
def read_console(_: str) -> None:
    """Somebody's roles, a group or who is active has changed: Reeve reads itself again, if it does at all."""
    console.read_soon()


@shared_task(name="connectors.tell_of_orders")
def tell_of_orders(app_id: str) -> None:
    """Write to whoever has to do what no connector could."""
    telling.tell(app_id)


@shared_task(name="connectors.sweep")
def sweep() -> None:
    """Nudge what is due and in no worker's hands; begin the runs whose time has come."""
    for run_id in SyncRun.objects.unfinished().due().values_list("pk", flat=True):
        nudge("connectors.run_sync", run_id)
    waiting = SettingsCandidate.objects.filter(status=SettingsCandidate.Status.WAITING)
    for candidate_id in waiting.due().values_list("pk", flat=True):
        nudge("connectors.check_settings", candidate_id)
    tests = SettingsTest.objects.filter(status=SettingsTest.Status.WAITING)
    for test_id in tests.due().values_list("pk", flat=True):
        nudge("connectors.test_settings", test_id)
    for order_id in queue.waiting():
        nudge("connectors.carry_out", order_id)
    for app_id in telling.apps_to_tell_of():
        nudge("connectors.tell_of_orders", app_id)
    for app_id in rereading.apps_to_prove():
        nudge("connectors.read_again", app_id)
    for connector in Connector.objects.to_be_synced():
        try:
            runs.start_scheduled(connector)
        except DomainError as problem:
            log.info("%s was not started: %s", connector, problem)


@shared_task(name="connectors.prune")
def prune() -> None:
    """Let go of what was kept long enough. Killed in between, the next one goes on."""
    while retention.let_log_lines_go() == retention.BATCH:
        pass
    while bodies.let_go() == bodies.BATCH:
        pass


@shared_task(name="connectors.rematch")
def rematch() -> None:
    """Match every app anew: people or trusted domains may have changed since it was read."""
    for app_id in matching.apps_to_match():
        matching.rematch_app(app_id)


def _change(order: ProvisionOrder) -> Receipt:
    assert order.connector is not None  # an order without one is nobody's but people's  # noqa: S101
    account, journal, verbs = order.account.external_id, OrderJournal(order), ProvisionOrder.Verb
    hear, why = OrderCalls(order).hear, order.reason
    with closing(open_provisioner(order.connector, hear, why=why)) as app:
        match order.verb:
            case verbs.REVOKE:
                return app.revoke(account, order.entitlement.external_id, journal)
            case verbs.GRANT:
                return app.grant(account, order.entitlement.external_id, journal)
            case verbs.DISABLE:
                return app.disable(account, journal)
            case _:
                return app.enable(account, journal)


@contextmanager
def _settled(
    row: SyncRun | SettingsCandidate | SettingsTest | ProvisionOrder,
    *,
    put_off: Callable[[str], None],
    end: Callable[[str, Exception], None],
) -> Iterator[None]:
    """Whatever goes wrong within is said in the row: it is put off if the trouble may pass, else over."""
    try:
        try:
            yield
        except TransientError as problem:
            put_off(str(problem))
        except OperationalError as problem:
            log.warning("%s was put off: %s", row, problem)
            put_off("The database did not answer in time.")
        except DriverError as problem:
            end(str(problem), problem)
        except LeaseLost:
            raise
        except Exception as problem:
            # The edge of the process: no row may stand as worked on for ever because of a fault of ours.
            end(f"Reeve itself failed: {type(problem).__name__}: {problem}", problem)
            raise
    except LeaseLost:
        return  # we were slow, or newer settings came: whoever holds the row now carries on


def _field(candidate: SettingsCandidate | SettingsTest, problem: Exception) -> str:
    """The setting to look at, if one is known."""
    if isinstance(problem, BadSettings):
        return problem.field
    if isinstance(problem, BadCredentials):
        spec = registry.spec(candidate.connector.driver)
        return next((setting.name for setting in spec.settings if setting.secret), "")
    return ""
