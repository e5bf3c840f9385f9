"""The addresses of the guard and of runs."""

from tests.make import make_app, make_connected
from tests.permissions.asking import Request, World

TABLE = """
                  super    connector_admin owner   app_owner basic   application campaign request helpdesk read_only deactivated stranger
connectors:guard  200/done 200/done        403/403 404/404   404/404 404/404     404/404  404/404 404/404  403/403   302/302     302/302
connectors:rules  200/done 403/403         403/403 403/403   403/403 403/403     403/403  403/403 403/403  200/403   302/302     302/302
"""


def requests(world: World) -> dict[str, Request]:
    """For every address that needs more than itself, what whoever has the right succeeds with."""
    owner, app_owner = world.person("owner"), world.person("app_owner")
    connector = make_connected(owner, app=make_app("Guarded", app_owner), name="Guarded")
    limits = {"accounts": 20, "grants": 10, "kind": 20, "owners": 10}
    seen = {"changed_at": connector.changed_at.isoformat()}
    return {
        "connectors:guard": Request([connector.pk], {**seen, **limits, "guard": "on"}),
        "connectors:rules": Request(typed={"guards": "off", "reason": "Coupa moves this weekend"}),
    }
