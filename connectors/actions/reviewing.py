"""Which connectors decisions rest on just now: higher rooms say so, and say when it is over."""

from collections.abc import Collection

from django.db import transaction
from django.db.models import Q

from connectors.actions.upkeep import next_run
from connectors.models import Connector
from core.trail import record


@transaction.atomic
def rest_on(apps: Collection[str]) -> int:
    """Let exactly the connectors of these apps, by their keys, be under review; says how many changed.

    They are guarded more strictly and read every hour meanwhile. Harmless to say again.
    """
    should = Q(app__in=apps)
    wrong = Connector.objects.here().filter(
        Q(should, is_under_review=False) | Q(~should, is_under_review=True)
    )
    changed = 0
    for key in wrong.order_by("pk").values_list("pk", flat=True):
        connector = Connector.objects.locked(key)
        connector.is_under_review = not connector.is_under_review
        due = min(filter(None, (connector.next_run_at, next_run(connector))), default=None)
        Connector.objects.filter(pk=key).update(is_under_review=connector.is_under_review, next_run_at=due)
        if connector.is_under_review:
            record("connectors.review_began", connector, by=None)
        else:
            record("connectors.review_ended", connector, by=None)
        changed += 1
    return changed
