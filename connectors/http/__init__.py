"""Every request to a vendor: right host, in pace, within bounds, reads retried, nothing secret told."""

from connectors.http.addresses import is_loopback
from connectors.http.api import Api, Refused
from connectors.http.door import Clock
from connectors.http.tokens import ClientCredentials, ScopesRefused
from connectors.http.words import UNSTORABLE, quotable

__all__ = [
    "UNSTORABLE",
    "Api",
    "ClientCredentials",
    "Clock",
    "Refused",
    "ScopesRefused",
    "is_loopback",
    "quotable",
]
