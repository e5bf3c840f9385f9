"""What may happen in this room, in words."""

PHRASES: dict[str, str] = {
    "campaigns.cancelled": "cancelled a campaign",
    "campaigns.changed": "changed the settings of a campaign",
    "campaigns.created": "drafted a campaign",
    "campaigns.discarded": "discarded a draft",
    "campaigns.duplicated": "drafted a campaign from another",
    "campaigns.instructed": "told reviewers what to look at",
    "campaigns.made_from_template": "drafted a campaign from a template",
    "campaigns.owners_changed": "changed the owners of a campaign",
    "campaigns.policy_chosen": "chose the policy of a campaign",
    "campaigns.scope_changed": "changed the scope of a campaign",
    "campaigns.started": "started a campaign",
    "templates.changed": "changed a template of campaigns",
    "templates.created": "made a template of campaigns",
    "templates.retired": "retired a template of campaigns",
    "reviews.given_on": "had somebody else asked about lines of",
    "reviews.nobody_to_ask": "found nobody to ask about lines of",
    "reviews.policy_built_in": "brought the policy that comes with Reeve up to date",
    "reviews.routed_anew": "asked others about lines of",
    "reviews.step_entered": "asked about lines of the next step in",
}
