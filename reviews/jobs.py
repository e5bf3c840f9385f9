"""What workers do for this room."""

from celery import shared_task

from core.models import User
from core.queue import nudge
from reviews.actions import leaving, overdue
from reviews.models import Campaign


@shared_task(name="reviews.route_anew", acks_late=True)
def route_anew(person_id: str) -> None:
    """Ask others about what is open with somebody who left, or became their own. Harmless twice."""
    person = User.objects.filter(pk=person_id).first()
    if person is not None:
        leaving.route_anew(person)
        leaving.route_own_anew(person)


@shared_task(name="reviews.sweep_reviewers")
def sweep_reviewers() -> None:
    """Nudge whatever is open with people who cannot decide it any longer."""
    for person_id in {*leaving.those_to_route_anew(), *leaving.those_asked_about_their_own()}:
        nudge("reviews.route_anew", person_id)


@shared_task(name="reviews.settle_overdue", acks_late=True)
def settle_overdue(campaign_id: str) -> None:
    """Do what the policy says with lines that nobody decided in time. Harmless twice."""
    campaign = Campaign.objects.filter(pk=campaign_id, status=Campaign.Status.RUNNING).first()
    if campaign is not None:
        overdue.settle_overdue(campaign)


@shared_task(name="reviews.sweep_overdue")
def sweep_overdue() -> None:
    """Nudge campaigns that run and whose policy wants steps decided in time."""
    for campaign_id in overdue.campaigns_with_limits():
        nudge("reviews.settle_overdue", campaign_id)
