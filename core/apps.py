"""Core, as Django knows it."""

from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "core"

    def ready(self) -> None:
        """Fill the rail."""
        from core.panels import Panel, fill
        from core.views import panels  # models are there only now

        fill("rail", Panel(90, "components/rail_link.html", panels.settings_link))
