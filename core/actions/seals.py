"""Seals over the trail, and looks at the whole of it."""

from collections.abc import Callable
from datetime import timedelta
from time import monotonic

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils.timezone import now

from core.errors import Denied
from core.mailbox import post
from core.models import Organisation, Role, TrailCheck, TrailEvent, TrailPending, TrailSeal, User
from core.queries.seals import Verdict, verify
from core.queue import nudge
from core.seals import chained, digest
from core.trail import ERROR, SYSTEM, record

BLOCK = 1_000
"""Events a seal covers at most."""
BETWEEN_CHECKS = timedelta(days=1)
TRIES = 5
"""Looks that ended before they were done, after which that is the answer."""
KEPT_FOR = 60  # seconds until the lease is renewed


@transaction.atomic
def seal_next() -> TrailSeal | None:
    """Put a seal over events that wait for one; None if none does. Two at once take turns.

    Which events wait is told by the rows written with them. To take those with an id greater than the
    last sealed would pass over events whose transaction ended late.
    """
    Organisation.objects.select_for_update().get(pk=Organisation.current().pk)
    there = TrailEvent.objects.filter(pk=OuterRef("event_id"))
    waiting = TrailPending.objects.filter(Exists(there)).order_by("event_id")
    ids = list(waiting.values_list("event_id", flat=True)[:BLOCK])
    if not ids:
        return None
    events = [(event.pk, digest(event)) for event in TrailEvent.objects.filter(pk__in=ids).order_by("pk")]
    last = TrailSeal.objects.order_by("-number").defer("events").first()
    number, previous, at = (last.number + 1, last.hash, now()) if last else (1, "", now())
    seal = TrailSeal.objects.create(
        number=number, at=at, events=events, previous=previous, hash=chained(number, at, events, previous)
    )
    TrailPending.objects.filter(event_id__in=[pk for pk, _ in events]).delete()
    return seal


@transaction.atomic
def want_check(*, by: User | None) -> TrailCheck:
    """Have the whole trail looked at by a worker; one that waits already serves. `by` None: the clock."""
    if by is not None and not by.sees_everything:
        raise Denied("Only a Super Administrator or a Read-Only Administrator can have the trail checked.")
    Organisation.objects.select_for_update().get(pk=Organisation.current().pk)
    check = TrailCheck.objects.filter(status=TrailCheck.Status.WANTED).first()
    if check is None:
        check = TrailCheck.objects.create(by_name=by.name if by else SYSTEM)
        if by is not None:
            record("core.trail_check_wanted", Organisation.current(), by=by)
    nudge("core.check_trail", check.pk)
    return check


def want_daily_check() -> None:
    """Have it looked at if the last look was a day ago, and nudge what waits."""
    last = TrailCheck.objects.order_by("-pk").first()
    if last is None or not now() - BETWEEN_CHECKS < last.at <= now():  # a date to come silences nothing
        want_check(by=None)
    for pk in TrailCheck.objects.filter(status=TrailCheck.Status.WANTED).due().values_list("pk", flat=True):
        nudge("core.check_trail", pk)


def check(wanted: TrailCheck) -> None:
    """Look at the whole trail and keep what was found; raises LeaseLost.

    A trail that makes every look at it break off counts as broken: silence would be what its forger wants.
    """
    if wanted.attempts > TRIES:
        found = Verdict(problems=[f"{TRIES} looks at the trail broke off: the worker's log says why."])
    else:
        found = verify(pulse=_keeping(wanted))
    with transaction.atomic():
        wanted.release(
            seals=found.seals,
            events=found.events,
            pending=found.pending,
            head_number=found.head_number,
            head=found.head,
            problems=found.problems,
            ended_at=now(),
        )
        wanted.move(TrailCheck.Status.DONE)
        if found.problems:
            _sound_the_alarm(wanted)


def _keeping(wanted: TrailCheck) -> Callable[[], None]:
    """What keeps the lease while the look goes on; raises LeaseLost."""
    until = monotonic() + KEPT_FOR

    def pulse() -> None:
        nonlocal until
        if monotonic() > until:
            wanted.renew()
            until = monotonic() + KEPT_FOR

    return pulse


def _sound_the_alarm(found: TrailCheck) -> None:
    """Tell every Super Administrator, once a day for as long as it is broken."""
    organisation = Organisation.current()
    record("core.trail_broken", organisation, by=None, severity=ERROR, problems=found.problems[:20])
    for person in User.objects.active().holding(Role.SUPER):
        post("trail_broken", to=person, key=f"{now():%Y-%m-%d}", check=found)
