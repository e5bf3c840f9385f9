"""Columns of lists: everybody chooses their own."""

from core.models import ColumnChoice
from tests.permissions.asking import Request, World

TABLE = """
                            super    connector_admin owner    app_owner basic   application campaign request helpdesk read_only deactivated stranger
connectors:columns          405/done 405/done        405/done 405/done  405/done 405/done   405/done 405/done 405/done 405/done 302/302     302/302
"""


def requests(world: World) -> dict[str, Request]:
    for person in filter(None, world.everyone.values()):  # so that there is a row to change for everybody
        ColumnChoice.objects.create(user=person, table="apps", columns=["data"])
    return {"connectors:columns": Request(["apps"], {"column": ["owners"], "next": "/applications/"})}
