"""How long things are kept, and taking away what is older. The trail and what it tells of stay for good."""

from datetime import datetime, timedelta
from functools import partial

from axes.models import AccessAttempt
from django.contrib.sessions.models import Session
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils.timezone import now

from core.actions.organisation import locked, save
from core.errors import Denied, NotPossible
from core.models import Export, Organisation, OutgoingMail, User
from core.states import must_be_unchanged
from core.trail import record

BATCH = 500
GONE = "No longer kept."
"""Stands where the text of a letter stood."""
LABELS = {"keep_letters_days": "letters", "keep_log_days": "log lines", "keep_downloads_days": "downloads"}
STRAY = timedelta(days=1)
"""Age of a file that no row knows: a worker was killed between writing it and saying so."""
ENDED = (OutgoingMail.Status.SENT, OutgoingMail.Status.FAILED, OutgoingMail.Status.DROPPED)


@transaction.atomic
def lengthen(*, by: User, seen: datetime | None, **days: int) -> None:
    """Keep things longer. Raises NotPossible for less than now, StaleState if somebody saved after `seen`."""
    if not by.is_super:
        raise Denied("Only a Super Administrator can change how long things are kept.")
    organisation = locked()
    must_be_unchanged(organisation.changed_at, seen=seen)
    for name, wanted in days.items():
        present = getattr(organisation, name)
        if wanted < present:
            raise NotPossible(
                f"The time for {LABELS[name]} may be lengthened, never shortened: it is {present:,} days now."
            )
    changes = save(organisation, **days)
    if changes:
        record("core.retention_lengthened", organisation, by=by, **changes)


@transaction.atomic
def blank_letters() -> int:
    """Take the text out of one batch of old letters; who got which letter when stays. Answers how many."""
    kept_from = _kept_from(Organisation.current().keep_letters_days)
    old = OutgoingMail.objects.filter(created_at__lt=kept_from, status__in=ENDED).exclude(text=GONE)
    batch = list(old.order_by("created_at").values_list("pk", flat=True)[:BATCH])
    count = OutgoingMail.objects.filter(pk__in=batch).update(text=GONE, html="")
    if count:
        record("core.letters_blanked", Organisation.current(), by=None, count=count)
    return count


@transaction.atomic
def expire_downloads() -> int:
    """End one batch of old downloads and remove their files. Answers how many.

    A worker that is killed before the files are gone leaves strays, and `remove_strays` finds them.
    """
    kept_from = _kept_from(Organisation.current().keep_downloads_days)
    old = Export.objects.filter(status=Export.Status.DONE, ended_at__lt=kept_from)
    batch = list(old.select_for_update().order_by("ended_at")[:BATCH])
    for export in batch:
        name = str(export.file.name)
        export.move(Export.Status.EXPIRED, file="")
        transaction.on_commit(partial(default_storage.delete, name))
    if batch:
        record("core.downloads_expired", Organisation.current(), by=None, count=len(batch))
    return len(batch)


def remove_strays(folder: str, *, beside: str) -> int:
    """Remove what killed workers left: files of this folder that no download knows, and half-written ones
    beside it whose names begin like this, each once it is old enough. Answers how many."""
    _, names = default_storage.listdir(folder) if default_storage.exists(folder) else ([], [])
    _, halves = default_storage.listdir("") if default_storage.exists("") else ([], [])
    removed = sum(_remove_if_old(name) for name in halves if name.startswith(beside))
    for start in range(0, len(names), BATCH):
        paths = [f"{folder}/{name}" for name in names[start : start + BATCH]]
        known = set(Export.objects.filter(file__in=paths).values_list("file", flat=True))
        removed += sum(_remove_if_old(path) for path in paths if path not in known)
    return removed


def _remove_if_old(path: str) -> bool:
    is_old = default_storage.get_modified_time(path) < now() - STRAY
    if is_old:
        default_storage.delete(path)
    return is_old


def clear_sessions() -> int:
    """Take away one batch of sessions that ended. Answers how many."""
    batch = Session.objects.filter(expire_date__lt=now()).values_list("pk", flat=True)[:BATCH]
    return Session.objects.filter(pk__in=list(batch)).delete()[0]


def clear_attempts() -> int:
    """Take away failed sign-ins a day after the last: they count for minutes. Answers how many."""
    count: int = AccessAttempt.objects.filter(attempt_time__lt=now() - timedelta(days=1)).delete()[0]
    return count


def _kept_from(days: int) -> datetime:
    return now() - timedelta(days=days)
