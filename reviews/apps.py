"""Reviews, as Django knows it."""

from django.apps import AppConfig


class ReviewsConfig(AppConfig):
    name = "reviews"

    def ready(self) -> None:
        """Fill the slots of the ground floor."""
        from core.panels import Panel, fill
        from reviews.views import panels  # models are there only now

        fill("checklist", Panel(90, "core/checklist.html", panels.checklist))
