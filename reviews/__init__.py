"""Whether access should exist."""
