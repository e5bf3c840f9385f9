"""Seals what the trail holds, and looks at the whole of it."""

from celery import shared_task

from core.actions import seals
from core.leases import LeaseLost
from core.models import TrailCheck


@shared_task(name="core.seal_trail")
def seal_trail() -> None:
    """Seal what waits, in full blocks; what came meanwhile is for the next one. Killed, the next goes on."""
    while (seal := seals.seal_next()) is not None and len(seal.events) == seals.BLOCK:
        pass


@shared_task(name="core.check_trail", acks_late=True)
def check_trail(check_id: str) -> None:
    """Look at the whole trail once. Harmless to deliver twice."""
    check = TrailCheck.objects.filter(status=TrailCheck.Status.WANTED).claim(check_id)
    if check is None:
        return  # done already, or in another worker's hands
    try:
        seals.check(check)
    except LeaseLost:
        return  # we were slow; the worker that holds it now carries on


@shared_task(name="core.sweep_trail_checks")
def sweep_trail_checks() -> None:
    """Want a look once a day, and nudge those that wait."""
    seals.want_daily_check()
