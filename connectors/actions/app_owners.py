"""Who answers for an app: people by name, and whoever holds an entitlement."""

from collections.abc import Collection, Sequence
from datetime import datetime

from django.db import transaction
from django.utils.timezone import now

from connectors.actions.permission import must_govern
from connectors.models import App, AppOwner, Entitlement
from core.errors import NotPossible
from core.mailbox import post
from core.models import User
from core.states import must_be_unchanged
from core.trail import record


@transaction.atomic
def name_owners(
    app: App,
    people: Collection[User],
    entitlements: Collection[Entitlement],
    *,
    seen: datetime | None,
    by: User | None,
) -> list[User]:
    """Make exactly these its owners; answers who was written to. `seen`: `changed_at` as the form knew it.

    The last owner may go: then the app has none, and only Super Administrators govern it. Raises Denied,
    StaleState, NotPossible.
    """
    must_govern(app, by)
    app = App.objects.select_for_update().get(pk=app.pk)
    must_be_unchanged(app.changed_at, seen=seen)
    return set_owners(app, people, entitlements, by=by)


def set_owners(
    app: App,
    people: Collection[User],
    entitlements: Collection[Entitlement],
    *,
    by: User | None,
    keeps: bool = False,
    tells: bool = True,
) -> list[User]:
    """Without a look at who asks. `keeps`: those there are stay. People who are new, and not the one who
    names them, are written to unless the caller does so; holders of an entitlement are not: they change by
    themselves."""
    present = AppOwner.objects.filter(app=app).select_related("user", "entitlement")
    rows = list(present)
    before = sorted(row.label for row in rows)
    held = {row.user_id or row.entitlement_id for row in rows}
    wanted = {each.pk for each in (*people, *entitlements)}
    new = [person for person in people if person.pk not in held]
    left = [person.name for person in new if not person.is_active]
    if left:
        raise NotPossible(f"{', '.join(left)} cannot own an app: deactivated.")
    if not keeps:
        gone = [row.pk for row in rows if (row.user_id or row.entitlement_id) not in wanted]
        AppOwner.objects.filter(pk__in=gone).delete()
    AppOwner.objects.bulk_create(
        [
            *(AppOwner(app=app, user=person) for person in new),
            *(AppOwner(app=app, entitlement=each) for each in entitlements if each.pk not in held),
        ]
    )
    after = sorted(
        row.label for row in AppOwner.objects.filter(app=app).select_related("user", "entitlement")
    )
    if before != after:
        App.objects.filter(pk=app.pk).update(changed_at=now())
        record("apps.owners_named", app, by=by, before=before, after=after)
    asked = [person for person in new if person != by]
    for person in asked if tells else ():
        tell([app], person, by=by)
    return asked


def tell(apps: Sequence[App], person: User, *, by: User | None) -> None:
    """One letter about all of them."""
    who = by.name if by else "An operator"
    key = f"{apps[0].pk}:{now():%Y%m%d%H%M%S%f}"
    post("app_owner_named", to=person, key=key, reply_to=by, app=apps[0], further=apps[1:], who=who)
