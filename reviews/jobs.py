"""What workers do for this room."""

from celery import shared_task

from core.models import User
from core.queue import nudge
from reviews.actions import leaving, running_out


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


@shared_task(name="reviews.sweep_steps")
def sweep_steps() -> None:
    """Act on lines that nobody decided within the time of their step."""
    for campaign in running_out.those_with_a_clock():
        running_out.run_out(campaign)
