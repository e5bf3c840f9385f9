"""Takes away what need not be kept any longer, a batch at a time."""

import logging
from collections.abc import Callable

from celery import shared_task

from core.actions import retention
from core.jobs.exports import FOLDER, HALF

log = logging.getLogger(__name__)


@shared_task(name="core.prune")
def prune() -> None:
    """Each batch is one transaction with its trail event: killed between two, the next run goes on."""
    taken = {
        "letters": _all(retention.blank_letters),
        "downloads": _all(retention.expire_downloads),
        "strays": retention.remove_strays(FOLDER, beside=HALF),
        "sessions": _all(retention.clear_sessions),
        "attempts": retention.clear_attempts(),
    }
    log.info("No longer kept: %s", ", ".join(f"{count} {what}" for what, count in taken.items()))


def _all(batch: Callable[[], int]) -> int:
    """Batches until one finds nothing."""
    total = 0
    while found := batch():
        total += found
    return total
