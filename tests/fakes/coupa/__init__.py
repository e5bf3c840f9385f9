"""A pretend Coupa: a real HTTP server for tests, the demo and the bench, the same for the same seed."""

from tests.fakes.coupa.server import FakeCoupa

__all__ = ["FakeCoupa"]
