"""ID tokens: whose signature, for whom, how fresh (OpenID Connect Core 1.0, 3.1.3.7)."""

import hmac
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from joserfc import jwt
from joserfc.errors import InvalidPayloadError, JoseError
from joserfc.jwa import EdDSAAlgorithm
from joserfc.jws import JWSRegistry, extract_compact

from core.sign_in.oidc.door import ProviderTrouble
from core.sign_in.oidc.metadata import PublicKey

LEEWAY = 60
"""Seconds that clocks may differ."""
ALGORITHMS = ("RS256", "ES256", "EdDSA")
"""Public keys only: with a shared secret or without a signature anybody could have written the token."""
UNREADABLE = "The provider sent an ID token that cannot be read."

type FetchKeys = Callable[[bool], Sequence[PublicKey]]
"""The provider's keys; True: ask it anew."""


class _EdDSA(EdDSAAlgorithm):
    security_warning = ""  # RFC 9864 calls it Ed25519 by now; providers do not yet


_REGISTRY = JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)
_REGISTRY.algorithms = {
    "RS256": JWSRegistry.algorithms["RS256"],
    "ES256": JWSRegistry.algorithms["ES256"],
    "EdDSA": _EdDSA(),
}
_REGISTRY.max_header_length = 4096  # bytes; some providers put certificates there


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a token must say. Times are seconds since 1970."""

    issuer: str
    client_id: str
    nonce: str
    asked_at: int
    fresh: bool
    """Whether the person must have proved who they are after `asked_at`."""


def claims_of(token: str, wanted: Wanted, fetch: FetchKeys) -> dict[str, Any]:
    """The claims of a token that is genuine, ours, and new. Raises ProviderTrouble with what is wrong."""
    claims = _verified(token, fetch)
    _must_be_ours(claims, wanted)
    _must_be_new(claims, wanted)
    return claims


def _verified(token: str, fetch: FetchKeys) -> dict[str, Any]:
    """The claims, once a key of the provider fits. An unknown key makes us ask for its keys anew, once."""
    try:
        header = extract_compact(token.encode(), registry=_REGISTRY).headers()
    except (JoseError, ValueError) as problem:
        raise ProviderTrouble(UNREADABLE) from problem
    if header.get("alg") not in ALGORITHMS:
        raise ProviderTrouble(f"The ID token is not signed with one of {', '.join(ALGORITHMS)}.")
    for anew in (False, True):
        keys = [key for key in fetch(anew) if _may_fit(key, header)]
        for key in keys:
            claims = _opened(token, key)
            if claims is not None:
                return claims
        if keys and header.get("kid"):
            break
    raise ProviderTrouble("The signature of the ID token is not the provider's.")


def _may_fit(key: PublicKey, header: Mapping[str, Any]) -> bool:
    kind, name = _REGISTRY.algorithms[header["alg"]].key_type, header.get("kid")
    return key.key_type == kind and (not name or key.kid == name)


def _opened(token: str, key: PublicKey) -> dict[str, Any] | None:
    """The claims; None if this key did not sign."""
    try:
        return jwt.decode(token, key, registry=_REGISTRY).claims
    except InvalidPayloadError as problem:
        raise ProviderTrouble(UNREADABLE) from problem
    except JoseError:
        return None  # not its signature, or a key that is not for this algorithm: another may fit


def _must_be_ours(claims: dict[str, Any], wanted: Wanted) -> None:
    audience = claims.get("aud")
    audiences = [audience] if isinstance(audience, str) else audience
    party = claims.get("azp")
    if claims.get("iss") != wanted.issuer:
        raise ProviderTrouble("The ID token is of another issuer.")
    if not isinstance(audiences, list) or wanted.client_id not in audiences:
        raise ProviderTrouble("The ID token is meant for another client.")
    if party not in (None, wanted.client_id) or (party is None and len(audiences) > 1):
        raise ProviderTrouble("The ID token was given to another client (azp).")
    if not isinstance(claims.get("sub"), str) or not claims["sub"]:
        raise ProviderTrouble("The ID token does not say whom it is about (sub).")
    nonce = claims.get("nonce")
    if not isinstance(nonce, str) or not hmac.compare_digest(nonce.encode(), wanted.nonce.encode()):
        raise ProviderTrouble("The ID token answers another question than ours (nonce).")


def _must_be_new(claims: dict[str, Any], wanted: Wanted) -> None:
    at = int(time.time())
    expires, issued = _seconds(claims, "exp"), _seconds(claims, "iat")
    if expires is None or expires <= at - LEEWAY:
        raise ProviderTrouble("The ID token has expired. Do the clocks of both machines agree?")
    if issued is None or not wanted.asked_at - LEEWAY <= issued <= at + LEEWAY:
        raise ProviderTrouble(
            "The ID token was not made just now (iat). Do the clocks of both machines agree?"
        )
    if wanted.fresh:
        proved = _seconds(claims, "auth_time")
        if proved is None or not wanted.asked_at - LEEWAY <= proved <= at + LEEWAY:
            raise ProviderTrouble("The provider did not ask who you are anew (auth_time).")


def _seconds(claims: dict[str, Any], name: str) -> float | None:
    found = claims.get(name)
    is_number = isinstance(found, int | float) and not isinstance(found, bool) and -1e15 < found < 1e15
    return float(found) if is_number and found is not None else None
