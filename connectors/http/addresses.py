"""Where a name leads: never into the network this program runs in, unless an operator listed the name."""

import ipaddress
import socket
import urllib.request

from connectors.contract import DriverError


def is_loopback(host: str) -> bool:
    """Whether the host is this very machine, by name or address."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def is_behind_proxy(host: str) -> bool:
    """Whether a proxy is asked for the host by name, so that no address of ours is involved."""
    proxies = urllib.request.getproxies()
    return bool({"https", "all"} & proxies.keys()) and not urllib.request.proxy_bypass(host)


def refuse_private(vendor: str, host: str) -> None:
    """Raise `DriverError` if the host leads to an address that is not public.

    One that leads nowhere may pass: connecting to it will tell. A name may lead elsewhere a moment later;
    then the certificate is what stands in the way.
    """
    for address in addresses_of(host):
        mapped = getattr(address, "ipv4_mapped", None) or address
        if not mapped.is_global or mapped.is_multicast:
            raise DriverError(
                f"A request to {vendor} was stopped: {host} leads to {address}, which is no public address."
                " Your administrator can allow it by name."
            )


def addresses_of(host: str) -> set[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    """All addresses of the host; none if it has none, which connecting to it will tell in due course."""
    try:
        found = socket.getaddrinfo(host.strip("[]"), None, type=socket.SOCK_STREAM)
    except OSError:
        return set()
    return {ipaddress.ip_address(str(each[4][0]).partition("%")[0]) for each in found}
