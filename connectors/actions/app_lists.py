"""Lists of apps that identity providers know: what one would change, and changing it."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.timezone import now

from connectors.actions.permission import must_list_apps
from connectors.discovery import FoundApp, Listing, Mistake
from connectors.models import App
from core.errors import StaleState
from core.models import User
from core.models.keys import folded
from core.trail import record_many

BATCH = 500
STALE = "The apps changed since you looked, so nothing was applied. Look again, then apply."


@dataclass(frozen=True, slots=True)
class Change:
    """An app we know, as the list has it now."""

    app: App
    found: FoundApp

    @property
    def name(self) -> str:
        """What it will be called: a managed app keeps the name it has here, and so does one that somebody
        called otherwise than the list."""
        app, found = self.app, self.found
        is_theirs = app.found_through == _through(FoundApp(found.provider, found.external_id, app.name))
        return found.name if app.status == App.Status.UNMANAGED and is_theirs else app.name

    @property
    def users(self) -> int | None:
        """A list that says nothing of people leaves the number as it was."""
        return self.app.found_users if self.found.users is None else self.found.users

    @property
    def is_renamed(self) -> bool:
        return self.name != self.app.name

    @property
    def is_one(self) -> bool:
        """Whether anything differs."""
        return self.before != self.after

    @property
    def before(self) -> Mapping[str, Any]:
        app = self.app
        return _facts(app.name, app.found_users, app.found_through, is_listed=app.unlisted_at is None)

    @property
    def after(self) -> Mapping[str, Any]:
        return _facts(self.name, self.users, _through(self.found), is_listed=True)


@dataclass(frozen=True, slots=True)
class Plan:
    """What applying a list would do. Nothing that is managed becomes unmanaged, and nothing goes away."""

    new: Sequence[FoundApp]
    changed: Sequence[Change]
    unchanged: int
    unlisted: Sequence[App]
    """Known of these providers, and in their lists no longer. Empty while lines have mistakes: any of those
    may be about one of them."""
    mistakes: Sequence[Mistake]

    @property
    def does_something(self) -> bool:
        return bool(self.new or self.changed or self.unlisted)

    @property
    def digest(self) -> str:
        """Equal where applying would do the same."""
        told = [
            [[app.provider, app.external_id, app.name, app.users] for app in self.new],
            [[each.app.pk, each.before, each.after] for each in self.changed],
            [app.pk for app in self.unlisted],
        ]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def plan(listing: Listing) -> Plan:
    """What this list would change now."""
    known = {
        (app.provider, app.provider_id): app
        for app in App.objects.here().filter(provider__in=listing.providers).exclude(provider_id="")
    }
    both = [
        Change(known[app.provider, app.external_id], app)
        for app in listing.apps
        if (app.provider, app.external_id) in known
    ]
    changed = [each for each in both if each.is_one]
    listed = {(app.provider, app.external_id) for app in listing.apps}
    missing = [app for key, app in known.items() if key not in listed and app.unlisted_at is None]
    return Plan(
        new=[app for app in listing.apps if (app.provider, app.external_id) not in known],
        changed=changed,
        unchanged=len(both) - len(changed),
        unlisted=[] if listing.mistakes else sorted(missing, key=lambda app: (app.search_text, app.pk)),
        mistakes=listing.mistakes,
    )


def apply(listing: Listing, *, seen: str, by: User | None) -> Plan:
    """Do what the plan with the digest `seen` said, all or nothing. Raises Denied; StaleState where the apps
    changed since."""
    must_list_apps(by)
    try:
        with transaction.atomic():
            return _apply(listing, seen=seen, by=by)
    except IntegrityError as problem:
        raise StaleState(STALE) from problem  # somebody brought the same app in this moment


def _apply(listing: Listing, *, seen: str, by: User | None) -> Plan:
    wanted = plan(listing)
    if wanted.digest != seen:
        raise StaleState(STALE)
    new = App.objects.bulk_create([_new(app) for app in wanted.new], batch_size=BATCH)
    changes = [(each.app, {"before": each.before, "after": each.after}) for each in wanted.changed]
    for each in wanted.changed:
        app = each.app
        app.name, app.found_users, app.found_through = each.name, each.users, _through(each.found)
        app.search_text, app.unlisted_at, app.changed_at = folded(app.name), None, now()
    fields = ("name", "search_text", "found_users", "found_through", "unlisted_at", "changed_at")
    App.objects.bulk_update([each.app for each in wanted.changed], fields, batch_size=BATCH)
    for app in wanted.unlisted:
        app.unlisted_at = now()
    App.objects.bulk_update(wanted.unlisted, ["unlisted_at"], batch_size=BATCH)
    record_many("apps.found", [(app, {"through": app.found_through}) for app in new], by=by)
    record_many("apps.listed", changes, by=by)
    record_many("apps.unlisted", [(app, {"provider": app.provider}) for app in wanted.unlisted], by=by)
    return wanted


def _new(app: FoundApp) -> App:
    return App(
        name=app.name,
        search_text=folded(app.name),
        status=App.Status.UNMANAGED,
        provider=app.provider,
        provider_id=app.external_id,
        found_users=app.users,
        found_through=_through(app),
    )


def _through(app: FoundApp) -> str:
    """Where it was found, as people say it."""
    return f'{app.provider} app "{app.name}"'[:300]


def _facts(name: str, users: int | None, through: str, *, is_listed: bool) -> dict[str, Any]:
    return {"name": name, "people": users, "found through": through, "in the list": is_listed}
