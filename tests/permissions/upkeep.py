"""The addresses for looking after a connector."""

from connectors.models import ConnectorOwner
from tests.make import make_app, make_connected, make_entitlement
from tests.permissions.asking import Request, World

TABLE = """
                          super    connector_admin owner    app_owner basic   application campaign request helpdesk read_only deactivated stranger
connectors:rename         200/done 200/done        200/done 404/404   404/404 404/404     404/404  404/404 404/404  403/403   302/302     302/302
connectors:schedule       200/done 200/done        200/done 404/404   404/404 404/404     404/404  404/404 404/404  403/403   302/302     302/302
connectors:kinds          200/done 200/done        200/done 404/404   404/404 404/404     404/404  404/404 404/404  403/403   302/302     302/302
connectors:attributes     200/done 403/403         403/403  404/404   404/404 404/404     404/404  404/404 404/404  403/403   302/302     302/302
connectors:holders        200/done 200/done        200/404  404/404   404/404 404/404     404/404  404/404 404/404  403/403   302/302     302/302
connectors:remove_holders 405/done 405/done        405/done 405/404   405/404 405/404     405/404  405/404 405/404  405/403   302/302     302/302
connectors:delete         200/done 200/done        200/done 404/404   404/404 404/404     404/404  404/404 404/404  403/403   302/302     302/302
"""


def requests(world: World) -> dict[str, Request]:
    """A connector of an app that somebody else answers for, who sees that app's entitlements."""
    owner, app_owner = world.person("owner"), world.person("app_owner")
    connector = make_connected(owner, app=make_app("Upkeep", app_owner))
    entitlement = make_entitlement(connector.app, "Looks after connectors")
    held = make_entitlement(connector.app, "Looked after them")
    ConnectorOwner.objects.create(connector=connector, entitlement=held)
    seen = {"changed_at": connector.changed_at.isoformat()}
    return {
        "connectors:rename": Request([connector.pk], {**seen, "name": "Another"}),
        "connectors:schedule": Request([connector.pk], {**seen, "schedule": "every", "preset": "60"}),
        "connectors:kinds": Request([connector.pk], {**seen, "kinds": ["user", "role"]}),
        "connectors:attributes": Request([connector.pk], {**seen, "mode": "ignore", "names": "phone"}),
        "connectors:holders": Request([connector.pk], {"entitlement": entitlement.pk}),
        "connectors:remove_holders": Request([connector.pk], {"entitlement": held.pk}),
        "connectors:delete": Request([connector.pk], {"typed": "DELETE"}),
    }
