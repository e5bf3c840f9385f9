"""What may happen in this room, in words."""

PHRASES = {
    "apps.created": "created the app",
    "apps.managed": "made the app managed",
    "apps.unmanaged": "made the app unmanaged again",
    "apps.withdrawn": "withdrew the app",
    "connectors.app_chosen": "chose the app of the connector",
    "connectors.created": "created the connector",
    "connectors.help_asked_again": "asked an owner for help again",
    "connectors.log_lines_let_go": "let old lines of sync logs go",
    "connectors.owners_named": "named the owners of the connector",
    "connectors.paused": "paused the connector",
    "connectors.resumed": "resumed the connector",
    "connectors.run_confirmed": "confirmed the held sync",
    "connectors.run_discarded": "discarded the held sync",
    "connectors.run_done": "synced",
    "connectors.run_failed": "could not sync",
    "connectors.run_held": "held a sync for a person",
    "connectors.run_started": "started a sync",
    "connectors.settings_in_force": "put the settings in force",
    "connectors.settings_refused": "refused the settings",
    "connectors.settings_saved": "saved settings",
}
