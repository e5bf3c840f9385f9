"""Files that people ask for: ordered, made by a job, fetched, and after a while no longer kept."""

from collections.abc import Mapping
from datetime import timedelta

from django.db import transaction
from django.utils.timezone import now

from core.databases import one_snapshot
from core.errors import Denied, NotPossible
from core.exports import Offer, on_offer
from core.models import Export, User
from core.queue import nudge
from core.trail import ERROR, record

TRIES = 5
"""Workers that may take one export and not come to an end with it."""
HOLD = timedelta(minutes=15)
"""How long one worker may write one file. It is not renewed: the rows are read in one transaction."""
LONGEST = 4_000  # characters of filters


def order(kind: str, parameters: Mapping[str, str], *, by: User) -> Export:
    """Have a file made of a list, as filtered. Asked for again while it is being made: the same one.

    Raises Denied where the list is not for this person, NotPossible for a kind nobody offers.
    """
    offer = must_be_offered(kind)
    if sum(len(name) + len(value) for name, value in parameters.items()) > LONGEST:
        raise NotPossible("So many filters do not fit into one file. Take some away.")
    with one_snapshot():  # else PostgreSQL would read every row before it gave the first
        next(iter(offer.rows(by, parameters)), None)  # a refusal is told now, not by the job
    return _order(offer, dict(parameters), by=by)


@transaction.atomic
def _order(offer: Offer, parameters: dict[str, str], *, by: User) -> Export:
    waiting = Export.objects.filter(by=by, kind=offer.kind, status=Export.Status.QUEUED)
    export = waiting.filter(parameters=parameters).first()
    if export is None:
        name = f"{offer.kind.rpartition('.')[2]}-{now():%Y%m%d-%H%M%S}.{offer.suffix}"
        export = Export.objects.create(
            kind=offer.kind, title=offer.title, parameters=parameters, by=by, name=name
        )
        nudge("core.make_export", export.pk)
    return export


def must_be_offered(kind: str) -> Offer:
    """The offer of this kind; raises NotPossible."""
    offer = on_offer(kind)
    if offer is None:
        raise NotPossible("There is no such list to download.")
    return offer


def claim(export_id: str) -> Export | None:
    """Take an export for this worker. None if it is over, in other hands, or has had its tries."""
    export = Export.objects.filter(status=Export.Status.QUEUED).claim(export_id)
    if export is None:
        return None
    if export.attempts > TRIES:
        fail(export, f"{TRIES} workers began this file and none came to its end. Try with more filters.")
        return None
    export.save_held(leased_until=now() + HOLD)
    return export


@transaction.atomic
def finish(export: Export, *, file: str, sha256: str, rows: int, size: int) -> None:
    """The file stands in the storage. Raises LeaseLost, Denied for somebody deactivated meanwhile."""
    must_be_here(export)
    export.release(file=file, sha256=sha256, rows=rows, size=size)
    export.move(Export.Status.DONE, ended_at=now(), problem="")
    record(
        "core.export_made",
        export,
        by=export.by,
        kind=export.kind,
        filters=export.parameters,
        rows=rows,
        sha256=sha256,
    )


@transaction.atomic
def fail(export: Export, sentence: str) -> None:
    """There will be no file; the sentence says why. Raises LeaseLost."""
    export.release(problem=sentence)
    export.move(Export.Status.FAILED, ended_at=now())
    record("core.export_failed", export, by=None, severity=ERROR, kind=export.kind, problem=sentence)


def must_be_here(export: Export) -> None:
    """Raises Denied if whoever asked was deactivated meanwhile."""
    if not User.objects.active().filter(pk=export.by_id).exists():
        raise Denied("Whoever asked for this file was deactivated meanwhile.")


def fetched(export: Export, *, by: User) -> None:
    """Note when the file was first downloaded. The trail told of it when it was made."""
    if export.by_id != by.pk:
        raise Denied("A file is for whoever asked for it.")
    Export.objects.filter(pk=export.pk, fetched_at=None).update(fetched_at=now())
