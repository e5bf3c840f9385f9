"""What may happen in this room, in words."""

PHRASES: dict[str, str] = {
    "policies.changed": "changed the policy",
    "policies.follow_up_changed": "changed what follows a denied line under the policy",
    "policies.made": "made the policy",
    "policies.retired": "retired the policy",
}
