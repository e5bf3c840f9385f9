"""Accounts of an app: whose they are, how they are matched."""

from core.models import ColumnChoice
from tests.make import make_account, make_app, make_connected
from tests.permissions.asking import Request, World

TABLE = """
                            super    connector_admin owner    app_owner basic   application campaign request helpdesk read_only deactivated stranger
connectors:matching         200/done 200/403         404/404  200/403   404/404 404/404     404/404  404/404 404/404  200/403   302/302     302/302
connectors:change_accounts  200/done 403/403         404/404  403/403   404/404 404/404     404/404  404/404 404/404  403/403   302/302     302/302
"""


def requests(world: World) -> dict[str, Request]:
    owner, app_owner = world.person("owner"), world.person("app_owner")
    app = make_connected(owner, app=make_app("Jaggaer", app_owner)).app
    for person in filter(
        None, world.everyone.values()
    ):  # SQLite tells of no row where it answers with its key
        ColumnChoice.objects.create(user=person, table="accounts", columns=["status"])
    account = make_account(app, "Grace Kim")
    typed = {"account": [account.pk], "number": "1", "do": "service"}
    seen = app.changed_at.isoformat()
    return {
        "connectors:matching": Request([app.pk], {"matching": "broad", "changed_at": seen}),
        "connectors:change_accounts": Request([app.pk], typed),
    }
