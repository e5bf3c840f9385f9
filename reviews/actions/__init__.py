"""Verbs of this room: one function each, one transaction, with permission, trail and letters."""
