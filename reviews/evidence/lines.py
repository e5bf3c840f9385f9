"""The lines file: a row for each line, with all that was asked, answered and done about it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from operator import attrgetter

FROZEN = (
    *("Line", "App", "Account", "Login", "E-mail", "Account id", "Account type", "Account status"),
    *("Marked by the app", "Last sign-in"),
    *("Owner", "Owner's title", "Resource type", "Resource", "Entitlement", "Permission", "Description"),
    *("Entitlement id", "Risk", "Frameworks", "Held since", "Source", "Seen by sync", "Policy"),
)
MORE: Mapping[str, str] = {
    "employee_id": "Owner's employee ID",
    "department": "Owner's department",
    "status": "Owner's status",
    "manager": "Owner's manager",
    "manager_email": "Owner's manager's e-mail",
}
"""Columns that may be had beside: by code, what stands above each. As they were when it was frozen."""
OUTCOME = (
    *("Outcome", "Why", "Settled", "Decided by", "Reason", "No answer: by the closing rule", "Corrections"),
    *("Comments", "Looked at again by the control owner", "Asked about anew, and what was decided before"),
)
STEP = (
    *("reviewer of record", "asked as", "fallback", "on behalf of", "rule", "what the rule looked at"),
    *("passed over", "independence", "asked at", "decision", "decided at", "reason", "marked together with"),
    *("opened at", "shown to the reviewer", "also asked, and given on"),
)
REMOVAL = (
    *("state", "to be gone by", "confirmed by", "confirmed at", "ordered at", "calls", "answers"),
    *("read-back", "removed at", "done by hand by", "proven at", "proven by sync", "came back at"),
    *("exception by", "reason", "problem", "used since given", "cause", "deficiency"),
)


@dataclass(frozen=True, slots=True)
class Frozen:
    """The access, as it was when the population was frozen; in the order of `FROZEN`."""

    line_no: int
    app: str
    account: str
    login: str
    email: str
    account_id: str
    account_type: str
    account_status: str
    marks: str
    last_sign_in: str
    owner: str
    title: str
    kind: str
    resource: str
    entitlement: str
    slug: str
    description: str
    entitlement_id: str
    risk: str
    frameworks: str
    since: datetime
    source: str
    run: int
    policy: str
    """The version that applies to it."""


@dataclass(frozen=True, slots=True)
class Owner:
    """More about whose account it was, by the codes of `MORE`."""

    employee_id: str = ""
    department: str = ""
    status: str = ""
    manager: str = ""
    manager_email: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the line; in the order of `OUTCOME`."""

    status: str
    why: str = ""
    settled_at: datetime | None = None
    by: str = ""
    reason: str = ""
    is_non_response: bool = False
    """Nobody answered: the closing rule decided."""
    corrections: str = ""
    comments: str = ""
    looked_again: str = ""
    earlier_rounds: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One step: who answered it, or is asked; in the order of `STEP`."""

    reviewer: str
    via: str = ""
    is_fallback: bool = False
    on_behalf_of: str = ""
    rule: str = ""
    inputs: str = ""
    passed_over: str = ""
    independence: str = ""
    asked_at: datetime | None = None
    outcome: str = ""
    at: datetime | None = None
    reason: str = ""
    together: int | None = None
    opened_at: datetime | None = None
    seen: str = ""
    others: str = ""


@dataclass(frozen=True, slots=True)
class Removal:
    """What became of a denied line; in the order of `REMOVAL`."""

    status: str
    due_on: str = ""
    confirmed_by: str = ""
    confirmed_at: datetime | None = None
    ordered_at: datetime | None = None
    calls: str = ""
    answers: str = ""
    read_back: str = ""
    removed_at: datetime | None = None
    done_by: str = ""
    proven_at: datetime | None = None
    proven_run: int | None = None
    came_back_at: datetime | None = None
    excepted_by: str = ""
    reason: str = ""
    problem: str = ""
    used: str = ""
    cause: str = ""
    deficiency: str = ""


NOBODY = Owner()


@dataclass(frozen=True, slots=True)
class Line:
    """All of one line. `steps` by their number, counted from 1; `removal`: the last one."""

    frozen: Frozen
    outcome: Outcome
    owner: Owner = NOBODY
    steps: Sequence[Step | None] = ()
    removal: Removal | None = None
    earlier_removals: str = ""
    """Those before it, whose access came back."""


def heads(steps: int, more: Collection[str] = ()) -> list[str]:
    """What stands above the columns, where lines go through so many steps at most. Times are UTC."""
    beside = [head for code, head in MORE.items() if code in more]
    asked = [f"Step {number}: {name}" for number in range(1, steps + 1) for name in STEP]
    removed = [f"Removal: {name}" for name in (*REMOVAL, "earlier ones, which came back")]
    return [*FROZEN, *beside, *OUTCOME, *asked, *removed]


def cells(line: Line, steps: int, more: Collection[str] = ()) -> list[object]:
    """One row, below `heads` of as many steps and the same further columns."""
    row = [*_frozen(line.frozen)]
    row += [getattr(line.owner, code) for code in MORE if code in more] if more else ()
    row += _outcome(line.outcome)
    for number in range(steps):
        step = line.steps[number] if number < len(line.steps) else None
        row += _step(step) if step else _NO_STEP
    row += _removal(line.removal) if line.removal else _NO_REMOVAL
    row.append(line.earlier_removals)
    return row


# Not `astuple`: it copies every value, which costs more than all the rest of a row.
_frozen, _outcome, _step, _removal = (
    attrgetter(*(field.name for field in fields(each))) for each in (Frozen, Outcome, Step, Removal)
)
_NO_STEP, _NO_REMOVAL = [None] * len(STEP), [None] * len(REMOVAL)
