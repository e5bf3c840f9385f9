"""Rows for tests, made with as little said as possible."""

from itertools import count
from typing import Any

from django.utils.timezone import now

from connectors.models import (
    Account,
    App,
    AppOwner,
    Connector,
    ConnectorOwner,
    Entitlement,
    Grant,
    Resource,
    ResourceType,
    SyncRun,
)
from core.models import MailServer, OutgoingMail, Role, RoleHolding, User
from core.models.keys import folded, place_of
from core.sealing import seal

HOST = "meridian.example"
SOURCE = "coupa:acme.coupahost.com"
PASSWORD = "seven grey geese over the fjord"
_numbers = count(1)


def make_user(name: str = "Nora Lindqvist", *roles: Role, password: str = "", **fields: Any) -> User:
    """A person with these roles; e-mail from the name unless given. Can sign in only if given a password."""
    person = User(name=name, **{"email": _email(name), **fields})
    if password:
        person.set_password(password)
    else:
        person.set_unusable_password()
    person.save()
    RoleHolding.objects.bulk_create(RoleHolding(user=person, role=role) for role in roles)
    return person


def make_letter(**fields: Any) -> OutgoingMail:
    """A letter that waits in the outbox."""
    number = next(_numbers)
    defaults = {
        "key": f"test:{number}",
        "letter": "test",
        "to": f"nora@{HOST}",
        "subject": f"Letter {number}",
        "text": "Hello Nora,\n\nYour help is needed.\n",
        "html": "<p>Hello Nora,</p><p>Your help is needed.</p>",
    }
    return OutgoingMail.objects.create(**{**defaults, **fields})


def make_mail_server(password: str = "", **fields: Any) -> MailServer:
    """A mail server of the settings page, in force unless told otherwise."""
    defaults = {"host": f"mail.{HOST}", "port": 587, "security": "starttls", "sender": f"reeve@{HOST}"}
    row = MailServer(**{**defaults, "status": MailServer.Status.IN_FORCE, **fields})
    row.sealed = seal(password, place=place_of(row, "sealed")) if password else ""
    row.save(force_insert=True)
    return row


def make_app(name: str = "Coupa", *owners: User, **fields: Any) -> App:
    """A managed app unless told otherwise, with these owners."""
    app = App.objects.create(name=name, **{"status": App.Status.MANAGED, **fields})
    AppOwner.objects.bulk_create(AppOwner(app=app, user=owner) for owner in owners)
    return app


def make_connector(*owners: User, app: App | None = None, **fields: Any) -> Connector:
    """A connector with these owners, of Coupa unless told otherwise. Not set up unless given a source."""
    app = app or make_app(fields.get("name", "Coupa"))
    connector = Connector.objects.create(app=app, **{"driver": "coupa", "name": app.name, **fields})
    ConnectorOwner.objects.bulk_create(ConnectorOwner(connector=connector, user=owner) for owner in owners)
    return connector


def make_connected(*owners: User, **fields: Any) -> Connector:
    """A connector that is set up and was read once."""
    settings = {"domain": "acme.coupahost.com", "client_id": "b1f9c2d07e4a", "mode": "read"}
    defaults = {"source": SOURCE, "settings": settings, "status": Connector.Status.CONNECTED}
    connector = make_connector(*owners, **{**defaults, **fields})
    make_run(connector)
    return connector


def make_run(connector: Connector, **fields: Any) -> SyncRun:
    """A run of a connector, done unless told otherwise."""
    defaults = {
        "source": connector.source,
        "kinds": ["user", "group", "role", "license"],
        "status": SyncRun.Status.DONE,
        "started_at": now(),
        "ended_at": now(),
    }
    return SyncRun.objects.create(connector=connector, **{**defaults, **fields})


def make_account(app: App, name: str = "Grace Kim", **fields: Any) -> Account:
    """An enabled account that belongs to nobody."""
    number = next(_numbers)
    login = fields.pop("login", f"{'.'.join(folded(name).split())}@{HOST}")
    defaults = {
        "source": SOURCE,
        "external_id": str(number),
        "digest": "",
        "first_run": 1,
        "changed_run": 1,
        "email": login,
        "status": Account.Status.ENABLED,
        "status_word": "active",
        "search_text": folded(name, login),
    }
    return Account.objects.create(app=app, name=name, login=login, **{**defaults, **fields})


def make_entitlement(app: App, name: str = "Buyer", kind: str = "role", **fields: Any) -> Entitlement:
    """The one entitlement of a resource of its own."""
    number = next(_numbers)
    seen = {"app": app, "source": SOURCE, "digest": "", "first_run": 1, "changed_run": 1}
    ResourceType.objects.get_or_create(
        app=app, source=SOURCE, kind=kind, defaults={"name": kind.capitalize()}
    )
    resource = Resource.objects.create(**seen, external_id=f"{kind}:{number}", kind=kind, name=name)
    defaults = {**seen, "external_id": f"{kind}:{number}:member", "slug": "member"}
    defaults |= {"search_text": folded(name)}
    return Entitlement.objects.create(kind=kind, resource=resource, name=name, **{**defaults, **fields})


def make_grant(account: Account, entitlement: Entitlement, **fields: Any) -> Grant:
    """This account holds that entitlement, since just now."""
    return Grant.objects.create(
        account=account, entitlement=entitlement, **{"first_run": 1, "since": now(), **fields}
    )


def _email(name: str) -> str:
    wanted = f"{'.'.join(folded(name).split())}@{HOST}"
    is_taken = User.objects.filter(email=wanted).exists()
    return f"{next(_numbers)}.{wanted}" if is_taken else wanted
