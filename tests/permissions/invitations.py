"""The addresses of invitations."""

from datetime import timedelta

from django.utils.timezone import now

from core.actions.invitations import invitation_link, invite
from core.models import Invitation
from tests.permissions.asking import NEW_PASSWORD, Request, World

TABLE = """
                  super     connector_admin owner    app_owner basic    application campaign request  helpdesk read_only deactivated stranger
core:invite       200/done  200/done        403/403  403/403   403/403  200/done    200/done 403/403  403/403  403/403   302/302     302/302
core:invite_again 405/done  405/done        405/404  405/404   405/404  405/done    405/done 405/403  405/403  405/403   302/302     302/302
core:invitation   200/done  200/done        200/done 200/done  200/done 200/done    200/done 200/done 200/done 200/done  200/done    200/done
"""


def requests(world: World) -> dict[str, Request]:
    """For every address that needs more than itself, what whoever has the right succeeds with."""
    invited = invite("zoe.vance@meridian.example", name="Zoe Vance", by=world.person("super")).person
    Invitation.objects.update(written_at=now() - timedelta(hours=2))
    token = invitation_link(invited).split("/")[-2]
    return {
        "core:invite": Request(typed={"email": "bo.ek@meridian.example", "name": "Bo Ek"}),
        "core:invite_again": Request([invited.pk]),
        "core:invitation": Request([invited.pk, token], {"password": NEW_PASSWORD, "again": NEW_PASSWORD}),
    }
