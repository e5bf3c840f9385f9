"""What may happen in this room, in words."""

PHRASES: dict[str, str] = {
    "campaigns.frozen": "froze the population of a campaign",
    "campaigns.override_seconded": "agreed that a campaign is staged on sources that are not fresh",
    "campaigns.staged": "staged a campaign",
    "campaigns.staging_failed": "could not stage a campaign",
    "campaigns.staging_wanted": "had a campaign staged",
    "reviews.given_on": "had somebody else asked about lines of",
    "reviews.nobody_to_ask": "found nobody to ask about lines of",
    "reviews.policy_built_in": "brought the policy that comes with Reeve up to date",
    "reviews.routed_anew": "asked others about lines of",
    "reviews.ran_out": "acted on lines that nobody decided in time in",
    "reviews.step_entered": "asked about lines of the next step in",
}
