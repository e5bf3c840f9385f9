"""The process that decides everything, or writes one evidence file: `python -m tests.bench.reporter KIND`."""

import json
import sys
import time
from collections.abc import Mapping

import django

django.setup()

from django.utils.timezone import now  # noqa: E402

from reviews import jobs  # noqa: E402
from reviews.actions import reports  # noqa: E402
from reviews.models import Campaign, Decision, Report, Turn  # noqa: E402
from tests.bench.gauges import cpu, peak  # noqa: E402

BATCH = 5_000


def decide() -> None:
    """Every line certified by whoever is asked about it, and shown in full."""
    at = now()
    Campaign.objects.update(status=Campaign.Status.RUNNING, started_at=at)
    seen = {"instructions": 1, "view": "person", "listed": True, "columns": ["account", "entitlement"]}
    turns = Turn.objects.order_by("pk").values_list("pk", "task", "campaign", "reviewer")
    made = (
        Decision(
            task_id=task, campaign_id=campaign, turn_id=pk, by_id=by, outcome="certified", at=at, seen=seen
        )
        for pk, task, campaign, by in turns.iterator(BATCH)
    )
    Decision.objects.bulk_create(made, batch_size=BATCH)
    _tell({"decisions": Decision.objects.count()})


def write(kind: str) -> None:
    """One file, as a worker makes it."""
    campaign = Campaign.objects.get()
    report = reports.want(campaign, kind, by=campaign.owners.get())
    began, spent = time.perf_counter(), cpu()
    jobs.make_report(report.pk)
    seconds, spent = round(time.perf_counter() - began, 1), round(cpu() - spent, 1)
    report.refresh_from_db()
    if report.status != Report.Status.DONE:
        raise SystemExit(report.problem)
    told: dict[str, object] = {
        "seconds": seconds,
        "cpu_seconds": spent,
        "mb": round(report.size / 1_000_000, 1),
        "peak_rss_mb": round(peak(), 1),
    }
    _tell(told)


def _tell(figures: Mapping[str, object]) -> None:
    sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    word = sys.argv[1]
    if word == "decide":
        decide()
    else:
        write(word)
