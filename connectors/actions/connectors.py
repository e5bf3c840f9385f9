"""Setting a connector up: which app it reads, and who looks after it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils.timezone import now

from connectors import registry
from connectors.actions.applications import must_be_free
from connectors.actions.permission import must_manage, must_run_connectors
from connectors.models import App, Connector, ConnectorOwner, SettingsCandidate
from core.errors import NotPossible
from core.mailbox import post
from core.models import User
from core.models.keys import one_line
from core.trail import record

ASK_AGAIN_AFTER = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class AppChoice:
    """The app a connector is for: one we know, or a new one by name."""

    app: App | None = None
    new_name: str = ""
    is_another: bool = False
    """Whoever chooses the new one knows that there is one of that name."""


@transaction.atomic
def create(driver: str, choice: AppChoice, *, by: User | None) -> Connector:
    """Make a connector before any credential exists. Its maker, if a person, is its first owner.

    Raises TakenName where a new app would be the second of its name, and nobody said that it is to be.
    """
    must_run_connectors(by)
    spec = registry.spec(driver)
    if spec.is_own:
        raise NotPossible(
            "Reeve itself is added with an app of its own: choose it from the list of connectors."
        )
    connector = Connector.objects.create(
        app=_take(choice, by=by),
        driver=spec.kind,
        name=_name(choice),
        every=timedelta(minutes=settings.SYNC_DEFAULT_MINUTES),
        created_by=by,
    )
    if by is not None:
        ConnectorOwner.objects.create(connector=connector, user=by)
    record("connectors.created", connector, by=by, app=connector.app, driver=spec.kind)
    return connector


@transaction.atomic
def choose_app(connector: Connector, choice: AppChoice, *, by: User | None) -> None:
    """Change one's mind about the app, as long as nothing was read into it. Raises TakenName as `create`."""
    must_run_connectors(by)
    connector = Connector.objects.locked(connector.pk)
    if connector.deleted_at:
        raise NotPossible(f"{connector} was deleted.")
    if connector.has_settings or connector.runs.exists():
        raise NotPossible(f"{connector} has read {connector.app} already; add another connector instead.")
    before = connector.app
    if choice.app == before:
        return
    connector.app = _take(choice, by=by)
    connector.name = _name(choice)
    connector.save(update_fields=["app", "name"])
    record("connectors.app_chosen", connector, by=by, app=connector.app, before=before)
    _let_go(before, by=by)


@transaction.atomic
def name_owners(connector: Connector, owners: Collection[User], *, by: User | None) -> list[User]:
    """Make exactly these people its owners by name; who owns it by what they hold stays.

    Those who are new, and not the one who names them, are written to: that their help is needed as long as
    nobody has given settings, else that they look after it now. Answers who was written to.
    """
    must_manage(connector, by)
    _must_be_possible(owners)
    connector = Connector.objects.locked(connector.pk)
    named = connector.ownerships.filter(user__isnull=False)
    held = set(named.values_list("user_id", flat=True))
    wanted = {person.pk for person in owners}
    named.exclude(user__in=wanted).delete()
    new = [person for person in owners if person.pk not in held]
    ConnectorOwner.objects.bulk_create(ConnectorOwner(connector=connector, user=person) for person in new)
    if not connector.handed_over_at:
        Connector.objects.filter(pk=connector.pk).update(handed_over_at=now())
    if held != wanted:
        Connector.objects.filter(pk=connector.pk).update(changed_at=now())
        record("connectors.owners_named", connector, by=by, owners=sorted(person.name for person in owners))
    told = [person for person in new if person != by]
    write = _tell if _is_set_up(connector) else _ask
    for person in told:
        write(connector, person, by=by)
    return told


@transaction.atomic
def ask_again(connector: Connector, owner: User, *, by: User | None) -> None:
    """Write once more that help is needed; not more often than every ten minutes."""
    must_manage(connector, by)
    held = connector.ownerships.filter(user=owner).first()
    if held is None:
        raise NotPossible(f"{owner} does not look after {connector}.")
    if _is_set_up(connector):
        raise NotPossible(f"{connector} is set up already; no help is needed.")
    if held.asked_at and held.asked_at > now() - ASK_AGAIN_AFTER:
        raise NotPossible(f"{owner} was written to less than ten minutes ago.")
    _ask(connector, owner, by=by)
    record("connectors.help_asked_again", connector, by=by, owner=owner)


def _ask(connector: Connector, owner: User, *, by: User | None) -> None:
    at, who = now(), by.name if by else "An operator"
    connector.ownerships.filter(user=owner).update(asked_at=at)
    key = f"{connector.pk}:{at:%Y%m%d%H%M%S%f}"
    post("owner_help", to=owner, key=key, reply_to=by, connector=connector, who=who)


def _tell(connector: Connector, owner: User, *, by: User | None) -> None:
    who = by.name if by else "An operator"
    key = f"{connector.pk}:{now():%Y%m%d%H%M%S%f}"
    post("owner_named", to=owner, key=key, reply_to=by, connector=connector, who=who)


def _is_set_up(connector: Connector) -> bool:
    """Whether settings are in force, or given and being checked."""
    waiting = SettingsCandidate.objects.filter(connector=connector, status=SettingsCandidate.Status.WAITING)
    return connector.has_settings or waiting.exists()


def _must_be_possible(owners: Collection[User]) -> None:
    if not owners:
        raise NotPossible("Name at least one owner.")
    left = [person.name for person in owners if not person.is_active]
    if left:
        raise NotPossible(f"{', '.join(left)} cannot own a connector: deactivated.")


def _take(choice: AppChoice, *, by: User | None) -> App:
    """The chosen app, managed from now on."""
    if choice.app is None:
        if not one_line(choice.new_name):
            raise NotPossible("Give the new app a name.")
        must_be_free(one_line(choice.new_name), is_another=choice.is_another)
        app = App.objects.create(name=one_line(choice.new_name), status=App.Status.MANAGED)
        record("apps.created", app, by=by)
        return app
    app = App.objects.select_for_update().get(pk=choice.app.pk)
    if app.is_console:
        raise NotPossible(f"Only Reeve itself is read into {app}. Choose another app.")
    if app.status == App.Status.DELETED:
        raise NotPossible(f"{app} was deleted meanwhile; choose another app.")
    if app.status == App.Status.UNMANAGED:
        App.objects.filter(pk=app.pk).update(status=App.Status.MANAGED)
        record("apps.managed", app, by=by)
    return app


def _let_go(app: App, *, by: User | None) -> None:
    """An app that only this connector had made managed goes back to where it was; one that somebody answers
    for stays."""
    if app.connectors.exists() or app.ownerships.exists():
        return
    if app.found_through:
        App.objects.filter(pk=app.pk).update(status=App.Status.UNMANAGED)
        record("apps.unmanaged", app, by=by)
    elif app.created_at > now() - timedelta(days=1):
        record("apps.withdrawn", app, by=by)
        app.delete()


def _name(choice: AppChoice) -> str:
    return choice.app.name if choice.app else one_line(choice.new_name)
