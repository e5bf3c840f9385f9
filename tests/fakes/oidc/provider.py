"""The protocol, on Authlib's server side: codes for people who said yes, ID tokens for codes."""

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from authlib.oauth2.rfc6749 import AuthorizationServer, ClientMixin, OAuth2Request
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import AuthorizationCodeMixin
from authlib.oidc.core.grants import OpenIDCode
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from tests.fakes.oidc.habits import Habits

type Answer = tuple[int, Any, list[tuple[str, str]]]
type Key = RSAKey | ECKey | OKPKey | OctKey

ALGORITHMS: Mapping[str, tuple[type[RSAKey | ECKey | OKPKey], Any]] = {
    "RS256": (RSAKey, 2048),
    "ES256": (ECKey, "P-256"),
    "EdDSA": (OKPKey, "Ed25519"),
}


@dataclass
class Client(ClientMixin):
    """The one registered client."""

    client_id: str
    client_secret: str
    redirect_uri: str

    def get_client_id(self) -> str:
        return self.client_id

    def get_default_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_allowed_scope(self, scope: str | None) -> str:
        return scope or ""

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri == self.redirect_uri

    def check_client_secret(self, client_secret: str) -> bool:
        return secrets.compare_digest(client_secret, self.client_secret)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method in ("client_secret_basic", "client_secret_post")

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "authorization_code"


@dataclass
class Code(AuthorizationCodeMixin):
    code: str
    redirect_uri: str
    scope: str
    nonce: str
    code_challenge: str
    code_challenge_method: str
    email: str
    auth_time: int = field(default_factory=lambda: int(time.time()))

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope

    def get_nonce(self) -> str:
        return self.nonce

    def get_auth_time(self) -> int:
        return self.auth_time

    def get_acr(self) -> str:
        return ""

    def get_amr(self) -> list[str]:
        return []


class Request(OAuth2Request):
    """What the protocol asks of a request."""

    def __init__(
        self, method: str, uri: str, query: dict[str, str], form: dict[str, str], headers: dict[str, str]
    ) -> None:
        super().__init__(method, uri, headers=headers)
        self.payload = BasicOAuth2Payload({**query, **form})
        self._args, self._form = query, form

    @property
    def args(self) -> dict[str, str]:
        return self._args

    @property
    def form(self) -> dict[str, str]:
        return self._form


class CodeGrant(AuthorizationCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic", "client_secret_post")

    def save_authorization_code(self, code: str, request: Request) -> None:
        asked = request.payload.data
        self.server.codes[code] = Code(
            code,
            asked["redirect_uri"],
            request.scope,
            asked.get("nonce", ""),
            asked.get("code_challenge", ""),
            asked.get("code_challenge_method", ""),
            request.user,
        )

    def query_authorization_code(self, code: str, client: Client) -> Code | None:
        found: Code | None = self.server.codes.get(code)
        return found

    def delete_authorization_code(self, authorization_code: Code) -> None:
        del self.server.codes[authorization_code.code]

    def authenticate_user(self, authorization_code: Code) -> str:
        return authorization_code.email


class IdTokens(OpenIDCode):
    """True ones, but for the habits."""

    def __init__(self, provider: "Provider") -> None:
        super().__init__(require_nonce=True)
        self._provider = provider

    def exists_nonce(self, nonce: str, request: Request) -> bool:
        return nonce in {each.nonce for each in self._provider.codes.values()}

    def get_client_claims(self, client: Client) -> dict[str, Any]:
        return {"iss": self._provider.issuer, "aud": [client.client_id]}

    def get_client_algorithm(self, client: Client) -> str:
        wrong = {"none": "none", "secret": "HS256"}
        return wrong.get(self._provider.habits.signing, self._provider.algorithm)

    def get_encode_header(self, client: Client) -> dict[str, str]:
        header = {"alg": self.get_client_algorithm(client)}
        return header if self._provider.is_single else {**header, "kid": self._provider.key.kid or ""}

    def resolve_client_private_key(self, client: Client) -> Key:
        if self._provider.habits.signing == "secret":
            return OctKey.import_key(client.client_secret)
        if self._provider.habits.signing == "stranger":
            return new_key(self._provider.algorithm)
        return self._provider.key

    def generate_user_info(self, user: str, scope: str) -> dict[str, Any]:
        facts = self._provider.facts(user)
        if self._provider.habits.thin:
            facts = {"sub": facts["sub"]}
        wrong = {name: moved(value) for name, value in self._provider.habits.claims.items()}
        return {**facts, **wrong}


class Provider(AuthorizationServer):
    """One client, everybody who is named, and a key for each algorithm at a time."""

    def __init__(self, issuer: str, client: Client, algorithm: str) -> None:
        super().__init__()
        self.issuer, self.client, self.algorithm = issuer, client, algorithm
        self.habits = Habits()
        self.people: dict[str, dict[str, Any]] = {}
        self.codes: dict[str, Code] = {}
        self.tokens: dict[str, str] = {}
        self.is_single = False
        self.renew_key()
        self.register_grant(CodeGrant, [CodeChallenge(required=True), IdTokens(self)])
        self.register_token_generator("default", self._token)

    def renew_key(self) -> None:
        """Sign with a new key from now on; the old one is no longer told."""
        self.key = new_key(self.algorithm)

    def keys(self) -> dict[str, Any]:
        return {"keys": [self.key.as_dict(private=False, use="sig", alg=self.algorithm)]}

    def facts(self, email: str) -> dict[str, Any]:
        known = {"sub": f"sub-{email}", "email": email, "email_verified": True, "name": "Somebody New"}
        return {**known, **self.people.get(email, {})}

    def document(self) -> dict[str, Any]:
        true = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "jwks_uri": f"{self.issuer}/keys",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [self.algorithm],
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            "authorization_response_iss_parameter_supported": True,
        }
        return {**true, **self.habits.document}

    def query_client(self, client_id: str) -> Client | None:
        return self.client if client_id == self.client.client_id else None

    def save_token(self, token: dict[str, Any], request: Request) -> None:
        self.tokens[token["access_token"]] = request.user

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Nobody listens."""

    def create_oauth2_request(self, request: Request) -> Request:
        return request

    def handle_response(self, status: int, body: Any, headers: list[tuple[str, str]]) -> Answer:
        return status, body, headers

    def _token(self, **wish: Any) -> dict[str, Any]:
        return {
            "token_type": "Bearer",
            "access_token": f"at-{secrets.token_urlsafe(24)}",
            "expires_in": 300,
            "scope": wish["scope"],
        }


def new_key(algorithm: str) -> RSAKey | ECKey | OKPKey:
    kind, size = ALGORITHMS[algorithm]
    return kind.generate_key(size, auto_kid=True)


def moved(value: Any) -> Any:
    """`"+60"` is a minute from now."""
    is_relative = isinstance(value, str) and value[:1] in "+-" and value[1:].isdigit()
    return int(time.time()) + int(value) if is_relative else value
