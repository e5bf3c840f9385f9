"""The addresses of the guard and of runs."""

from connectors.models import Connector, SyncRun
from tests.make import make_app, make_connected, make_run
from tests.permissions.asking import Request, World

TABLE = """
                   super    connector_admin owner    app_owner basic   application campaign request helpdesk read_only deactivated stranger
connectors:guard   200/done 200/done        403/403  404/404   404/404 404/404     404/404  404/404 404/404  403/403   302/302     302/302
connectors:losses  200/405  200/405         200/405  404/405   404/405 404/405     404/405  404/405 404/405  200/405   302/302     302/302
connectors:run_changes 200/405  200/405         200/405  404/405   404/405 404/405     404/405  404/405 404/405  200/405   302/302     302/302
connectors:stop    405/done 405/done        405/done 405/404   405/404 405/404     405/404  405/404 405/404  405/403   302/302     302/302
connectors:guards  200/done 403/403         403/403  403/403   403/403 403/403     403/403  403/403 403/403  200/403   302/302     302/302
"""


def requests(world: World) -> dict[str, Request]:
    """For every address that needs more than itself, what whoever has the right succeeds with."""
    owner, app_owner = world.person("owner"), world.person("app_owner")
    connector = make_connected(owner, app=make_app("Guarded", app_owner), name="Guarded")
    held = make_connected(owner, app=make_app("Halted", app_owner), status=Connector.Status.HELD)
    busy = make_connected(owner, app=make_app("Busy", app_owner), status=Connector.Status.SYNCING)
    waits = make_run(held, status=SyncRun.Status.HELD, ended_at=None)
    queued = make_run(busy, status=SyncRun.Status.QUEUED, started_at=None, ended_at=None)
    limits = {"accounts": 20, "grants": 10, "kind": 20, "owners": 10}
    seen = {"changed_at": connector.changed_at.isoformat()}
    return {
        "connectors:guard": Request([connector.pk], {**seen, **limits, "guard": "on", "reason": "More"}),
        "connectors:losses": Request([waits.key]),
        "connectors:run_changes": Request([connector.runs.get().key]),
        "connectors:stop": Request([queued.key]),
        "connectors:guards": Request(typed={"guards": "off", "reason": "Coupa moves this weekend"}),
    }
