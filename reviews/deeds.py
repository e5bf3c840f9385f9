"""What may happen in this room, in words."""

PHRASES: dict[str, str] = {
    "removals.opened": "opened removals for denied lines of",
}
