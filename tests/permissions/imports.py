"""The addresses of files of people."""

from core.actions import imports
from core.models import PeopleImport
from tests.permissions.asking import Request, World

TABLE = """
                    super     connector_admin owner   app_owner basic   application campaign request helpdesk read_only deactivated stranger
core:imports        200/done  403/403         403/403 403/403   403/403 403/403     403/403  403/403 403/403  200/403   302/302     302/302
core:import         200/405   403/405         403/405 403/405   403/405 403/405     403/405  403/405 403/405  200/405   302/302     302/302
core:apply_import   405/done  405/403         405/403 405/403   405/403 405/403     405/403  405/403 405/403  405/403   302/302     302/302
core:discard_import 405/done  405/403         405/403 405/403   405/403 405/403     405/403  405/403 405/403  405/403   302/302     302/302
core:import_file    200/405   403/405         403/405 403/405   403/405 403/405     403/405  403/405 403/405  403/405   302/302     302/302
"""


class Sheet:
    """A file that may be sent again and again."""

    name = "hr.csv"

    def read(self) -> bytes:
        return b"email,name\nbo@meridian.example,Bo Ek\n"


def requests(world: World) -> dict[str, Request]:
    """For every address that needs more than itself, what whoever has the right succeeds with."""
    kept = imports.keep(Sheet.name, Sheet().read(), by=world.person("super"), tell_worker=False)
    held = imports.claim(kept.pk, PeopleImport.Status.READING)
    assert held is not None
    imports.read(held)
    return {
        "core:imports": Request(typed={"file": Sheet()}),
        "core:import": Request([kept.pk]),
        "core:apply_import": Request([kept.pk]),
        "core:discard_import": Request([kept.pk]),
        "core:import_file": Request([kept.pk]),
    }
