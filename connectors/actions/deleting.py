"""A connector is deleted: it reads nothing any more, its secrets are erased, what it read stays."""

from django.db import transaction
from django.utils.timezone import now

from connectors.actions import runs
from connectors.actions.permission import must_manage
from connectors.models import Connector, SettingsCandidate, SettingsTest
from core.errors import NotPossible
from core.models import User
from core.trail import record

SENTENCE = "The connector was deleted, so this run ended."


@transaction.atomic
def delete(connector: Connector, *, by: User | None) -> None:
    """Erase its settings and secrets and end its run. Runs, accounts and grants stay as history, and
    nothing becomes gone by it (decision 10); a new connector to the same source takes them over."""
    must_manage(connector, by)
    runs.drop_open(
        connector, SENTENCE, by=by
    )  # before the connector: a worker that applies a run takes them in this order
    connector = Connector.objects.locked(connector.pk)
    if connector.deleted_at:
        raise NotPossible(f"{connector} is deleted already.")
    runs.drop_open(connector, SENTENCE, by=by)  # one may have begun until we had the connector in our hands
    SettingsCandidate.objects.filter(connector=connector).delete()
    SettingsTest.objects.filter(connector=connector).delete()
    erased: dict[str, object] = {"settings": {}, "typed": {}, "said": [], "sealed": "", "secret_set_at": None}
    for name, value in erased.items():
        setattr(connector, name, value)
    connector.secret_set_by = None
    connector.next_run_at = None
    connector.deleted_at = connector.changed_at = now()
    connector.deleted_by = by
    connector.save(
        update_fields=[*erased, "secret_set_by", "next_run_at", "deleted_at", "deleted_by", "changed_at"]
    )
    if connector.status != Connector.Status.NOT_CONNECTED:
        connector.move(Connector.Status.NOT_CONNECTED)
    record("connectors.deleted", connector, by=by, app=connector.app, source=connector.source)
