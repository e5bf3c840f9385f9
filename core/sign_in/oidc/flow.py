"""Sending somebody to the provider, and what they bring back: code, ID token, claims."""

import re
import secrets
import time
import warnings
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from typing import Any

import httpx
from authlib.deprecate import AuthlibDeprecationWarning

from core.sign_in.oidc.door import Door, ProviderTrouble
from core.sign_in.oidc.id_token import Wanted, claims_of
from core.sign_in.oidc.metadata import Metadata, PublicKey, keys_of, metadata_of

with warnings.catch_warnings():
    # Authlib means to leave httpx for its successor; this project stays, knowingly (ADR 0003).
    warnings.filterwarnings("ignore", "The httpx module is deprecated", AuthlibDeprecationWarning)
    from authlib.integrations.httpx_client import OAuth2Client, OAuthError

LACKS_OPENID = "The provider sent no ID token. Is openid among the scopes?"
_CODE = re.compile("[\x20-\x7e]{1,8000}")
"""What a code or a token may consist of (RFC 6749, A.11 and A.12), and how long we suffer it."""
_ERROR = re.compile("[A-Za-z0-9_.-]{1,60}")


@dataclass(frozen=True, slots=True)
class Client:
    """What we are to a provider. Its repr shows no secret."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    scopes: str
    redirect_uri: str


@dataclass(frozen=True, slots=True)
class Flow:
    """One way to the provider and back. Kept in the session; its repr shows no secret."""

    state: str
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    asked_at: int
    """Seconds since 1970."""
    fresh: bool
    """Whether the person must prove anew who they are, even if the provider knows them still."""

    def kept(self) -> dict[str, Any]:
        return asdict(self)


def new_flow(*, fresh: bool) -> Flow:
    """A new one, with fresh random words (RFC 7636 wants at least 43 letters for the verifier)."""
    return Flow(
        state=secrets.token_urlsafe(32),
        nonce=secrets.token_urlsafe(32),
        verifier=secrets.token_urlsafe(48),
        asked_at=int(time.time()),
        fresh=fresh,
    )


def go(client: Client, flow: Flow) -> str:
    """The address at the provider to send the browser to. Raises ProviderTrouble."""
    with closing(Door(client.issuer)) as door:
        metadata = metadata_of(client.issuer, door)
        fresh = {"prompt": "login", "max_age": "0"} if flow.fresh else {}
        address, _ = _oauth(client, metadata, door).create_authorization_url(
            metadata.authorization_endpoint,
            state=flow.state,
            code_verifier=flow.verifier,
            nonce=flow.nonce,
            **fresh,
        )
    return str(address)


def finish(client: Client, flow: Flow, brought: Mapping[str, str]) -> dict[str, Any]:
    """The claims about whoever comes back with these parameters. Raises ProviderTrouble.

    `brought` holds the state of `flow`: whoever calls looked it up by that.
    """
    with closing(Door(client.issuer)) as door:
        metadata = metadata_of(client.issuer, door)
        code = _code(brought, metadata)
        tokens = _tokens(_oauth(client, metadata, door), metadata, flow, code)
        wanted = Wanted(client.issuer, client.client_id, flow.nonce, flow.asked_at, flow.fresh)

        def fetch(anew: bool) -> Sequence[PublicKey]:  # noqa: FBT001  # as id_token asks
            return keys_of(metadata, door, anew=anew)

        claims = claims_of(_text(tokens, "id_token", LACKS_OPENID), wanted, fetch)
        if "email" not in claims and metadata.userinfo_endpoint:
            claims = {**_userinfo(metadata, door, tokens, claims["sub"]), **claims}
    return claims


def _code(brought: Mapping[str, str], metadata: Metadata) -> str:
    """The code, if it is the asked provider that sends it (RFC 9207: no mix-up)."""
    told = brought.get("iss")
    if told != metadata.issuer and (told is not None or metadata.names_itself):
        raise ProviderTrouble("The answer came from another provider than the one that was asked.")
    problem = brought.get("error", "")
    if problem == "access_denied":
        raise ProviderTrouble("The provider did not let you in, or you refused.")
    if problem:
        raise ProviderTrouble(f"The provider refused: {_plain(problem)}.")
    code = brought.get("code", "")
    if not _CODE.fullmatch(code):
        raise ProviderTrouble("The provider sent you back without a code.")
    return code


def _oauth(client: Client, metadata: Metadata, door: Door) -> OAuth2Client:
    way = "client_secret_post" if metadata.takes_secret_by_post else "client_secret_basic"
    return OAuth2Client(
        client_id=client.client_id,
        client_secret=client.client_secret,
        token_endpoint_auth_method=way,
        scope=client.scopes,
        redirect_uri=client.redirect_uri,
        code_challenge_method="S256",
        transport=door,
        trust_env=False,
    )


def _tokens(oauth: OAuth2Client, metadata: Metadata, flow: Flow, code: str) -> Mapping[str, Any]:
    """What the token endpoint gives for the code. Its own words are not passed on: they may quote secrets."""
    try:
        found: Mapping[str, Any] = oauth.fetch_token(
            metadata.token_endpoint,
            grant_type="authorization_code",
            code=code,
            code_verifier=flow.verifier,
        )
    except OAuthError as problem:
        if problem.error == "invalid_client":
            raise ProviderTrouble("The provider does not accept the client ID and secret.") from None
        raise ProviderTrouble(f"The provider refused the code: {_plain(problem.error)}.") from None
    except httpx.HTTPStatusError as problem:
        raise ProviderTrouble(f"The provider answered {problem.response.status_code} to the code.") from None
    except (ValueError, TypeError):
        raise ProviderTrouble("The provider answered the code, but not with tokens.") from None
    return found


def _text(tokens: Mapping[str, Any], name: str, trouble: str) -> str:
    found = tokens.get(name)
    if not isinstance(found, str) or not found:
        raise ProviderTrouble(trouble)
    return found


def _userinfo(metadata: Metadata, door: Door, tokens: Mapping[str, Any], subject: str) -> Mapping[str, Any]:
    """Further claims about the same subject (OpenID Connect Core 1.0, 5.3): some ID tokens hold few."""
    access = _text(tokens, "access_token", "The provider sent no access token.")
    if not _CODE.fullmatch(access):
        raise ProviderTrouble("The provider sent an access token that no header can hold.")
    door.must_be_safe(metadata.userinfo_endpoint)
    found = door.document(metadata.userinfo_endpoint, headers={"Authorization": f"Bearer {access}"})
    if found.get("sub") != subject:
        raise ProviderTrouble("The provider's userinfo is about somebody else.")
    return found


def _plain(code: object) -> str:
    """An error code as RFC 6749 has them; anything else is not repeated."""
    return code if isinstance(code, str) and _ERROR.fullmatch(code) else "without a reason that can be shown"
