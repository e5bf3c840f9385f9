"""Answers of an app as they were received: kept of counted runs, handed to few, let go of in time."""

import zlib
from collections.abc import Collection
from datetime import timedelta

from django.db import transaction
from django.utils.timezone import now

from connectors.actions.permission import must_see_bodies
from connectors.models import SyncCall, SyncRun
from core.errors import NotPossible
from core.models import Organisation, User
from core.trail import record

KEPT = timedelta(days=30)
"""How long after its run an answer is kept unless something rests on the run; its digest stays for good."""
BATCH = 1_000  # rows a transaction


@transaction.atomic
def take(call: SyncCall, *, by: User | None) -> bytes:
    """The answer to one request, as it was received. Who took it stands in the trail."""
    must_see_bodies(by)
    if call.body is None:
        raise NotPossible(
            f"The answer is not kept: only those of counted syncs are, for {KEPT.days} days. Its digest is."
        )
    run = call.run
    record("connectors.body_taken", run.connector, by=by, run=run.key, asked=call.asked, sha256=call.sha256)
    return zlib.decompress(call.body)


@transaction.atomic
def let_go() -> int:
    """Drop answers that were kept long enough, at most a batch; says how many. Requests and digests stay."""
    runs = SyncRun.objects.filter(is_counted=True, is_evidence=False, ended_at__lt=now() - KEPT)
    old = SyncCall.objects.filter(run__in=runs, body__isnull=False)
    found = list(old.order_by("pk").values_list("pk", flat=True)[:BATCH])
    if found:
        SyncCall.objects.filter(pk__in=found).update(body=None)
        record("connectors.bodies_let_go", Organisation.current(), by=None, answers=len(found))
    return len(found)


def keep(runs: Collection[SyncRun]) -> None:
    """Let nobody let go of the answers to these runs: what is decided by them is asked about for years.

    Within the transaction of what rests on them, which tells the trail of it.
    """
    SyncRun.objects.filter(pk__in=[run.pk for run in runs]).update(is_evidence=True)
