"""The process that submits, or closes, and may be killed: `python -m tests.reviews.dying_decider submit`.

It stops wherever it could die, says where it is, and goes on once it is answered.
"""

import sys
from collections.abc import Sequence
from typing import Any

import django

django.setup()

from django.utils.timezone import now  # noqa: E402

from connectors.models import Grant  # noqa: E402
from core.models import Role, User  # noqa: E402
from reviews import jobs  # noqa: E402
from reviews.actions import closing, deciding, removals, sampling  # noqa: E402
from reviews.models import Campaign, Mark, Progress, ReviewTask, Turn  # noqa: E402
from reviews.queries.desk import bar  # noqa: E402
from tests.make import make_account, make_app, make_entitlement, make_grant, make_user  # noqa: E402
from tests.reviews.making import make_line, make_running  # noqa: E402

REVIEWER = "mia.torres@meridian.example"
SUBMITTED, CLOSED = 10_000, 1_200
"""Lines of a campaign."""
UNSUBMITTED = 40
"""Of those to be closed."""
PAGE = 250
"""Lines closed in one transaction."""
DENIED_EVERY = 10
type Places = Sequence[tuple[Any, str]]
SUBMITTING: Places = (
    (deciding, "_held_marks"),
    (deciding, "_take"),
    (deciding, "_write"),
    (removals, "open_for"),
    (deciding, "_settle"),
    (deciding, "_tell"),
)
CLOSING: Places = (
    (Campaign, "renew"),
    (closing, "settle"),
    (sampling, "draw"),
    (closing, "_finish"),
)


def make() -> None:
    """One whose lines are all marked; two alike to be closed, of which nobody will disturb one."""
    owner = make_user("Rui Pires")
    app = make_app("Coupa", owner)
    grant = make_grant(make_account(app, "Nora"), make_entitlement(app, "Buyer"))
    reviewer = make_user("Mia Torres", Role.BASIC, email=REVIEWER)
    for name, lines, marked in (
        ("Submitted", SUBMITTED, SUBMITTED),
        ("Disturbed", CLOSED, UNSUBMITTED),
        ("Undisturbed", CLOSED, UNSUBMITTED),
    ):
        campaign = make_running([], reviewer, make_user(f"Owner of {name}", Role.CAMPAIGN), name=name)
        _fill(campaign, grant, reviewer, lines)
        _mark(campaign, reviewer, marked)


def _fill(campaign: Campaign, grant: Grant, reviewer: User, lines: int) -> None:
    """Many lines like the first, each of a grant of its own."""
    first = make_line(campaign, grant, 1)
    told = {field.attname: getattr(first, field.attname) for field in ReviewTask._meta.concrete_fields}
    del told["id"]
    others = ({**told, "line_no": number, "grant": grant.pk + number} for number in range(2, lines + 1))
    ReviewTask.objects.bulk_create(ReviewTask(**each) for each in others)
    asked = {"campaign": campaign, "rule": 1, "reviewer": reviewer, "via": Turn.Via.MANAGER}
    Turn.objects.bulk_create(Turn(task=line, line_no=line.line_no, **asked) for line in campaign.tasks.all())
    Progress.objects.create(campaign=campaign, reviewer=reviewer, asked=lines, open=lines)
    Campaign.objects.filter(pk=campaign.pk).update(lines=lines)


def _mark(campaign: Campaign, reviewer: User, number: int) -> None:
    marks = []
    for line in campaign.tasks.filter(line_no__lte=number):
        outcome = Mark.Outcome.CERTIFY if line.line_no % DENIED_EVERY else Mark.Outcome.DENY
        marks.append(
            Mark(task=line, campaign=campaign, person=reviewer, outcome=outcome, reason="As Tom says")
        )
    Mark.objects.bulk_create(marks)


def submit() -> None:
    campaign, reviewer = Campaign.objects.get(name="Submitted"), User.objects.get(email=REVIEWER)
    deciding.submit(campaign, reviewer, marks_seen=bar(campaign, reviewer).stamp)


def close(name: str) -> None:
    """Whatever is open is denied; what was marked only becomes an exception."""
    closing.PAGE = PAGE
    campaign = Campaign.objects.get(name=name)
    if campaign.status == Campaign.Status.RUNNING:
        seen = closing.open_lines(campaign).undecided
        closing.close(campaign, by=campaign.owners.get(), at_end="remove", typed=closing.WORD, seen=seen)
    Campaign.objects.filter(pk=campaign.pk).update(due_at=now(), leased_until=None, attempts=0)
    jobs.close(campaign.pk)


def stops_after(place: Any, name: str) -> None:
    real = getattr(place, name)

    def heard(*args: Any, **options: Any) -> Any:
        answer = real(*args, **options)
        sys.stdout.write(f"{name}\n")
        sys.stdout.flush()
        sys.stdin.readline()
        return answer

    setattr(place, name, heard)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["make"]:
            make()
        case ["submit"]:
            for each in SUBMITTING:
                stops_after(*each)
            submit()
        case ["close", name]:
            for each in CLOSING:
                stops_after(*each)
            close(name)
