"""What may happen in this room, in words."""

PHRASES: dict[str, str] = {
    "reviews.commented": "commented on a line of a review",
    "removals.opened": "opened removals of denied access",
    "reviews.submitted": "submitted decisions of a review",
}
