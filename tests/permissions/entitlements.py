"""The addresses of what is known and decided about entitlements and resources."""

from core.models import User
from tests.make import make_account, make_app, make_connected, make_entitlement, make_grant
from tests.permissions.asking import Request, World

TABLE = """
                                   super    connector_admin owner    app_owner basic   application campaign request helpdesk read_only deactivated stranger
connectors:entitlement_edit        200/done 403/403         404/404  403/403   404/404 404/404     404/404  404/404 404/404  403/403   302/302     302/302
connectors:entitlements_attributes 200/done 403/403         404/404  403/403   404/404 404/404     404/404  404/404 404/404  403/403   302/302     302/302
connectors:resources               200/405  200/405         404/405  200/405   404/405 404/405     404/405  404/405 404/405  200/405   302/302     302/302
connectors:resource                200/405  200/405         404/405  200/405   404/405 404/405     404/405  404/405 404/405  200/405   302/302     302/302
connectors:resource_edit           200/done 403/403         404/404  403/403   404/404 404/404     404/404  404/404 404/404  403/403   302/302     302/302
"""
UNSEEN = "0001-01-01T00:00:00+00:00"


def requests(world: World) -> dict[str, Request]:
    """An app with one entitlement that somebody holds."""
    return entitlement_requests(world.person("owner"), world.person("app_owner"))


def entitlement_requests(owner: User, app_owner: User) -> dict[str, Request]:
    app = make_connected(owner, app=make_app("Concur", app_owner)).app
    entitlement = make_entitlement(app)
    make_grant(make_account(app), entitlement)
    edited = {"alias": "buy", "risk": "High", "changed_at": UNSEEN}
    return {
        "connectors:entitlement_edit": Request([app.pk, entitlement.pk], edited),
        "connectors:entitlements_attributes": Request(
            [app.pk], {"chosen": [entitlement.pk], "set_risk": "on", "risk": "High"}
        ),
        "connectors:resources": Request([app.pk]),
        "connectors:resource": Request([app.pk, entitlement.resource_id]),
        "connectors:resource_edit": Request(
            [app.pk, entitlement.resource_id], {"own_name": "Purchaser", "changed_at": UNSEEN}
        ),
    }
