"""What the Expense Scanner of the demo company exports: its accounts, and who may do what there."""

import csv
import io
from collections.abc import Collection, Iterator, Sequence

from core.models import User

ACCOUNTS = ("User ID", "Name", "Email", "Employee ID", "Status", "Last Login", "User Type")
ACCESS = ("User ID", "Resource Type", "Resource Name", "Entitlement")
ROBOT = "batch-import"
ROLES = (
    ("Submitter", 1, 0),
    ("Approver up to 5 k", 4, 1),
    ("Approver without limit", 11, 3),
    ("Card administrator", 17, 5),
)
"""Role, and who has it: every so many, beginning with that one."""
CENTRES, EVERY_CENTRE = ("Plants", "Projects", "Travel"), 5
LEFT = 19
"""Every so many accounts are disabled."""

type Held = tuple[str, str, str]
"""User ID, kind of thing and its name."""


def accounts_file(people: Sequence[User]) -> bytes:
    lines = [
        (
            person.email.partition("@")[0],
            person.name,
            person.email,
            person.employee_id,
            "inactive" if number % LEFT == LEFT - 1 else "active",
            f"2026-{1 + number % 9:02}-{1 + number % 27:02}",
            "",
        )
        for number, person in enumerate(people)
    ]
    return _csv(ACCOUNTS, [*lines, (ROBOT, "Batch import", "", "", "active", "2026-09-01", "Service")])


def access_file(people: Sequence[User], *, without: Collection[Held] = ()) -> bytes:
    """`without`: what was taken away since."""
    lines = [(user, kind, name, "Member") for user, kind, name in _held(people)]
    return _csv(ACCESS, [line for line in lines if line[:3] not in without])


def _held(people: Sequence[User]) -> Iterator[Held]:
    for number, person in enumerate(people):
        user = person.email.partition("@")[0]
        yield from ((user, "Role", name) for name, every, first in ROLES if number % every == first % every)
        if number % EVERY_CENTRE == 0:
            yield user, "Cost centre", CENTRES[number // EVERY_CENTRE % len(CENTRES)]
    yield ROBOT, "Role", "Submitter"


def _csv(header: Sequence[str], lines: Sequence[Sequence[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows([header, *lines])
    return out.getvalue().encode()
