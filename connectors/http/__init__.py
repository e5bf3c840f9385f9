"""Every request to a vendor: right host, in pace, within bounds, reads retried, nothing secret told."""

from connectors.http.api import Api, Refused
from connectors.http.door import Clock, is_loopback
from connectors.http.tokens import ClientCredentials
from connectors.http.words import UNSTORABLE, quotable

__all__ = ["UNSTORABLE", "Api", "ClientCredentials", "Clock", "Refused", "is_loopback", "quotable"]
