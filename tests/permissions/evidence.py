"""The addresses of evidence. `owner` is the control owner of the campaign, `campaign` its owner."""

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from reviews.models import Report
from tests.permissions.asking import Request, World
from tests.permissions.running import made

TABLE = """
                             super    connector_admin owner    app_owner basic   application campaign request helpdesk read_only deactivated stranger
reviews:evidence             200/done 404/404         200/done 404/404   404/404 404/404     200/done 404/404 404/404  200/done  302/302     302/302
reviews:report               200/405  404/405         200/405  404/405   404/405 404/405     200/405  404/405 404/405  200/405   302/302     302/302
"""


def requests(world: World) -> dict[str, Request]:
    """A campaign that runs, and a file of it."""
    campaign = made(world, "With evidence")
    file = default_storage.save("reports/made.csv", ContentFile(b"Line"))
    report = Report.objects.create(
        campaign=campaign, kind="lines_csv", status="done", file=file, name="made.csv", sha256="0" * 64
    )
    return {
        "reviews:evidence": Request([campaign.pk], {"kind": "lines_xlsx"}),
        "reviews:report": Request([campaign.pk, report.pk]),
    }
