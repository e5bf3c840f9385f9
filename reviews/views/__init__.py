"""Pages of this room, and what it shows on others."""
