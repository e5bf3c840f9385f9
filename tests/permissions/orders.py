"""The addresses of orders, and of asking that access be removed."""

from django.utils.timezone import now

from connectors.models import ACCESS, CREDENTIAL, Connector, ProvisionOrder
from core.models import User
from tests.make import make_account, make_app, make_connected, make_entitlement, make_grant
from tests.permissions.asking import Request, World

TABLE = """
                         super    connector_admin owner    app_owner basic   application campaign request helpdesk read_only deactivated stranger
connectors:order         200/405  200/405         200/405  200/405   404/405 404/405     404/405  404/405 404/405  200/405   302/302     302/302
connectors:order_retry   405/done 405/done        405/done 405/403   405/404 405/404     405/404  405/404 405/404  405/403   302/302     302/302
connectors:order_again   405/done 405/done        405/done 405/done  405/404 405/404     405/404  405/404 405/404  405/403   302/302     302/302
connectors:order_by_hand 405/done 405/done        405/done 405/403   405/404 405/404     405/404  405/404 405/404  405/403   302/302     302/302
connectors:order_done    405/done 405/done        405/done 405/done  405/404 405/404     405/404  405/404 405/404  405/403   302/302     302/302
connectors:order_disable 405/done 405/403         405/403  405/done  405/404 405/404     405/404  405/404 405/404  405/403   302/302     302/302
connectors:order_drop    405/done 405/done        405/done 405/403   405/404 405/404     405/404  405/404 405/404  405/403   302/302     302/302
connectors:orders        200/405  200/405         200/405  404/405   404/405 404/405     404/405  404/405 404/405  200/405   302/302     302/302
connectors:retry_orders  405/done 405/done        405/done 405/404   405/404 405/404     405/404  405/404 405/404  405/403   302/302     302/302
connectors:app_orders    200/405  200/405         404/405  200/405   404/405 404/405     404/405  404/405 404/405  200/405   302/302     302/302
connectors:order_confirm 405/done 405/403         405/403  405/done  405/404 405/404     405/404  405/404 405/404  405/403   302/302     302/302
connectors:order_refuse  405/done 405/403         405/403  405/done  405/404 405/404     405/404  405/404 405/404  405/403   302/302     302/302
connectors:confirm_orders 405/done 405/403        405/404  405/done  405/404 405/404     405/404  405/404 405/404  405/403   302/302     302/302
connectors:ask_removal   200/done 403/403         404/404  200/done  404/404 404/404     404/404  404/404 404/done 403/403   302/302     302/302
"""
WRITES = {"domain": "acme.coupahost.com", "client_id": "b1f9c2d07e4a", "mode": "read-write"}


def requests(world: World) -> dict[str, Request]:
    """For every address that needs more than itself, what whoever has the right succeeds with."""
    owner, app_owner = world.person("owner"), world.person("app_owner")
    connector = _connector("Ordered", owner, app_owner)
    failed = _order(connector, ProvisionOrder.Status.FAILED)
    back = _order(connector, ProvisionOrder.Status.CAME_BACK, came_back_at=now())
    last = _order(_connector("Bared", owner, app_owner), ProvisionOrder.Status.FAILED)
    make_grant(last.account, make_entitlement(last.app, "Access", CREDENTIAL, external_id=ACCESS))
    wanted = _order(_connector("Asked", owner, app_owner), ProvisionOrder.Status.ASKED)
    other = _connector("Ordered too", owner, app_owner)
    _order(other, ProvisionOrder.Status.FAILED)
    grant = make_grant(make_account(other.app, "Ruth"), make_entitlement(other.app, "Approver"))
    asked = {"account": [grant.account_id], "entitlement": [grant.entitlement_id], "number": "1"}
    reason = {"reason": "Nobody needs it any more"}
    return {
        "connectors:order": Request([failed.pk]),
        "connectors:order_retry": Request([failed.pk]),
        "connectors:order_again": Request([back.pk]),
        "connectors:order_by_hand": Request([failed.pk], reason),
        "connectors:order_done": Request([failed.pk], reason),
        "connectors:order_disable": Request([last.pk]),
        "connectors:order_drop": Request([failed.pk], reason),
        "connectors:orders": Request([connector.pk]),
        "connectors:retry_orders": Request([other.pk]),
        "connectors:app_orders": Request([connector.app_id]),
        "connectors:order_confirm": Request([wanted.pk]),
        "connectors:order_refuse": Request([wanted.pk], reason),
        "connectors:confirm_orders": Request([wanted.app_id]),
        "connectors:ask_removal": Request([other.app_id], {**asked, **reason}),
    }


def _connector(name: str, owner: User, app_owner: User) -> Connector:
    """May change its app."""
    return make_connected(owner, app=make_app(name, app_owner), name=name, settings=WRITES)


def _order(connector: Connector, status: ProvisionOrder.Status, **fields: object) -> ProvisionOrder:
    account = make_account(connector.app, "Grace")
    entitlement = make_entitlement(connector.app, "Buyer")
    return ProvisionOrder.objects.create(
        app=connector.app,
        connector=connector,
        verb=ProvisionOrder.Verb.REVOKE,
        account=account,
        entitlement=entitlement,
        grant=make_grant(account, entitlement).pk,
        status=status,
        reason="Denied.",
        **fields,
    )
