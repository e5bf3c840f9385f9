"""From what was typed as the Coupa domain to the one host that will be asked."""

import re
from collections.abc import Collection
from urllib.parse import urlsplit

from connectors.contract import BadSettings
from connectors.http import is_loopback

SUFFIXES = (".coupahost.com", ".coupacloud.com")
LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
EXAMPLE = "such as acme.coupahost.com"


def clean_domain(typed: str, extra_hosts: Collection[str]) -> str:
    """The host, or `http://host[:port]` where an operator allowed that; raises `BadSettings`."""
    text = typed.strip().lower()
    if not text:
        raise _bad(f"Enter the domain of your Coupa instance, {EXAMPLE}.")
    scheme, netloc = _parts(text)
    allowed = {host.lower() for host in extra_hosts}
    host = netloc.rpartition("@")[2].partition(":")[0]
    if scheme != "https" and f"http://{netloc}" in allowed and is_loopback(host):
        return f"http://{netloc}"
    if netloc in allowed:
        return netloc
    return _tenant(netloc)


def origin(domain: str) -> str:
    """Where requests go, for a domain as `clean_domain` gives it."""
    return domain if domain.startswith("http://") else f"https://{domain}"


def host_of(domain: str) -> str:
    """`host[:port]`, for naming the tenant."""
    return domain.removeprefix("http://")


def _parts(text: str) -> tuple[str, str]:
    """Scheme, empty if none was typed, and host with all that clings to it."""
    try:
        parts = urlsplit(text if "://" in text else f"//{text}")
    except ValueError:
        raise _bad(f"That is not a domain. Enter only the host, {EXAMPLE}.") from None
    if parts.scheme not in ("", "http", "https"):
        raise _bad(
            f"A Coupa instance is reached by https, not {parts.scheme}. Enter only the host, {EXAMPLE}."
        )
    return parts.scheme, parts.netloc


def _tenant(netloc: str) -> str:
    if "@" in netloc:
        raise _bad(f"Leave out the part before the @. Enter only the host, {EXAMPLE}.")
    if ":" in netloc and "[" not in netloc:
        raise _bad(f"Leave out the port. Enter only the host, {EXAMPLE}.")
    suffix = next((suffix for suffix in SUFFIXES if netloc.endswith(suffix)), None)
    if suffix is None:
        raise _bad(
            "A Coupa domain ends in .coupahost.com or .coupacloud.com; your administrator can allow others."
        )
    tenant = netloc.removesuffix(suffix)
    if "." in tenant:
        raise _bad(f"There is one name before {suffix}, {EXAMPLE}; this has more.")
    if not LABEL.fullmatch(tenant):
        raise _bad(f"“{tenant}” cannot be the name of a Coupa instance: letters, digits and hyphens only.")
    return netloc


def _bad(sentence: str) -> BadSettings:
    return BadSettings("domain", sentence)
