"""Reads shaped like a page, by what the page is about."""
