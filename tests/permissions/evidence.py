"""The addresses of evidence. `owner` is the control owner of the campaign, `campaign` its owner."""

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from reviews.models import Report, RoleFile
from tests.permissions.asking import Request, World
from tests.permissions.running import made

TABLE = """
                             super    connector_admin owner    app_owner basic   application campaign request helpdesk read_only deactivated stranger
reviews:evidence             200/done 404/404         200/done 404/404   404/404 404/404     200/done 404/404 404/404  200/done  302/302     302/302
reviews:report               200/405  404/405         200/405  404/405   404/405 404/405     200/405  404/405 404/405  200/405   302/302     302/302
reviews:campaign_roles       200/405  404/405         200/405  404/405   404/405 404/405     200/405  404/405 404/405  200/405   302/302     302/302
reviews:campaign_role        200/done 404/404         200/403  404/404   404/404 404/404     200/done 404/404 404/404  200/403   302/302     302/302
reviews:role_file            200/405  404/405         200/405  404/405   404/405 404/405     200/405  404/405 404/405  200/405   302/302     302/302
"""


class Permissions:
    """A file that may be sent again and again."""

    name = "role.csv"

    def read(self) -> bytes:
        return b"Permission,Allowed\nApprove,yes\n"


def requests(world: World) -> dict[str, Request]:
    """A campaign that runs, and a file of it."""
    campaign = made(world, "With evidence")
    file = default_storage.save("reports/made.csv", ContentFile(b"Line"))
    report = Report.objects.create(
        campaign=campaign, kind="lines_csv", status="done", file=file, name="made.csv", sha256="0" * 64
    )
    entitlement = campaign.tasks.earliest("line_no").entitlement_id
    kept = RoleFile.objects.create(
        campaign=campaign, entitlement_id=entitlement, file=file, suffix="csv", name="role.csv",
        sha256="0" * 64, size=4, by=world.person("campaign"),
    )  # fmt: skip
    return {
        "reviews:campaign_roles": Request([campaign.pk]),
        "reviews:campaign_role": Request([campaign.pk, entitlement], {"file": Permissions()}),
        "reviews:role_file": Request([campaign.pk, kept.key]),
        "reviews:evidence": Request([campaign.pk], {"kind": "lines_xlsx"}),
        "reviews:report": Request([campaign.pk, report.pk]),
    }
