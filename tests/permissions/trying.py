"""The addresses where settings are tried out and cleared, and the guide that anybody may read."""

from tests.make import make_app, make_connected
from tests.permissions.asking import Request, World

TABLE = """
                          super    connector_admin owner    app_owner basic   application campaign request helpdesk read_only deactivated stranger
connectors:test_settings  200/said 200/said        200/said 404/404   404/404 404/404     404/404  404/404 404/404  403/403   302/302     302/302
connectors:clear_secret   405/done 405/done        405/done 405/404   405/404 405/404     405/404  405/404 405/404  405/403   302/302     302/302
connectors:guide          200/405  200/405         200/405  200/405   200/405 200/405     200/405  200/405 200/405  200/405   200/405     200/405
"""


def requests(world: World) -> dict[str, Request]:
    """A connector whose secret is sealed."""
    connected = make_connected(
        world.person("owner"), app=make_app("Sealed", world.person("app_owner")), sealed="sealed"
    )
    typed = {"domain": "acme.coupahost.com", "client_id": "new", "client_secret": "s", "mode": "read"}
    return {
        "connectors:test_settings": Request([connected.pk], typed),
        "connectors:clear_secret": Request([connected.pk]),
        "connectors:guide": Request(["coupa"]),
    }
