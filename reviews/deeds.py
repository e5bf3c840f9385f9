"""What may happen in this room, in words."""

PHRASES: dict[str, str] = {}
