"""The pulse: that beat, the broker and a worker, all three, are at work."""

from celery import shared_task

from core.actions import pulses


@shared_task(name="core.pulse")
def pulse() -> None:
    """Beat asked, a worker answers."""
    pulses.beat()
