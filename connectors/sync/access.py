"""The credential: being able to sign in at an app is access too, whatever else an account holds.

No driver names it. It follows from the accounts that are here once a run was applied, so that it costs no
record of a walk, and whatever compares two readings compares what the app itself has said.
"""

from datetime import datetime

from connectors.models import ACCESS, CREDENTIAL, Account, Entitlement, Resource, ResourceType, SyncRun
from connectors.sync import sql
from core.models.keys import folded

NO_ACCESS = (Account.Status.DISABLED, Account.Status.DELETED)
"""Who has lost it. An account of unknown status keeps it: nothing says that it can no longer sign in, and a
holder who is not shown is reviewed by nobody."""


def settle(run: SyncRun, at: datetime) -> None:
    """Every account of the run's source that is here and not known to be shut holds Access; no other does."""
    statements = sql.RunSql(run.pk, run.connector.app_id, run.source)
    entitlement = _entitlement(run, at)
    sql.execute(statements.end_access(entitlement.pk, NO_ACCESS, at))
    sql.execute(statements.begin_access(entitlement.pk, NO_ACCESS, at))


def _entitlement(run: SyncRun, at: datetime) -> Entitlement:
    """The one of this app and source, made when it is first needed."""
    mine = {"app": run.connector.app, "source": run.source}
    ResourceType.objects.get_or_create(**mine, kind=CREDENTIAL, defaults={"name": "Credential"})
    seen = {"first_run": run.pk, "changed_run": run.pk, "first_seen_at": at, "changed_at": at, "digest": ""}
    resource, _ = Resource.objects.get_or_create(
        **mine,
        external_id=f"{CREDENTIAL}:account",
        defaults={**seen, "kind": CREDENTIAL, "name": "Credential", "search_text": folded("Credential")},
    )
    made = {"kind": CREDENTIAL, "resource": resource, "slug": "access", "name": "Access"}
    found, _ = Entitlement.objects.get_or_create(
        **mine,
        external_id=ACCESS,
        defaults={
            **seen,
            **made,
            "description": "Being able to sign in: held by every account that is not disabled.",
            "search_text": folded("Access"),
        },
    )
    if found.gone_at:  # the tenant was left, and is read again
        Entitlement.objects.filter(pk=found.pk).update(gone_at=None, gone_run=None)
        Resource.objects.filter(pk=resource.pk).update(gone_at=None, gone_run=None)
    return found
