"""The addresses of connectors and applications."""

from django.utils.timezone import now

from connectors.models import Connector, SyncRun
from core.models import User
from tests.make import (
    make_account,
    make_app,
    make_connected,
    make_connector,
    make_entitlement,
    make_grant,
    make_run,
)
from tests.permissions.asking import Request, World

TABLE = """
                         super    connector_admin owner    app_owner basic   application campaign request helpdesk read_only deactivated stranger
connectors:index         200/405  200/405         200/405  200/405   200/405 200/405     200/405  200/405 200/405  200/405   302/302     302/302
connectors:catalogue     200/405  200/405         403/405  403/405   403/405 403/405     403/405  403/405 403/405  403/405   302/302     302/302
connectors:add           200/done 200/done        403/403  403/403   403/403 403/403     403/403  403/403 403/403  403/403   302/302     302/302
connectors:app           200/done 200/done        403/403  404/404   404/404 404/404     404/404  404/404 404/404  403/403   302/302     302/302
connectors:connector     200/405  200/405         200/405  404/405   404/405 404/405     404/405  404/405 404/405  200/405   302/302     302/302
connectors:owners        200/done 200/done        200/done 404/404   404/404 404/404     404/404  404/404 404/404  403/403   302/302     302/302
connectors:ask_again     405/done 405/done        405/done 405/404   405/404 405/404     405/404  405/404 405/404  405/403   302/302     302/302
connectors:settings      200/done 200/done        200/done 404/404   404/404 404/404     404/404  404/404 404/404  403/403   302/302     302/302
connectors:live          200/405  200/405         200/405  404/405   404/405 404/405     404/405  404/405 404/405  200/405   302/302     302/302
connectors:progress      200/405  200/405         200/405  404/405   404/405 404/405     404/405  404/405 404/405  200/405   302/302     302/302
connectors:sync          405/done 405/done        405/done 405/404   405/404 405/404     405/404  405/404 405/404  405/403   302/302     302/302
connectors:pause         405/done 405/done        405/done 405/404   405/404 405/404     405/404  405/404 405/404  405/403   302/302     302/302
connectors:resume        405/done 405/done        405/done 405/404   405/404 405/404     405/404  405/404 405/404  405/403   302/302     302/302
connectors:run           200/405  200/405         200/405  404/405   404/405 404/405     404/405  404/405 404/405  200/405   302/302     302/302
connectors:confirm       405/done 405/done        405/403  405/404   405/404 405/404     405/404  405/404 405/404  405/403   302/302     302/302
connectors:discard       405/done 405/done        405/done 405/404   405/404 405/404     405/404  405/404 405/404  405/403   302/302     302/302
connectors:applications  200/405  200/405         200/405  200/405   200/405 200/405     200/405  200/405 200/405  200/405   302/302     302/302
connectors:explore       200/405  200/405         200/405  200/405   200/405 200/405     200/405  200/405 200/405  200/405   302/302     302/302
connectors:application   200/405  200/405         404/405  200/405   404/405 404/405     404/405  404/405 404/405  200/405   302/302     302/302
connectors:accounts      200/405  200/405         404/405  200/405   404/405 404/405     404/405  404/405 404/405  200/405   302/302     302/302
connectors:account       200/405  200/405         404/405  200/405   404/405 404/405     404/405  404/405 404/405  200/405   302/302     302/302
connectors:entitlements  200/405  200/405         404/405  200/405   404/405 404/405     404/405  404/405 404/405  200/405   302/302     302/302
connectors:entitlement   200/405  200/405         404/405  200/405   404/405 404/405     404/405  404/405 404/405  200/405   302/302     302/302
"""
CONNECTED = ("connector", "live", "progress", "sync", "pause")


def requests(world: World) -> dict[str, Request]:
    """For every address that needs more than itself, what whoever has the right succeeds with."""
    owner, app_owner = world.person("owner"), world.person("app_owner")
    return connector_requests(owner, app_owner) | app_requests(owner, app_owner)


def connector_requests(owner: User, app_owner: User) -> dict[str, Request]:
    """One connector that is connected, one each that is not set up, paused, and holds a run."""
    connected = make_connected(owner, app=make_app("Coupa", app_owner))
    fresh = make_connector(owner, app=make_app("Fresh", app_owner))
    paused = make_connected(owner, app=make_app("Paused", app_owner), paused_at=now())
    held = make_connected(owner, app=make_app("Held", app_owner), status=Connector.Status.HELD)
    run = make_run(held, status=SyncRun.Status.HELD, ended_at=None)
    new_app = {"how": "new", "name": "Another"}
    settings = {"domain": "acme.coupahost.com", "client_id": "new", "client_secret": "s", "mode": "read"}
    answer = {"reason": "Looked at it with Tom"}
    return {
        "connectors:add": Request(["coupa"], new_app),
        "connectors:app": Request([fresh.pk], new_app),
        "connectors:owners": Request([fresh.pk], {"owners": [app_owner.pk], "then": "leave"}),
        "connectors:ask_again": Request([fresh.pk], {"owner": owner.pk}),
        "connectors:settings": Request([connected.pk], settings),
        "connectors:resume": Request([paused.pk]),
        "connectors:run": Request([run.key]),
        "connectors:confirm": Request([run.key], answer),
        "connectors:discard": Request([run.key], answer),
        **{f"connectors:{page}": Request([connected.pk]) for page in CONNECTED},
    }


def app_requests(owner: User, app_owner: User) -> dict[str, Request]:
    """An app of whose connector somebody else is the owner, with an account that holds something."""
    app = make_connected(owner, app=make_app("Ariba", app_owner)).app
    account, entitlement = make_account(app), make_entitlement(app)
    make_grant(account, entitlement)
    return {
        "connectors:application": Request([app.pk]),
        "connectors:accounts": Request([app.pk]),
        "connectors:account": Request([app.pk, account.pk]),
        "connectors:entitlements": Request([app.pk]),
        "connectors:entitlement": Request([app.pk, entitlement.pk]),
    }
