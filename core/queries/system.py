"""The console itself, as its settings pages show it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import connection

from core.errors import Denied
from core.models import Organisation, OutgoingMail, Pulse, TrailEvent, User
from core.queries.mail_server import leads_nowhere
from core.sealing import key_ids


def settings_of(user: User) -> Organisation:
    """The organisation's settings, for those who may change them, and for auditors who look at them."""
    if not user.sees_everything:
        raise Denied("Only a Super Administrator can see the settings.")
    return Organisation.current()


@dataclass(frozen=True, slots=True)
class System:
    """What a Super Administrator is asked for when something is odd."""

    version: str
    database: str
    size: int
    """Bytes."""
    people: int
    """Active ones."""
    events: int
    letters_waiting: int
    pulses: Sequence[Pulse]
    keys: Sequence[str]
    """Ids of the keys in the ring, newest first: the first seals, all open."""
    public_url: str
    leads_nowhere: bool
    """Whether PUBLIC_URL leads to this machine alone."""


def system(user: User) -> System:
    """What runs here, and how much there is of it. Raises Denied as `settings_of` does."""
    settings_of(user)
    return System(
        version=settings.VERSION,
        database=_database(),
        size=_size(),
        people=User.objects.active().count(),
        events=TrailEvent.objects.count(),
        letters_waiting=OutgoingMail.objects.filter(status=OutgoingMail.Status.QUEUED).count(),
        pulses=list(Pulse.objects.order_by("name")),
        keys=key_ids(),
        public_url=settings.PUBLIC_URL,
        leads_nowhere=leads_nowhere(),
    )


def letters_switched() -> TrailEvent | None:
    """When and by whom letters were last switched off or on; None if they never were."""
    switches = TrailEvent.objects.filter(action__in=("core.letters_off", "core.letters_on"))
    return switches.order_by("-pk").first()


def _database() -> str:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SHOW server_version")
            return f"PostgreSQL {cursor.fetchone()[0]}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT sqlite_version()")
        return f"SQLite {cursor.fetchone()[0]}"


def _size() -> int:
    """Of PostgreSQL's database, or of SQLite's file and what is still in its log."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_database_size(current_database())")
            return int(cursor.fetchone()[0])
    file = str(connection.settings_dict["NAME"])
    parts = (Path(f"{file}{ending}") for ending in ("", "-wal"))
    return sum(part.stat().st_size for part in parts if part.exists())
