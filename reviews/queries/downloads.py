"""The lists of a campaign as files: what a screen shows, every page of it."""

from collections.abc import Iterator, Sequence

from core.errors import NotPossible
from core.exports import Offer, Parameters
from core.models import User
from reviews.models import Campaign, Decision, Removal, ReviewTask, Turn
from reviews.queries.lines import WantedLines, for_screen, lines
from reviews.queries.running import campaigns_shown

LINE = (
    *(
        "Line",
        "App",
        "Account",
        "Login",
        "E-mail",
        "Account status",
        "Account type",
        "Owner",
        "Owner's manager",
    ),
    *("Resource", "Entitlement", "Kind", "Risk", "Since (UTC)", "Sync", "Status", "Why"),
    *("Asked now", "Decided by", "Decided (UTC)", "Reason"),
)
SUBMISSION = ("When (UTC)", "Reviewer", "E-mail", "Submitted", "Accepted", "Certified", "Denied")
REMOVAL = (
    *(
        "Removal",
        "Line",
        "App",
        "Account",
        "Login",
        "Resource",
        "Entitlement",
        "Risk",
        "State",
        "To be gone by",
    ),
    *("Denied (UTC)", "Confirmed (UTC)", "Confirmed by", "Removed (UTC)", "Proven gone (UTC)", "Read back"),
    *("Reason", "Problem", "Used since given", "Cause", "Deficiency"),
)


def lines_of_a_campaign(user: User, asked: Parameters) -> Iterator[tuple[object, ...]]:
    """The Tasks page of one campaign; `campaign`, and the filters as in its address."""
    campaign = _campaign(user, asked)
    rows = for_screen(lines(campaign, WantedLines.of(asked))).order_by("line_no")
    for task in rows.prefetch_related("person__managers").iterator(2_000):
        managers = [manager.email for manager in task.person.managers.all()] if task.person else []
        account = (task.account_name, task.account_login, task.account_email)
        marks = (task.account_status, task.account_type, task.person_name, managers)
        what = (task.resource_name, task.entitlement_name, task.kind, task.risk, task.since, task.run)
        state = (task.get_status_display(), task.status_reason)
        yield (task.line_no, task.app_name, *account, *marks, *what, *state, *_decided(task))


def submissions_of_a_campaign(user: User, asked: Parameters) -> Iterator[tuple[object, ...]]:
    campaign = _campaign(user, asked)
    for row in campaign.submissions.select_related("by").order_by("-at", "-pk").iterator(500):
        yield (row.at, row.by.name, row.by.email, row.submitted, row.accepted, row.certified, row.denied)


def removals_of_a_campaign(user: User, asked: Parameters) -> Iterator[tuple[object, ...]]:
    """The Removals page of one campaign; `campaign` and `status` as in its address."""
    campaign = _campaign(user, asked)
    rows = campaign.removals.select_related("task", "app", "order", "confirmed_by").order_by("pk")
    if asked.get("status") in Removal.Status.values:
        rows = rows.filter(status=asked["status"])
    for row in rows.iterator(500):
        task, found = row.task, row.lookback
        what = (task.resource_name, task.entitlement_name, task.risk)
        times = (row.created_at, row.confirmed_at, row.confirmed_by or "", row.removed_at, row.proven_at)
        back = (row.order.read_back if row.order else "", row.reason, row.problem)
        looked = [found.get(name, "") for name in ("used", "cause", "deficiency")]
        head = (row.pk, task.line_no, row.app.name, task.account_name, task.account_login)
        yield (*head, *what, row.get_status_display(), row.due_on, *times, *back, *looked)


def _decided(task: ReviewTask) -> Sequence[object]:
    asked: list[Turn] = task.asked_now  # type: ignore[attr-defined]  # prefetched by for_screen
    decided: list[Decision] = task.decided  # type: ignore[attr-defined]  # prefetched by for_screen
    names = [turn.reviewer.name for turn in asked]
    if not decided:
        return (names, "", None, "")
    last = decided[-1]
    return (names, last.by or "the closing rule", last.at, last.reason)


def _campaign(user: User, asked: Parameters) -> Campaign:
    found = campaigns_shown(user).filter(pk=asked.get("campaign", "")).first()
    if found is None:
        raise NotPossible("This campaign is not there, or not for you to see.")
    return found


OFFERS = (
    Offer("reviews.lines", "Tasks of a campaign", LINE, lines_of_a_campaign),
    Offer("reviews.submissions", "Submissions of a campaign", SUBMISSION, submissions_of_a_campaign),
    Offer("reviews.removals", "Removals of a campaign", REMOVAL, removals_of_a_campaign),
)
