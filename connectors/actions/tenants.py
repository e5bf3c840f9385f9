"""Another host is another tenant: what was read of the one before ends as history, and only if named."""

from dataclasses import dataclass

from django.utils.timezone import now

from connectors import registry
from connectors.actions import runs
from connectors.contract import BadSettings
from connectors.models import CREDENTIAL, Account, App, Connector, Entitlement, Grant, Resource
from core.models import User
from core.trail import record


class OtherTenant(BadSettings):
    """The settings mean another tenant than the one that was read, and that one was not named."""


@dataclass(frozen=True, slots=True)
class Rows:
    """How many rows of a tenant are here."""

    accounts: int
    entitlements: int
    grants: int


def host(source: str) -> str:
    """What is typed to name a tenant: `acme.coupahost.com` of `coupa:acme.coupahost.com`."""
    return source.partition(":")[2]


def must_be_named(connector: Connector, source: str, ends: str) -> str:
    """The tenant that settings for `source` would end, empty if none; raises OtherTenant."""
    if not connector.source or source == connector.source or not rows_of(connector).accounts:
        return ""
    present = host(connector.source)
    if ends.strip().casefold() != present.casefold():
        raise OtherTenant(
            registry.spec(connector.driver).tenant,
            f"This is another tenant than {present}. Its accounts and access would end here as history:"
            f" to do so, type {present} below; to keep it, add a connector of its own for the other.",
        )
    return connector.source


def rows_of(connector: Connector) -> Rows:
    """What is here of the tenant that a connector reads."""
    here = {"app": connector.app_id, "source": connector.source}
    grants = Grant.objects.here().filter(
        account__app=connector.app_id, account__source=connector.source
    )  # Access is left out, as in all numbers: it goes with its account
    return Rows(
        Account.objects.here().filter(**here).count(),
        Entitlement.objects.here().filter(**here).exclude(kind=CREDENTIAL).count(),
        grants.exclude(entitlement__kind=CREDENTIAL).count(),
    )


def leave(connector: Connector, source: str, *, ends: str, by: User | None) -> None:
    """Before settings for `source` come in force: end the rows of the tenant read before, if it is another.

    Call it in a transaction, with the connector locked. Raises BadSettings if rows would end that nobody
    has named. Where another connector of the app reads the same tenant its rows stay.
    """
    if not connector.source or source == connector.source:
        return
    counted = rows_of(connector)
    if counted.accounts and ends != connector.source:
        raise BadSettings(
            registry.spec(connector.driver).tenant,
            f"{connector} has come to read {connector.source} meanwhile; save again.",
        )
    drop_runs(connector, source, by=by)
    if connector.status != Connector.Status.NOT_CONNECTED:
        connector.move(Connector.Status.NOT_CONNECTED)
    others = Connector.objects.here().filter(app=connector.app_id, source=connector.source)
    if others.exclude(pk=connector.pk).exists():
        return
    _end(connector)
    told = {"accounts": counted.accounts, "entitlements": counted.entitlements, "grants": counted.grants}
    record("connectors.tenant_left", connector, by=by, before=connector.source, after=source, ended=told)


def drop_runs(connector: Connector, source: str, *, by: User | None) -> None:
    """End a run of another tenant than the one to be read: see `runs.drop_open`, also on when to call it."""
    if connector.source and connector.source != source:
        runs.drop_open(connector, f"The connector reads {source} from now on.", by=by)


def _end(connector: Connector) -> None:
    App.objects.select_for_update(no_key=True).get(pk=connector.app_id)  # as a run that is applied
    at, here = now(), {"app": connector.app_id, "source": connector.source}
    accounts = Account.objects.filter(**here)
    Grant.objects.here().filter(account__in=accounts).update(gone_at=at)
    for table in (Account, Entitlement, Resource):
        table._default_manager.filter(**here, gone_at=None).update(gone_at=at)
