"""Strings from people, into typed values and sentences about what is wrong."""
