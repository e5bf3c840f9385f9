"""What may happen in this room, in words."""

PHRASES: dict[str, str] = {
    "removals.opened": "opened removals for denied lines of",
    "reviews.commented": "commented on a line of a review",
    "reviews.submitted": "submitted decisions of a review",
    "reviews.given_on": "had somebody else asked about lines of",
    "reviews.nobody_to_ask": "found nobody to ask about lines of",
    "reviews.policy_built_in": "brought the policy that comes with Reeve up to date",
    "reviews.routed_anew": "asked others about lines of",
    "reviews.step_entered": "asked about lines of the next step in",
}
