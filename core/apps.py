"""Core, as Django knows it."""

from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "core"

    def ready(self) -> None:
        """Fill the rail, stamp sessions."""
        from django.contrib.auth.signals import user_logged_in

        from core import logs
        from core.exports import Offer, offer
        from core.http.sessions import stamp
        from core.panels import Panel, fill
        from core.queries import trail
        from core.queries.imports import MISTAKE_COLUMNS, mistake_file
        from core.queries.people import COLUMNS, person_file
        from core.views import identity_provider, invitations, panels  # models are there only now

        fill("rail", Panel(60, "components/rail_link.html", panels.people_link))
        fill("rail", Panel(70, "components/rail_link.html", panels.trail_link))
        fill("rail", Panel(90, "components/rail_link.html", panels.settings_link))
        fill("person", Panel(10, "core/invitation_card.html", invitations.panel))
        fill("person", Panel(30, "core/person_provider.html", identity_provider.panel))
        offer(Offer("core.people", "People", COLUMNS, person_file))
        offer(Offer("core.mistakes", "Mistakes in a file of people", MISTAKE_COLUMNS, mistake_file))
        offer(Offer("core.trail", "Trail", trail.COLUMNS, trail.trail_file))
        user_logged_in.connect(stamp, dispatch_uid="core.sessions")
        logs.listen()
