"""Apps themselves: made, taken under management, described, deleted."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.timezone import now

from connectors.actions.app_owners import set_owners, tell
from connectors.actions.permission import must_be_super, must_govern, must_make_apps
from connectors.models import App, Connector
from core.errors import NotPossible
from core.models import User
from core.models.keys import folded
from core.states import must_be_unchanged
from core.trail import record, record_many

MOST_KEYS = 16
MOST_BYTES = 4096
ICONS: Mapping[str, str] = {
    "apps": "Apps",
    "briefcase": "Briefcase",
    "building-factory-2": "Factory",
    "calendar": "Calendar",
    "checklist": "Checklist",
    "cloud": "Cloud",
    "coins": "Coins",
    "database": "Database",
    "device-desktop": "Screen",
    "git-branch": "Branch",
    "license": "Licence",
    "mail": "Letter",
    "message": "Message",
    "robot": "Robot",
    "server": "Server",
    "shield": "Shield",
    "users-group": "People",
    "world": "World",
}
"""Symbols of ours that an app may stand under, and how they are called."""


class TakenName(NotPossible):
    """Another app has this name."""


class TooMuch(NotPossible):
    """More annotations than there is room for."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is told about an app by people."""

    name: str
    description: str = ""
    icon: str = ""
    annotations: Mapping[str, str] | None = None
    """None: as they were."""
    when_asked: str = ""
    """When access is removed that somebody asks to have removed; empty: as it was."""


@transaction.atomic
def create(facts: Facts, owners: Collection[User], *, is_another: bool = False, by: User | None) -> App:
    """Make a managed app that no connector reads yet. `is_another`: whoever makes it knows that there is one
    of that name. Raises Denied, TakenName, NotPossible."""
    must_make_apps(by)
    must_be_free(facts.name, is_another=is_another)
    app = App.objects.create(
        name=facts.name, description=facts.description, icon=facts.icon, status=App.Status.MANAGED
    )
    record("apps.created", app, by=by)
    set_owners(app, owners, (), by=by)
    return app


@transaction.atomic
def manage(apps: Sequence[App], owners: Collection[User], *, by: User | None) -> None:
    """Make found apps managed, with these owners: all of them or none. Raises Denied, and NotPossible where
    one of them is managed already or gone."""
    must_be_super(by)
    keys = [app.pk for app in apps]
    rows = list(App.objects.select_for_update().filter(pk__in=keys).order_by("search_text", "pk"))
    already = [app.name for app in rows if app.status != App.Status.UNMANAGED]
    if already:
        raise NotPossible(f"{', '.join(already[:5])}: not unmanaged any more, so nothing was changed.")
    if not rows:
        raise NotPossible("Choose at least one app.")
    if not owners:
        raise NotPossible("Name at least one owner.")
    App.objects.filter(pk__in=keys).update(status=App.Status.MANAGED, changed_at=now())
    record_many("apps.managed", [(app, {}) for app in rows], by=by)
    named: dict[User, list[App]] = {}
    for app in rows:
        for person in set_owners(app, owners, (), by=by, keeps=True, tells=False):
            named.setdefault(person, []).append(app)
    for person, owned in named.items():
        tell(owned, person, by=by)


@transaction.atomic
def edit(app: App, facts: Facts, *, seen: datetime | None, is_another: bool = False, by: User | None) -> None:
    """Change what is told about it. `seen`: `changed_at` as the form knew it.

    Raises Denied, StaleState, TakenName, TooMuch.
    """
    must_govern(app, by)
    app = App.objects.select_for_update().get(pk=app.pk)
    must_be_unchanged(app.changed_at, seen=seen)
    notes = dict(app.annotations if facts.annotations is None else facts.annotations)
    must_fit(notes)
    if folded(facts.name) != folded(app.name):
        must_be_free(facts.name, is_another=is_another)
    wanted = {"name": facts.name, "description": facts.description, "icon": facts.icon, "annotations": notes}
    if facts.when_asked:
        wanted["when_asked"] = facts.when_asked
    before = {name: getattr(app, name) for name in wanted}
    if before == wanted:
        return
    for name, value in wanted.items():
        setattr(app, name, value)
    app.changed_at = now()
    app.save(update_fields=[*wanted, "search_text", "changed_at"])
    differs = [name for name in wanted if before[name] != wanted[name]]
    after = {name: wanted[name] for name in differs}
    record("apps.changed", app, by=by, before={name: before[name] for name in differs}, after=after)


@transaction.atomic
def delete(app: App, *, typed: str, by: User | None) -> None:
    """Take it off every list. What was read of it stays as evidence; its provider may find it anew.

    `typed` is its name. Raises Denied, and NotPossible while a connector still reads it.
    """
    must_govern(app, by)
    app = App.objects.select_for_update().get(pk=app.pk)
    reading = [str(each) for each in Connector.objects.here().filter(app=app)]
    if reading:
        raise NotPossible(f"{', '.join(reading)} still reads {app}: delete its connectors first.")
    if typed.strip() != app.name:
        raise NotPossible(f"Type the name of the app, {app.name}, to delete it.")
    _end([app], by=by)
    record("apps.deleted", app, by=by)


@transaction.atomic
def forget(provider: str, *, number: int, by: User | None) -> int:
    """Take the unmanaged apps of one provider off every list; managed ones stay.

    `number` is how many there are. Raises Denied, and NotPossible where there are none or other than that.
    """
    must_be_super(by)
    read = Connector.objects.here().values("app")
    found = App.objects.unmanaged().filter(provider=provider).exclude(provider="").exclude(pk__in=read)
    apps = list(found.select_for_update().order_by("pk"))  # one that is being managed now is waited for
    if not apps:
        raise NotPossible(f"There is no unmanaged app of {provider}.")
    if number != len(apps):
        raise NotPossible(f"Type the number of unmanaged apps of {provider}: {len(apps):,} now.")
    _end(apps, by=by)
    record_many("apps.forgotten", [(app, {"provider": provider}) for app in apps], by=by)
    return len(apps)


def must_fit(notes: Mapping[str, str]) -> None:
    """Annotations are few and small."""
    if len(notes) > MOST_KEYS:
        raise TooMuch(f"An app has at most {MOST_KEYS} annotations, these are {len(notes)}.")
    size = len(json.dumps(notes, ensure_ascii=False).encode())
    if size > MOST_BYTES:
        raise TooMuch(f"Annotations have at most {MOST_BYTES:,} bytes together, these have {size:,}.")


def same_name(name: str) -> App | None:
    """An app that is here and called so, whatever the case or accents."""
    return App.objects.here().filter(search_text=folded(name)).first()


def must_be_free(name: str, *, is_another: bool) -> None:
    """Raises TakenName where another app has this name, unless that is known and meant."""
    if not is_another and same_name(name) is not None:
        raise TakenName(f'There is an app called "{name}" already.')


def _end(apps: Sequence[App], *, by: User | None) -> None:
    """Deleted ones give the id at their provider free, for the day when it lists them again."""
    App.objects.filter(pk__in=[app.pk for app in apps]).update(
        status=App.Status.DELETED, provider_id="", deleted_at=now(), deleted_by=by, changed_at=now()
    )
