"""The ground floor's addresses."""

from tests.permissions.asking import Request, World

TABLE = """
                   super     connector_admin owner     app_owner basic     application campaign  request   helpdesk  read_only deactivated stranger
core:home          200/405   200/405         200/405   200/405   200/405   200/405     200/405   200/405   200/405   200/405   302/302     302/302
core:theme         405/done  405/done        405/done  405/done  405/done  405/done    405/done  405/done  405/done  405/done  302/302     302/302
"""


def requests(world: World) -> dict[str, Request]:
    """For every address that needs more than itself, what whoever has the right succeeds with."""
    return {"core:theme": Request(typed={"theme": "dark"})}
