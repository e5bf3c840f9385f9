"""The process that writes evidence files and may be killed: `python -m ...dying_reporter make|write`.

`write` says a word whenever it has written so many rows more, so that whoever kills it knows where.
"""

import sys
from pathlib import Path
from typing import Any

import django

django.setup()

from django.utils.timezone import now  # noqa: E402

from core.models import Role  # noqa: E402
from reviews import jobs  # noqa: E402
from reviews.actions import report_files, reports  # noqa: E402
from reviews.evidence import tables  # noqa: E402
from reviews.models import Campaign, Report  # noqa: E402
from reviews.queries import evidence  # noqa: E402
from tests.make import make_user  # noqa: E402
from tests.reviews.making import make_grants, make_running  # noqa: E402

LINES = 60


def make() -> None:
    """A campaign that runs."""
    make_running(make_grants(LINES), make_user("Rui Alves"), make_user("Olga Berg", Role.CAMPAIGN))


def write(kind: str) -> None:
    """In many small steps; a file that an earlier process began is gone on with."""
    evidence.PAGE, tables.TELL_EVERY = 7, 1
    real = report_files.WRITERS[Report.Kind(kind)]

    def heard(campaign: Campaign, report: Report, path: Path, seen: tables.Seen) -> int:
        def told(rows: int) -> None:
            sys.stdout.write(f"{rows}\n")
            sys.stdout.flush()
            seen(rows)

        return real(campaign, report, path, told)

    writers: Any = report_files.WRITERS
    writers[Report.Kind(kind)] = heard
    campaign = Campaign.objects.get()
    report = reports.want(campaign, kind, by=campaign.owners.get())
    Report.objects.filter(pk=report.pk).update(due_at=now(), leased_until=None)
    jobs.make_report(report.pk)


if __name__ == "__main__":
    make() if sys.argv[1] == "make" else write(sys.argv[2])
