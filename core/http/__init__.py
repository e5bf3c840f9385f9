"""What every request passes through: who asks from where, for how long they are known, how rules refuse."""

from core.http.address import client_address
from core.http.fresh import LEFT, fresh_sign_in, fresh_sign_in_to_send
from core.http.guards import DomainErrors, refuse_large, refuse_unreadable, takes_megabytes, trail_source
from core.http.headers import further_headers
from core.http.networks import Networks
from core.http.request import HtmxRequest, OpenRequest, onward, organisation_of
from core.http.sessions import Sessions, SignedIn

__all__ = [
    "LEFT",
    "DomainErrors",
    "HtmxRequest",
    "Networks",
    "OpenRequest",
    "Sessions",
    "SignedIn",
    "client_address",
    "fresh_sign_in",
    "fresh_sign_in_to_send",
    "further_headers",
    "onward",
    "organisation_of",
    "refuse_large",
    "refuse_unreadable",
    "takes_megabytes",
    "trail_source",
]
