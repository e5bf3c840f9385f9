"""Reviews, as Django knows it."""

from django.apps import AppConfig


class ReviewsConfig(AppConfig):
    name = "reviews"

    def ready(self) -> None:
        """Fill the slots of the ground floor, and name what may happen here."""
        from core.deeds import tell
        from core.exports import offer
        from core.panels import Panel, fill
        from reviews.deeds import PHRASES
        from reviews.queries.downloads import OFFERS
        from reviews.views import panels  # models are there only now

        tell(PHRASES)
        for each in OFFERS:
            offer(each)
        fill("home", Panel(15, "reviews/home_removals.html", panels.removals))
        fill("checklist", Panel(90, "core/checklist.html", panels.checklist))
