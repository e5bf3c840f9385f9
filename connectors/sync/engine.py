"""Walks a driver: lays everything aside from where the run stands, then has the driver prove it.

A counted run is proven by a second reading of everything, any other one by a few entitlements.
"""

from django.utils.timezone import now

from connectors import registry
from connectors.contract import CursorExpired, Driver, Note
from connectors.models import SyncRun
from connectors.sync import proofs, recount, store
from connectors.sync.missing import ask_for_missing


def walk(run: SyncRun, driver: Driver) -> None:
    """Return when everything is laid aside and the proofs agree; at once if that was so already.

    Raises what the driver raises, and LeaseLost.
    """
    if run.walked_at:
        return
    _keep_who_asks(run)
    try:
        _lay_all_aside(run, driver)
    except CursorExpired as problem:
        if not run.cursor:
            raise  # a driver that does not understand its own beginning
        store.start_over(run)
        store.tell(run, [Note("warn", f"The walk starts over: {problem}")])
        _lay_all_aside(run, driver)
    ask_for_missing(run, driver)
    if run.is_counted:
        recount.count(run, driver)
    else:
        proofs.prove(run, driver)
    run.renew(walked_at=now(), read=store.counted(run))


def _lay_all_aside(run: SyncRun, driver: Driver) -> None:
    for batch in driver.walk(run.kinds, run.cursor):
        store.lay_aside(run, batch)
        if run.scopes_granted is None and (granted := driver.granted()) is not None:
            run.save_held(scopes_granted=list(granted))


def _keep_who_asks(run: SyncRun) -> None:
    """As whom the app is asked, for what, and by which version: with the settings in force now."""
    spec = registry.spec(run.connector.driver)
    kept = run.connector.settings
    further = [scope for each in spec.capabilities if each.kind in run.kinds for scope in each.scopes]
    run.renew(
        driver_version=spec.version,
        client=str(kept.get(spec.client, ""))[:200] if spec.client else "",
        scopes_asked=list(dict.fromkeys((*spec.scopes(kept), *further))),
    )
