"""Reviews, as Django knows it."""

from django.apps import AppConfig


class ReviewsConfig(AppConfig):
    name = "reviews"

    def ready(self) -> None:
        """Fill the slots of the ground floor, and name what may happen here."""
        from connectors.actions.permission import also_refuse
        from core.deeds import tell
        from core.exports import Offer, offer
        from core.panels import Panel, fill
        from reviews import metrics
        from reviews.deeds import PHRASES
        from reviews.queries.campaign_files import OFFER as LISTS
        from reviews.queries.downloads import OFFERS
        from reviews.queries.policies import RULE_COLUMNS, rule_file
        from reviews.queries.sources import too_near
        from reviews.views import panels  # models are there only now

        tell(PHRASES)
        metrics.register()
        also_refuse(too_near)
        for each in (*OFFERS, LISTS):
            offer(each)
        fill("app", Panel(20, "reviews/app_campaigns.html", panels.campaigns_of))
        fill("app", Panel(25, "reviews/preferred_card.html", panels.preferred_policy))
        fill("entitlement", Panel(20, "reviews/preferred_card.html", panels.preferred_policy))
        fill("rail", Panel(5, "components/rail_link.html", panels.reviews_link))
        fill("home", Panel(10, "reviews/home_waiting.html", panels.waiting_reviews))
        fill("home", Panel(15, "reviews/home_removals.html", panels.removals))
        fill("home", Panel(16, "reviews/home_late.html", panels.late_removals))
        fill("home", Panel(40, "reviews/home_campaigns.html", panels.waiting))
        fill("home", Panel(12, "reviews/home_sign_offs.html", panels.sign_offs))
        fill("home_below", Panel(10, "reviews/home_signing.html", panels.signing))
        fill("rail", Panel(30, "components/rail_link.html", panels.campaigns_link))
        offer(Offer("reviews.rules", "Rules of policies", RULE_COLUMNS, rule_file))
        fill("rail", Panel(40, "components/rail_link.html", panels.policies_link))
        fill("settings", Panel(30, "", panels.rules_part))
        fill("home_below", Panel(10, "reviews/home_first.html", panels.first_review))
        fill("checklist", Panel(90, "core/checklist.html", panels.checklist))
