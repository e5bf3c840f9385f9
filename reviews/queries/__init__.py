"""Reads of this room, shaped like its pages."""
