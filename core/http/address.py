"""From where a request comes, also behind a proxy."""

from ipaddress import IPv4Address, IPv6Address, ip_address

from django.conf import settings
from django.http import HttpRequest

type Address = IPv4Address | IPv6Address

_FORWARDED = ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP")


def client_address(request: HttpRequest) -> str | None:
    """The browser's address; None where the server was not told one.

    What stands in X-Forwarded-For is believed as far as TRUSTED_PROXIES wrote it: from the right, up to
    and with the first address that is none of theirs. All else a browser can write there itself.
    """
    address = _parsed(request.META.get("REMOTE_ADDR", ""))
    hops = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    while address is not None and hops and _is_trusted(address):
        before = _parsed(hops.pop().strip())
        if before is None:
            break
        address = before
    return str(address) if address is not None else None


def is_from_this_machine(request: HttpRequest) -> bool:
    """Whether the browser runs where Reeve does and speaks to it directly, through no proxy."""
    address = _parsed(request.META.get("REMOTE_ADDR", ""))
    is_forwarded = any(request.META.get(name) for name in _FORWARDED)
    return address is not None and address.is_loopback and not is_forwarded


def _parsed(text: str) -> Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _is_trusted(address: Address) -> bool:
    return any(address in network for network in settings.TRUSTED_PROXIES)
