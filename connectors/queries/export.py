"""The plain export of who has what."""

from collections.abc import Iterator

from connectors.models import CREDENTIAL, Account, Connector, Entitlement, Grant
from core.databases import one_snapshot

type Line = dict[str, str | bool]


def export_access(connector: Connector) -> Iterator[Line]:
    """Who has what now, a dict a line, sorted by type and vendor's ids. For machines: nothing is escaped.

    What the app itself told of: Access, which follows from the status of an account, is left out.
    All of one moment, also while a run is being applied: no grant names what no line before it names.
    """
    with one_snapshot():
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
    entitlements = Entitlement.objects.here().filter(**mine).exclude(kind=CREDENTIAL).order_by("external_id")
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
    grants = Grant.objects.here().of_source(connector.app_id, connector.source)
    pairs = grants.order_by("account__external_id", "entitlement__external_id")
    for account, entitlement in pairs.values_list(
        "account__external_id", "entitlement__external_id"
    ).iterator():
        yield {"type": "grant", "account_id": account, "entitlement_id": entitlement}
