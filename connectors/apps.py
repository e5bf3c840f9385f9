"""Connectors, as Django knows it."""

from django.apps import AppConfig


class ConnectorsConfig(AppConfig):
    name = "connectors"

    def ready(self) -> None:
        """Fill the slots of the ground floor, and name what may happen here."""
        from connectors.deeds import PHRASES
        from connectors.views import panels  # models are there only now
        from core.deeds import tell
        from core.panels import Panel, fill

        tell(PHRASES)
        rail = "components/rail_link.html"
        fill("rail", Panel(10, rail, panels.applications_link))
        fill("rail", Panel(20, rail, panels.connectors_link))
        fill("home", Panel(20, "connectors/home_waiting.html", panels.waiting))
        fill("home_doors", Panel(10, "connectors/home_door.html", panels.door))
