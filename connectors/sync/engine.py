"""Walks a driver: lays everything aside from where the run stands, then has the driver prove it."""

from django.utils.timezone import now

from connectors.contract import CursorExpired, Driver, Note
from connectors.models import SyncRun
from connectors.sync import proofs, store


def walk(run: SyncRun, driver: Driver) -> None:
    """Return when everything is laid aside and the proofs agree; at once if that was so already.

    Raises what the driver raises, and LeaseLost.
    """
    if run.walked_at:
        return
    try:
        _lay_all_aside(run, driver)
    except CursorExpired as problem:
        if not run.cursor:
            raise  # a driver that does not understand its own beginning
        store.start_over(run)
        store.tell(run, [Note("warn", f"The walk starts over: {problem}")])
        _lay_all_aside(run, driver)
    proofs.prove(run, driver)
    run.renew(walked_at=now(), read=store.counted(run))


def _lay_all_aside(run: SyncRun, driver: Driver) -> None:
    for batch in driver.walk(run.kinds, run.cursor):
        store.lay_aside(run, batch)
