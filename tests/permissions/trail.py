"""The trail's addresses."""

from django.db import transaction

from core.models import Organisation
from core.trail import record
from tests.permissions.asking import Request, World

TABLE = """
                  super     connector_admin owner     app_owner basic     application campaign  request   helpdesk  read_only deactivated stranger
core:trail        200/405   403/405         403/405   403/405   403/405   403/405     403/405   403/405   403/405   200/405   302/302     302/302
core:event        200/405   403/405         403/405   403/405   403/405   403/405     403/405   403/405   403/405   200/405   302/302     302/302
core:check_trail  405/done  405/403         405/403   405/403   405/403   405/403     405/403   405/403   405/403   405/done  302/302     302/302
"""


def requests(world: World) -> dict[str, Request]:
    """For every address that needs more than itself, what whoever has the right succeeds with."""
    with transaction.atomic():
        event = record("core.signed_in", Organisation.current(), by=world.person("super"))
    return {"core:event": Request([str(event.pk)])}
