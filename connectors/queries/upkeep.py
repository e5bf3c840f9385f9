"""What the pages for looking after a connector ask: attributes seen, kinds no longer read, owners."""

from collections.abc import Collection, Sequence
from datetime import datetime

from django.db.models import Q, QuerySet

from connectors.contract import EVERY_OTHER_KIND
from connectors.models import CREDENTIAL, Account, App, Connector, Entitlement, Resource, SyncRun
from connectors.sync.kinds import ACCOUNTS, kinds_of
from core.models import User

LOOKED_AT = 500
"""Accounts whose attributes are looked at, the latest changed first."""
LOOKED_BACK = 2_000
"""Runs among which the last that read a kind is looked for."""
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
    """What still stands here and is read by no connector any more, with when it last was."""
    things = Resource.objects.here().filter(app=app).exclude(kind=CREDENTIAL)  # Access follows from accounts
    known = set(things.values_list("source", "kind").order_by().distinct())
    accounts = Account.objects.here().filter(app=app).order_by()
    known |= {(source, ACCOUNTS) for source in accounts.values_list("source", flat=True).distinct()}
    read: set[tuple[str, str]] = set()
    for connector in Connector.objects.here().filter(app=app):
        read.update((connector.source, kind) for kind in _kinds(connector, known))
    return _last_read(app, sorted(known - read))


def entitlements_to_choose(user: User, *, words: str, without: Connector) -> list[Entitlement]:
    """Entitlements whose holders may be made owners: those this person may see, by name."""
    taken = without.ownerships.exclude(entitlement=None).values("entitlement")
    rows = Entitlement.objects.here().visible_to(user).search(words).exclude(pk__in=taken)
    return list(rows.select_related("app").order_by("search_text", "pk")[:MATCHES])


def _kinds(connector: Connector, known: Collection[tuple[str, str]]) -> list[str]:
    try:
        kinds = kinds_of(connector)
    except LookupError:
        return []  # its driver is not in this version: nothing is read through it
    if EVERY_OTHER_KIND not in kinds:
        return kinds
    return [*kinds, *(kind for source, kind in known if source == connector.source)]


def _last_read(app: App, keys: Sequence[tuple[str, str]]) -> Unread:
    """When each of these was last read to its end; None for never. Asks once."""
    found: dict[tuple[str, str], datetime | None] = dict.fromkeys(keys)
    if keys:
        done = SyncRun.objects.filter(
            connector__app=app, source__in={source for source, _ in keys}, status=SyncRun.Status.DONE
        )
        rows = done.order_by("-id").values_list("source", "complete", "ended_at")[:LOOKED_BACK]
        for source, complete, ended_at in rows:
            for key in keys:
                was_read = key[1] in complete or (EVERY_OTHER_KIND in complete and key[1] != ACCOUNTS)
                if key[0] == source and found[key] is None and was_read:
                    found[key] = ended_at
    return found
