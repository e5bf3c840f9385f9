"""What workers do for this room."""

from celery import shared_task
from django.utils.timezone import now

from core.leases import LeaseLost
from core.queue import nudge
from reviews.actions import closing, following, removing
from reviews.models import Campaign, Removal


@shared_task(name="reviews.close", acks_late=True)
def close(campaign_id: str) -> None:
    """Settle what is open and close. Harmless to deliver twice; goes on after a crash."""
    campaign = closing.claim(campaign_id)
    if campaign is None:
        return  # closed already, or in another worker's hands
    try:
        closing.carry_out(campaign)
    except LeaseLost:
        return  # we were slow: the worker that holds it carries on


@shared_task(name="reviews.order_removals", acks_late=True)
def order_removals(campaign_id: str) -> None:
    """Order what is confirmed, page by page. Harmless to deliver twice."""
    while removing.order_waiting(campaign_id):
        pass


@shared_task(name="reviews.follow_order", acks_late=True)
def follow_order(order_id: str) -> None:
    """An order has moved: its removals move along. Harmless to deliver twice."""
    following.follow_order(order_id)


@shared_task(name="reviews.follow_run", acks_late=True)
def follow_run(run_id: str) -> None:
    """A sync is done: lines follow what it saw. Harmless to deliver twice."""
    following.follow_run(int(run_id))


@shared_task(name="reviews.sweep_running")
def sweep_running() -> None:
    """Nudge what is due in campaigns under way, and catch up with news that was lost."""
    for campaign in closing.due_to_close(now()):
        closing.close_when_due(campaign)
    for campaign_id in (
        Campaign.objects.filter(status=Campaign.Status.CLOSING).due().values_list("pk", flat=True)
    ):
        nudge("reviews.close", campaign_id)
    waiting = Removal.objects.to_be_ordered().order_by("campaign")
    for campaign_id in waiting.values_list("campaign", flat=True).distinct():
        nudge("reviews.order_removals", campaign_id)
    for order_id in following.orders_to_follow():
        nudge("reviews.follow_order", order_id)
    for run_id in following.to_follow():
        nudge("reviews.follow_run", run_id)
