"""What may happen in this room, in words."""

PHRASES: dict[str, str] = {
    "policies.changed": "changed the policy",
    "policies.copied": "made the policy as a copy",
    "policies.follow_up_changed": "changed what follows a denied line under the policy",
    "policies.made": "made the policy",
    "policies.retired": "retired the policy",
    "reviews.given_on": "had somebody else asked about lines of",
    "reviews.nobody_to_ask": "found nobody to ask about lines of",
    "reviews.overdue_excepted": "made exceptions of lines that nobody decided in time of",
    "reviews.overdue_given": "asked others about lines that nobody decided in time of",
    "reviews.policy_built_in": "brought the policy that comes with Reeve up to date",
    "reviews.routed_anew": "asked others about lines of",
    "reviews.step_entered": "asked about lines of the next step in",
}
