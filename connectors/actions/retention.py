"""What this room lets go of once it was kept long enough."""

from datetime import timedelta

from django.db import transaction
from django.utils.timezone import now

from connectors.models import SyncLogLine
from core.models import Organisation
from core.trail import record

BATCH = 5_000  # rows a transaction


@transaction.atomic
def let_log_lines_go() -> int:
    """Delete lines of runs' logs older than the organisation keeps them, at most a batch; answers how many.

    Runs, their calls and what they changed stay for good.
    """
    organisation = Organisation.current()
    before = now() - timedelta(days=organisation.keep_log_days)
    oldest = SyncLogLine.objects.order_by("pk").values_list("pk", "at")[:BATCH]
    old = [pk for pk, at in oldest if at < before]
    if old:
        SyncLogLine.objects.filter(pk__in=old).delete()
        record("connectors.log_lines_let_go", organisation, by=None, lines=len(old))
    return len(old)
