"""Connectors, as Django knows it."""

from django.apps import AppConfig


class ConnectorsConfig(AppConfig):
    name = "connectors"

    def ready(self) -> None:
        """Fill the slots of the ground floor, and name what may happen here."""
        from connectors import metrics
        from connectors.deeds import PHRASES
        from connectors.queries.downloads import OFFERS
        from connectors.queries.explore import without_accounts
        from connectors.views import panels  # models are there only now
        from core.deeds import tell
        from core.exports import offer
        from core.panels import Panel, fill
        from core.queries.people import add_filter

        tell(PHRASES)
        metrics.register()
        for each in OFFERS:
            offer(each)
        add_filter("no-accounts", "Without accounts", without_accounts)
        rail = "components/rail_link.html"
        fill("rail", Panel(10, rail, panels.applications_link))
        fill("rail", Panel(20, rail, panels.connectors_link))
        fill("settings", Panel(10, "", panels.rules_part))
        fill("settings", Panel(20, "", panels.tags_part))
        fill("home", Panel(20, "connectors/home_waiting.html", panels.waiting))
        fill("home", Panel(22, "connectors/home_orders.html", panels.orders_waiting))
        fill("person", Panel(20, "connectors/person_accounts.html", panels.accounts_of))
        fill("person_leaves", Panel(20, "connectors/person_leaves.html", panels.left_behind))
        fill("checklist", Panel(20, "core/checklist.html", panels.checklist))
        fill("home_doors", Panel(10, "connectors/home_door.html", panels.door))
