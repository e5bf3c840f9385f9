"""Reviews, as Django knows it."""

from django.apps import AppConfig


class ReviewsConfig(AppConfig):
    name = "reviews"

    def ready(self) -> None:
        """Fill the slots of the ground floor, and name what may happen here."""
        from core.deeds import tell
        from core.exports import Offer, offer
        from core.panels import Panel, fill
        from reviews.deeds import PHRASES
        from reviews.queries.policies import RULE_COLUMNS, rule_file
        from reviews.views import panels  # models are there only now

        tell(PHRASES)
        offer(Offer("reviews.rules", "Rules of policies", RULE_COLUMNS, rule_file))
        fill("rail", Panel(40, "components/rail_link.html", panels.policies_link))
        fill("checklist", Panel(90, "core/checklist.html", panels.checklist))
