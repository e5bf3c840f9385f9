"""What a provider says about itself (OpenID Connect Discovery 1.0) and the keys it signs with (RFC 7517)."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, OKPKey, RSAKey

from core.sign_in.oidc.door import Door, ProviderTrouble

KEPT = 10 * 60
"""Seconds for which a document and its keys are believed without asking again."""
TROUBLE_KEPT = 30
"""Seconds for which a provider that cannot be asked is left alone: who waits for it holds a thread."""
MOST_KEYS = 50

type PublicKey = RSAKey | ECKey | OKPKey


@dataclass(frozen=True, slots=True)
class Metadata:
    """Of the discovery document, what we use."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str
    takes_secret_by_post: bool
    """Whether the token endpoint wants the client secret in the form, and not in the header."""
    names_itself: bool
    """Whether it promises `iss` beside the code (RFC 9207)."""


_documents: dict[str, tuple[float, Metadata]] = {}
_troubles: dict[str, tuple[float, str]] = {}
_keys: dict[str, tuple[float, Sequence[PublicKey]]] = {}
_lock = threading.Lock()


def forget(issuer: str) -> None:
    """Ask this provider anew: it may have been set right meanwhile."""
    with _lock:
        _documents.pop(issuer, None)
        _troubles.pop(issuer, None)
        _keys.pop(issuer, None)


def metadata_of(issuer: str, door: Door) -> Metadata:
    """The provider's own description, at most ten minutes old. Raises ProviderTrouble, kept half a minute."""
    with _lock:
        kept, trouble = _documents.get(issuer), _troubles.get(issuer)
    if kept and kept[0] > time.monotonic():
        return kept[1]
    if trouble and trouble[0] > time.monotonic():
        raise ProviderTrouble(trouble[1])
    try:
        found = _read(issuer, door)
    except ProviderTrouble as problem:
        with _lock:
            _troubles[issuer] = (time.monotonic() + TROUBLE_KEPT, str(problem))
        raise
    with _lock:
        _documents[issuer] = (time.monotonic() + KEPT, found)
    return found


def keys_of(metadata: Metadata, door: Door, *, anew: bool = False) -> Sequence[PublicKey]:
    """The keys it signs with, at most ten minutes old, or `anew`. Those of unknown kinds are left out."""
    with _lock:
        kept = _keys.get(metadata.issuer)
    if kept and kept[0] > time.monotonic() and not anew:
        return kept[1]
    listed = door.document(metadata.jwks_uri).get("keys")
    if not isinstance(listed, list):
        raise ProviderTrouble("The provider's list of keys is none.")
    found = [key for key in map(_key, listed[:MOST_KEYS]) if key is not None]
    with _lock:
        _keys[metadata.issuer] = (time.monotonic() + KEPT, found)
    return found


def _read(issuer: str, door: Door) -> Metadata:
    document = door.document(issuer.rstrip("/") + "/.well-known/openid-configuration")
    told = document.get("issuer")
    if told != issuer:
        raise ProviderTrouble(f"The provider calls itself {str(told)[:200]!r}; enter its issuer exactly so.")
    ways = document.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    metadata = Metadata(
        issuer=issuer,
        authorization_endpoint=_address(document, "authorization_endpoint"),
        token_endpoint=_address(document, "token_endpoint"),
        jwks_uri=_address(document, "jwks_uri"),
        userinfo_endpoint=_address(document, "userinfo_endpoint") if "userinfo_endpoint" in document else "",
        takes_secret_by_post="client_secret_basic" not in ways and "client_secret_post" in ways,
        names_itself=document.get("authorization_response_iss_parameter_supported") is True,
    )
    for address in (metadata.authorization_endpoint, metadata.token_endpoint, metadata.jwks_uri):
        door.must_be_safe(address)
    return metadata


def _address(document: dict[str, Any], name: str) -> str:
    found = document.get(name)
    if not isinstance(found, str) or not found:
        raise ProviderTrouble(f"The provider's description of itself lacks {name}.")
    return found


def _key(listed: Any) -> PublicKey | None:
    """A public key for signatures; None for any other, and for what is no key at all."""
    if not isinstance(listed, dict) or listed.get("use", "sig") != "sig":
        return None
    try:
        key = JWKRegistry.import_key(listed)
    except (JoseError, ValueError, TypeError, KeyError):
        return None  # kinds that nobody here knows stand beside those that we use
    return key if isinstance(key, RSAKey | ECKey | OKPKey) else None
