"""Addresses of letters and of the mail server they go through."""

from core.models import OutgoingMail
from tests.make import make_letter, make_mail_server
from tests.permissions.asking import Request, World

TABLE = """
                       super     connector_admin owner     app_owner basic     application campaign  request   helpdesk  read_only deactivated stranger
core:outbox            200/405   403/405         403/405   403/405   403/405   403/405     403/405   403/405   403/405   403/405   302/302     302/302
core:letter            200/405   403/405         403/405   403/405   403/405   403/405     403/405   403/405   403/405   403/405   302/302     302/302
core:letter_again      405/done  405/403         405/403   405/403   405/403   405/403     405/403   405/403   405/403   405/403   302/302     302/302
core:mail_server       200/405   403/405         403/405   403/405   403/405   403/405     403/405   403/405   403/405   200/405   302/302     302/302
core:save_mail_server  405/done  405/403         405/403   405/403   405/403   405/403     405/403   405/403   405/403   405/403   302/302     302/302
core:send_test         405/done  405/403         405/403   405/403   405/403   405/403     405/403   405/403   405/403   405/403   302/302     302/302
core:try_address_again 405/done  405/403         405/403   405/403   405/403   405/403     405/403   405/403   405/403   405/403   302/302     302/302
"""


def requests(world: World) -> dict[str, Request]:
    """For every address that needs more than itself, what whoever has the right succeeds with."""
    letter = make_letter(status=OutgoingMail.Status.FAILED)
    bounced = make_letter(status=OutgoingMail.Status.FAILED, bounced=True, to="gone@meridian.example")
    server = make_mail_server()
    typed = {
        "host": server.host,
        "port": 587,
        "security": "starttls",
        "sender": server.sender,
        "changed_at": server.saved_at.isoformat(),
    }
    return {
        "core:letter": Request([letter.pk]),
        "core:letter_again": Request([letter.pk]),
        "core:save_mail_server": Request(typed=typed),
        "core:try_address_again": Request(typed={"address": bounced.to}),
    }
