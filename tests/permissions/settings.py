"""Settings of the organisation, and downloads. Of the lists on offer that of people is asked for."""

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils.timezone import now

from core.models import Export, Organisation
from tests.permissions.asking import Request, World

TABLE = """
                   super     connector_admin owner     app_owner basic     application campaign  request   helpdesk  read_only deactivated stranger
core:organisation  200/done  403/403         403/403   403/403   403/403   403/403     403/403   403/403   403/403   200/403   302/302     302/302
core:retention     200/done  403/403         403/403   403/403   403/403   403/403     403/403   403/403   403/403   200/403   302/302     302/302
core:system        200/405   403/405         403/405   403/405   403/405   403/405     403/405   403/405   403/405   200/405   302/302     302/302
core:drop_letters  405/done  405/403         405/403   405/403   405/403   405/403     405/403   405/403   405/403   405/403   302/302     302/302
core:downloads     200/405   200/405         200/405   200/405   200/405   200/405     200/405   200/405   200/405   200/405   302/302     302/302
core:order_export  405/done  405/done        405/403   405/403   405/403   405/done    405/done  405/done  405/done  405/done  302/302     302/302
core:download      200/405   404/405         404/405   404/405   404/405   404/405     404/405   404/405   404/405   404/405   302/302     302/302
"""


def requests(world: World) -> dict[str, Request]:
    """For every address that needs more than itself, what whoever has the right succeeds with."""
    present = Organisation.current()
    seen = {"changed_at": present.changed_at.isoformat()}
    return {
        "core:organisation": Request(typed={**seen, "name": "Halden Group", "time_zone": "Europe/Stockholm"}),
        "core:retention": Request(
            typed={**seen, "keep_letters_days": 800, "keep_log_days": 800, "keep_downloads_days": 60}
        ),
        "core:drop_letters": Request(typed={"letters": "off"}),
        "core:order_export": Request(typed={"kind": "core.people"}),
        "core:download": Request([fetched(world).pk]),
    }


def fetched(world: World) -> Export:
    """A file that the Super Administrator asked for and has downloaded before: once more writes nothing."""
    return Export.objects.create(
        kind="core.people",
        title="People",
        name="people.csv",
        status=Export.Status.DONE,
        by=world.person("super"),
        file=default_storage.save("exports/people.csv", ContentFile(b"Name\r\nAda\r\n")),
        ended_at=now(),
        fetched_at=now(),
    )
