"""The process that stages and may be killed: `python -m tests.reviews.dying_stager make|stage`.

`stage` says a word whenever it has come one step further, so that whoever kills it knows where.
"""

import sys
from typing import Any

import django

django.setup()

from django.utils.timezone import now  # noqa: E402

from core.models import Role  # noqa: E402
from reviews import jobs  # noqa: E402
from reviews.actions import freezing, staging  # noqa: E402
from reviews.models import Campaign  # noqa: E402
from reviews.queries import frozen  # noqa: E402
from tests.make import make_user  # noqa: E402
from tests.reviews.staged import make_draft, world  # noqa: E402

HOLDERS = 60


def make() -> None:
    """A draft that is to be staged, and one like it that nobody will disturb."""
    world(holders=HOLDERS)
    for name in ("Disturbed", "Undisturbed"):
        campaign = make_draft(make_user(f"Owner of {name}", Role.CAMPAIGN), name=name)
        staging.want(campaign, by=campaign.owners.get())


def stage(name: str) -> None:
    """In many small steps."""
    frozen.PAGE, staging.PAGE, freezing.AT_ONCE = 40, 30, 50
    real = Campaign.renew

    def heard(campaign: Campaign, **changes: Any) -> None:
        real(campaign, **changes)
        sys.stdout.write("step\n")
        sys.stdout.flush()

    Campaign.renew = heard  # type: ignore[method-assign,assignment]  # to be heard from outside
    campaign = Campaign.objects.get(name=name)
    Campaign.objects.filter(pk=campaign.pk).update(due_at=now(), leased_until=None, attempts=0)
    jobs.stage(campaign.pk)


if __name__ == "__main__":
    make() if sys.argv[1] == "make" else stage(sys.argv[2])
