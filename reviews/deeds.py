"""What may happen in this room, in words."""

PHRASES: dict[str, str] = {
    "campaigns.frozen": "froze the population of a campaign",
    "campaigns.override_seconded": "agreed that a campaign is staged on sources that are not fresh",
    "campaigns.staged": "staged a campaign",
    "campaigns.staging_failed": "could not stage a campaign",
    "campaigns.staging_wanted": "had a campaign staged",
}
