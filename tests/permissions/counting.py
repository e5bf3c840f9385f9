"""The addresses of a counted run: its requests, and the answers kept of them."""

import zlib

from django.utils.timezone import now

from connectors.models import SyncCall
from tests.make import make_app, make_connected, make_run
from tests.permissions.asking import Request, World

TABLE = """
                         super    connector_admin owner    app_owner basic   application campaign request helpdesk read_only deactivated stranger
connectors:calls         200/405  200/405         200/405  404/405   404/405 404/405     404/405  404/405 404/405  200/405   302/302     302/302
connectors:body          405/said 405/403         405/403  405/404   405/404 405/404     405/404  405/404 405/404  405/said  302/302     302/302
"""


def requests(world: World) -> dict[str, Request]:
    """A counted run with one answer that is kept."""
    connector = make_connected(
        world.person("owner"), app=make_app("Counted", world.person("app_owner")), name="Counted"
    )
    run = make_run(connector, is_counted=True)
    call = SyncCall.objects.create(
        run=run,
        at=now(),
        kind="user",
        asked="GET /api/users?limit=50",
        status=200,
        records=1,
        bytes=2,
        sha256="0" * 64,
        seconds=0.1,
        body=zlib.compress(b"[]"),
    )
    return {"connectors:calls": Request([run.key]), "connectors:body": Request([run.key, str(call.pk)])}
