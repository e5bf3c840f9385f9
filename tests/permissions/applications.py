"""The addresses of applications themselves: made, found, owned, described, deleted."""

from connectors.actions import app_lists
from connectors.discovery.csv_list import CsvList
from connectors.models import App
from tests.make import make_app
from tests.permissions.asking import Request, World

TABLE = """
                          super    connector_admin owner   app_owner basic   application campaign request helpdesk read_only deactivated stranger
connectors:new_app        200/done 403/403         403/403 403/403   403/403 200/done    403/403  403/403 403/403  403/403   302/302     302/302
connectors:manage_apps    200/done 403/403         403/403 403/403   403/403 403/403     403/403  403/403 403/403  403/403   302/302     302/302
connectors:forget_apps    200/done 403/403         403/403 403/403   403/403 403/403     403/403  403/403 403/403  403/403   302/302     302/302
connectors:bring_apps     200/200  200/200         403/403 403/403   403/403 200/200     403/403  403/403 403/403  403/403   302/302     302/302
connectors:apply_app_list 405/done 405/done        405/403 405/403   405/403 405/done    405/403  405/403 405/403  405/403   302/302     302/302
connectors:app_connectors 200/405  200/405         404/405 200/405   404/405 200/405     404/405  404/405 404/405  200/405   302/302     302/302
connectors:app_timeline   200/405  200/405         404/405 200/405   404/405 200/405     404/405  404/405 404/405  200/405   302/302     302/302
connectors:app_owners     200/done 403/403         404/404 403/403   404/404 200/done    404/404  404/404 404/404  403/403   302/302     302/302
connectors:app_settings   200/done 403/403         404/404 403/403   404/404 200/done    404/404  404/404 404/404  403/403   302/302     302/302
connectors:delete_app     200/done 403/403         404/404 403/403   404/404 200/done    404/404  404/404 404/404  403/403   302/302     302/302
"""
LIST = "provider,name,external ID,users\nOkta,Travel Desk,0oa7,12\n"


class Sheet:
    """A file that may be sent again and again."""

    name = "apps.csv"

    def read(self) -> bytes:
        return LIST.encode()


def requests(world: World) -> dict[str, Request]:
    """For every address that needs more than itself, what whoever has the right succeeds with."""
    owners = world.person("app_owner"), world.person("application")
    app, idle = make_app("Payroll", *owners), make_app("Archive", *owners)
    found = make_app("Warehouse Board", status=App.Status.UNMANAGED, provider="Okta", provider_id="0oa1")
    seen = app_lists.plan(CsvList(LIST.encode()).listing()).digest
    changed = app.changed_at.isoformat()
    facts = {"name": "Payroll 2", "description": "", "icon": "coins", "annotations": "cost-centre: 4711"}
    people = [each.pk for each in owners]
    return {
        "connectors:new_app": Request(typed={"name": "Treasury", "owners": people[:1], "source": "none"}),
        "connectors:manage_apps": Request(typed={"app": [found.pk], "owners": people[:1]}),
        "connectors:forget_apps": Request(typed={"provider": "Okta", "number": "1"}),
        "connectors:bring_apps": Request(typed={"file": Sheet()}),
        "connectors:apply_app_list": Request(typed={"text": LIST, "seen": seen}),
        "connectors:app_connectors": Request([app.pk]),
        "connectors:app_timeline": Request([app.pk]),
        "connectors:app_owners": Request([app.pk], {"owners": people[:1], "changed_at": changed}),
        "connectors:app_settings": Request([app.pk], {**facts, "changed_at": changed}),
        "connectors:delete_app": Request([idle.pk], {"typed": "Archive"}),
    }
