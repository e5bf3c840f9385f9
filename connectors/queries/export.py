"""The plain export of who has what."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

from connectors.models import Account, Connector, Entitlement, Grant

type Line = dict[str, str | bool]


def export_access(connector: Connector) -> Iterator[Line]:
    """Who has what now, a dict a line, sorted by type and vendor's ids. For machines: nothing is escaped.

    All of one moment, also while a run is being applied: no grant names what no line before it names.
    """
    with _one_snapshot():
        yield from _lines(connector)


def _lines(connector: Connector) -> Iterator[Line]:
    mine = {"app": connector.app_id, "source": connector.source}
    accounts = Account.objects.here().filter(**mine).order_by("external_id")
    for row in accounts.values("external_id", "login", "email", "name", "status").iterator():
        yield {
            "type": "account",
            "id": row["external_id"],
            "login": row["login"],
            "email": row["email"],
            "name": row["name"],
            "active": row["status"] == Account.Status.ENABLED,
        }
    entitlements = Entitlement.objects.here().filter(**mine).order_by("external_id")
    columns = ("external_id", "kind", "resource__external_id", "name", "slug")
    for row in entitlements.values(*columns).iterator():
        yield {
            "type": "entitlement",
            "id": row["external_id"],
            "resource_type": row["kind"],
            "resource_id": row["resource__external_id"].removeprefix(f"{row['kind']}:"),
            "name": row["name"],
            "slug": row["slug"],
        }
    grants = Grant.objects.here().filter(account__app=connector.app_id, account__source=connector.source)
    pairs = grants.order_by("account__external_id", "entitlement__external_id")
    for account, entitlement in pairs.values_list(
        "account__external_id", "entitlement__external_id"
    ).iterator():
        yield {"type": "grant", "account_id": account, "entitlement_id": entitlement}


@contextmanager
def _one_snapshot() -> Iterator[None]:
    """Everything read within is of one moment. Within a caller's transaction that one decides."""
    if connection.in_atomic_block:
        yield
    elif connection.vendor == "postgresql":
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield
    else:
        # Not `atomic`: on SQLite that takes the one lock for writing, for as long as somebody reads.
        with connection.cursor() as cursor:
            cursor.execute("BEGIN DEFERRED")
        try:
            yield
        finally:
            with connection.cursor() as cursor:
                cursor.execute("ROLLBACK")
