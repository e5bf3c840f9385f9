"""The addresses of machines: health and metrics. METRICS_TOKEN is not set here."""

from core.actions import pulses
from tests.permissions.asking import Request, World

TABLE = """
              super    connector_admin owner    app_owner basic    application campaign request  helpdesk read_only deactivated stranger
core:live     200/405  200/405         200/405  200/405   200/405  200/405     200/405  200/405  200/405  200/405   200/405     200/405
core:ready    200/405  200/405         200/405  200/405   200/405  200/405     200/405  200/405  200/405  200/405   200/405     200/405
core:metrics  404/405  404/405         404/405  404/405   404/405  404/405     404/405  404/405  404/405  404/405   404/405     404/405
"""


def requests(_world: World) -> dict[str, Request]:
    """They need nothing, but sweepers were at work a moment ago."""
    pulses.beat()
    return {}
