"""What workers do for this room: carry syncs to their end, check settings, look for what was forgotten."""

import logging
from contextlib import closing

from celery import shared_task
from django.db import OperationalError

from connectors import registry
from connectors.actions import runs, settings
from connectors.contract import BadCredentials, BadSettings, DriverError, TransientError
from connectors.models import Connector, SettingsCandidate, SyncRun
from connectors.sync import engine
from connectors.sync.opening import open_candidate, open_driver
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
    try:
        _carry(run)
    except LeaseLost:
        return  # we were slow; the worker that holds the lease carries on


def _carry(run: SyncRun) -> None:
    try:
        with closing(open_driver(run.connector)) as driver:
            engine.walk(run, driver)
        runs.finish(run)
    except LeaseLost:
        raise
    except TransientError as problem:
        runs.put_off(run, str(problem))
    except OperationalError as problem:
        log.warning("Run %s was put off: %s", run.pk, problem)
        runs.put_off(run, "The database did not answer in time.")
    except DriverError as problem:
        runs.fail(run, str(problem))
    except Exception as problem:
        # The edge of the process: no run may stand as running for ever because of a fault of ours.
        runs.fail(run, f"Reeve itself failed: {type(problem).__name__}: {problem}")
        raise


@shared_task(name="connectors.check_settings", acks_late=True)
def check_settings(candidate_id: str) -> None:
    """Ask the vendor whether settings work; promote or refuse them. Harmless to deliver twice."""
    waiting = SettingsCandidate.objects.filter(status=SettingsCandidate.Status.WAITING)
    candidate = waiting.claim(candidate_id)
    if candidate is None:
        return  # settled already, replaced, or in another worker's hands
    try:
        _check(candidate)
    except LeaseLost:
        return  # replaced by newer settings meanwhile


def _check(candidate: SettingsCandidate) -> None:
    try:
        with closing(open_candidate(candidate)) as driver:
            driver.check()
        settings.promote(candidate)
    except LeaseLost:
        raise
    except TransientError as problem:
        settings.put_off(candidate, str(problem))
    except OperationalError as problem:
        log.warning("Settings %s were put off: %s", candidate.pk, problem)
        settings.put_off(candidate, "The database did not answer in time.")
    except BadSettings as problem:
        settings.refuse(candidate, str(problem), problem.field)
    except BadCredentials as problem:
        settings.refuse(candidate, str(problem), _secret_field(candidate))
    except DriverError as problem:
        settings.refuse(candidate, str(problem))
    except Exception as problem:
        settings.refuse(candidate, f"Reeve itself failed: {type(problem).__name__}: {problem}")
        raise


@shared_task(name="connectors.sweep")
def sweep() -> None:
    """Nudge what is due and in no worker's hands; begin the runs whose time has come."""
    for run_id in SyncRun.objects.unfinished().due().values_list("pk", flat=True):
        nudge("connectors.run_sync", run_id)
    waiting = SettingsCandidate.objects.filter(status=SettingsCandidate.Status.WAITING)
    for candidate_id in waiting.due().values_list("pk", flat=True):
        nudge("connectors.check_settings", candidate_id)
    for connector in Connector.objects.to_be_synced():
        try:
            runs.start(connector, by=None)
        except DomainError as problem:
            log.info("%s was not started: %s", connector, problem)


def _secret_field(candidate: SettingsCandidate) -> str:
    spec = registry.spec(candidate.connector.driver)
    return next((setting.name for setting in spec.settings if setting.secret), "")
