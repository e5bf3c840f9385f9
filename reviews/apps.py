"""Reviews, as Django knows it."""

from django.apps import AppConfig


class ReviewsConfig(AppConfig):
    name = "reviews"

    def ready(self) -> None:
        """Fill the slots of the ground floor, and name what may happen here."""
        from core.deeds import tell
        from core.panels import Panel, fill
        from reviews.deeds import PHRASES
        from reviews.views import panels  # models are there only now

        tell(PHRASES)
        fill("rail", Panel(5, "components/rail_link.html", panels.reviews_link))
        fill("home", Panel(10, "reviews/home_waiting.html", panels.waiting_reviews))
        fill("checklist", Panel(90, "core/checklist.html", panels.checklist))
