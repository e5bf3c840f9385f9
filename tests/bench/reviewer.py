"""The process that serves a reviewer: `python -m tests.bench.reviewer look|submit [NUMBER]`; tells JSON."""

import json
import re
import sys
import time
from collections.abc import Callable
from typing import Any

import django

django.setup()

from django.db import connection, transaction  # noqa: E402
from django.db.models import Count, Q  # noqa: E402
from django.test import Client  # noqa: E402
from django.urls import reverse  # noqa: E402
from django.utils.timezone import now  # noqa: E402

from core.models import Role, RoleHolding, User  # noqa: E402
from reviews.actions import deciding, marks  # noqa: E402
from reviews.models import Campaign, Mark, Progress, ReviewTask, Turn  # noqa: E402
from reviews.queries.desk import bar  # noqa: E402
from tests.bench.gauges import cpu  # noqa: E402
from tests.flush import past_the_triggers  # noqa: E402

TIMES = 30
"""So often each act is done; told is the mean, after one that does not count."""
SHOWN = re.compile(r'name="shown" id="shown" value="([^"]+)"')


def look() -> None:
    """The desk as its page, one mark by a button, and one decision: a mark and its submission."""
    campaign = _running()
    reviewer = _busiest(campaign)
    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(reviewer)
    lines = _open_lines(campaign, reviewer)
    numbers = iter(lines)
    address = {name: reverse(f"reviews:{name}", args=[campaign.pk]) for name in ("desk", "mark", "submit")}
    shown = SHOWN.search(client.get(address["desk"]).content.decode())
    if shown is None:
        raise SystemExit("The desk shows no lines.")

    def mark() -> None:
        typed = {"certify": next(numbers), "reason-0": "", "shown": shown[1]}
        _must(client.post(address["mark"], typed, headers={"HX-Request": "true"}).status_code, 200)

    def decision() -> None:
        mark()
        seen = {"seen": bar(campaign, reviewer).stamp}
        _must(client.post(address["submit"], seen).status_code, 302)

    told: dict[str, float] = {"lines_of_reviewer": len(lines)}
    told |= _timed("page", lambda: _must(client.get(address["desk"]).status_code, 200))
    told |= _timed("mark", mark)
    told |= _timed("decision", decision)
    _tell(told)


def submit(number: int) -> None:
    """So many decisions of one reviewer, nine of ten to certify, in one act."""
    campaign = _running()
    reviewer = _busiest(campaign)
    _ask_alone(campaign, reviewer, number)
    lines = _open_lines(campaign, reviewer)[:number]
    seen = {0: {"instructions": 1, "view": "person", "listed": False}}
    began = time.perf_counter()
    kept, denied = lines[: number * 9 // 10], lines[number * 9 // 10 :]
    for part, outcome in ((kept, Mark.Outcome.CERTIFY), (denied, Mark.Outcome.DENY)):
        marks.mark(campaign, part, outcome, by=reviewer, reason="Looked at", seen=seen)
    marked = time.perf_counter() - began
    stamp = bar(campaign, reviewer).stamp
    queries = _Counted()
    with connection.execute_wrapper(queries):
        spent, began = cpu(), time.perf_counter()
        done = deciding.submit(campaign, reviewer, marks_seen=stamp)
        seconds, spent = time.perf_counter() - began, cpu() - spent
    _must(done.submission.accepted, number)
    _tell(
        {
            "submit_seconds": round(seconds, 2),
            "submit_cpu": round(spent, 2),
            "submit_queries": queries.number,
            "mark_all_seconds": round(marked, 2),
        }
    )


def _running() -> Campaign:
    Campaign.objects.update(status=Campaign.Status.RUNNING, started_at=now())
    return Campaign.objects.select_related("policy_version").get()


def _busiest(campaign: Campaign) -> User:
    """Who is asked most; of several the first, so that every size has one with as many lines."""
    progress = Progress.objects.filter(campaign=campaign).order_by("-open", "pk").select_related("reviewer")
    reviewer = progress[0].reviewer
    RoleHolding.objects.get_or_create(user=reviewer, role=Role.BASIC)
    return reviewer


def _open_lines(campaign: Campaign, reviewer: User) -> list[int]:
    turns = Turn.objects.open().filter(campaign=campaign, reviewer=reviewer).order_by("line_no")
    return list(turns.values_list("line_no", flat=True))


def _ask_alone(campaign: Campaign, reviewer: User, number: int) -> None:
    """This reviewer is asked about so many lines, and nobody else about these."""
    own = Q(person=reviewer) | Q(account__person=reviewer)
    tasks = ReviewTask.objects.filter(~own, campaign=campaign, status="open").order_by("line_no")
    wanted = list(tasks.values_list("pk", flat=True)[:number])
    turns = Turn.objects.open().filter(task__in=wanted)
    with transaction.atomic(), past_the_triggers():
        turns.update(reviewer=reviewer)
    found = Turn.objects.filter(campaign=campaign, reviewer=reviewer).aggregate(n=Count("pk"))
    Progress.objects.filter(campaign=campaign, reviewer=reviewer).update(asked=found["n"], open=found["n"])


class _Counted:
    """Counts statements."""

    number = 0

    def __call__(self, execute: Callable[..., Any], *args: Any) -> Any:
        self.number += 1
        return execute(*args)


def _timed(name: str, do: Callable[[], None]) -> dict[str, float]:
    do()
    queries = _Counted()
    with connection.execute_wrapper(queries):
        do()
    spent, began = cpu(), time.perf_counter()
    for _ in range(TIMES):
        do()
    seconds, spent = time.perf_counter() - began, cpu() - spent
    return {
        f"{name}_ms": round(seconds / TIMES * 1000, 1),
        f"{name}_cpu_ms": round(spent / TIMES * 1000, 1),
        f"{name}_queries": queries.number,
    }


def _must(found: int, wanted: int) -> None:
    if found != wanted:
        raise SystemExit(f"{found} instead of {wanted}.")


def _tell(figures: dict[str, float]) -> None:
    sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    if sys.argv[1] == "look":
        look()
    else:
        submit(int(sys.argv[2]))
