"""What the pages for looking after a connector ask: attributes seen, kinds no longer read, owners."""

from datetime import datetime

from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast

from connectors.models import CREDENTIAL, Account, App, Connector, Entitlement, ResourceType, SyncRun
from connectors.sync.kinds import ACCOUNTS, kinds_of
from core.models import User

LOOKED_AT = 500
"""Accounts whose attributes are looked at, the latest changed first."""
MATCHES = 20

type Unread = dict[tuple[str, str], datetime | None]
"""Since when a kind of a source is no longer read; None where no run ever completed it."""


def governable(user: User) -> QuerySet[Connector]:
    """Connectors this person may know about, or of apps that they govern."""
    visible = Connector.objects.visible_to(user).values("pk")
    governed = App.objects.governed_by(user)
    return Connector.objects.here().filter(Q(pk__in=visible) | Q(app__in=governed))


def attributes_seen(connector: Connector) -> list[str]:
    """Names of attributes in accounts of its source, by name; at the latest changed ones is looked."""
    rows = Account.objects.here().filter(app=connector.app_id, source=connector.source)
    found: set[str] = set()
    for profile in rows.order_by("-changed_at", "pk").values_list("profile", flat=True)[:LOOKED_AT]:
        found.update(profile)
    return sorted(found)


def not_read(app: App) -> Unread:
    """What was read into this app once and is read by no connector any more."""
    types = ResourceType.objects.filter(app=app).exclude(kind=CREDENTIAL)  # it follows from the accounts
    known = set(types.values_list("source", "kind"))
    known |= {(source, ACCOUNTS) for source, _ in known}
    read: set[tuple[str, str]] = set()
    for connector in Connector.objects.here().filter(app=app):
        read.update((connector.source, kind) for kind in _kinds(connector))
    return {key: _last_read(app, *key) for key in sorted(known - read)}


def entitlements_to_choose(user: User, *, words: str, without: Connector) -> list[Entitlement]:
    """Entitlements whose holders may be made owners: those this person may see, by name."""
    taken = without.ownerships.exclude(entitlement=None).values("entitlement")
    rows = Entitlement.objects.here().visible_to(user).search(words).exclude(pk__in=taken)
    return list(rows.select_related("app").order_by("search_text", "pk")[:MATCHES])


def _kinds(connector: Connector) -> list[str]:
    try:
        return kinds_of(connector)
    except LookupError:
        return []  # its driver is not in this version: nothing is read through it


def _last_read(app: App, source: str, kind: str) -> datetime | None:
    done = SyncRun.objects.filter(connector__app=app, source=source, status=SyncRun.Status.DONE)
    named = done.annotate(named=Cast("complete", TextField())).filter(named__contains=f'"{kind}"')
    return named.order_by("-id").values_list("ended_at", flat=True).first()
