"""Access tokens by OAuth 2.0 client credentials, kept, renewed early, never shown."""

import base64
import json
import re
import threading
import warnings
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import timedelta

import httpx
from authlib.deprecate import AuthlibDeprecationWarning

from connectors.contract import BadCredentials, DriverError, MissingScope, Outside, Token
from connectors.http.door import TIMEOUT, Door
from connectors.http.words import quotable

with warnings.catch_warnings():
    # Authlib means to leave httpx for its successor; this project stays, knowingly.
    warnings.filterwarnings("ignore", "The httpx module is deprecated", AuthlibDeprecationWarning)
    from authlib.integrations.httpx_client import OAuth2Client, OAuthError


RIPENING = (2.0, 5.0)
"""Seconds waited after a 401 on a new token; Coupa's advice is about five ("OpenID Connect Clients")."""
YOUNG = 30.0
"""Seconds after which a token is known everywhere at the vendor: a 401 then means that it ended."""
OLDEST = timedelta(hours=20)
"""A token is renewed at this age, or when a tenth of its life is left."""
SENDABLE = re.compile("[\x21-\x7e]+")
"""What a token may consist of (RFC 6749, A.12), but for the space, which would end it in the header."""


class ScopesRefused(MissingScope):
    """The vendor gives no token, because the client has not been given all the scopes asked for."""

    def __init__(self, sentence: str, named: Collection[str]) -> None:
        super().__init__(sentence)
        self.named = tuple(named)
        """Those that the vendor named as lacking; many name none."""


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """OAuth 2.0 client credentials (RFC 6749, 4.4). Its repr shows no secret."""

    token_url: str
    client_id: str
    client_secret: str = field(repr=False)
    scopes: tuple[str, ...] = ()


def scopes_in(token: str) -> tuple[str, ...] | None:
    """The `scope` claim of a JWT, unverified: for showing to people only. None if it cannot be read."""
    try:
        middle = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
        scope = claims["scope"]
    except (IndexError, KeyError, TypeError, ValueError):
        return None
    if isinstance(scope, str):
        return _names(scope)
    return tuple(quotable(str(name)) for name in scope) if isinstance(scope, list) else None


class Tokens:
    """The one access token of a connector: taken from the store, fetched, renewed early."""

    def __init__(self, credentials: ClientCredentials, outside: Outside, door: Door) -> None:
        self._credentials = credentials
        self._store = outside.tokens
        self._door = door
        self._granted: tuple[str, ...] | None = None
        self._new: Token | None = None
        self._seen_at = 0.0
        self._makes_do = False
        self._scopes = credentials.scopes
        self._own: Token | None = None
        """A token for fewer scopes: never in store, so that the next driver asks for all of them again."""
        self._probed: tuple[tuple[str, ...], Token] | None = None
        self._one_at_a_time = threading.RLock()

    def current(self) -> Token:
        """A token good for use; from the vendor only if the store has none."""
        with self._one_at_a_time:
            return self._current()

    def _current(self) -> Token:
        token = self._own or self._store.get()
        if token is None or token.expires_at <= self._door.clock.now():
            token = self._given()
        if token != self._new:
            self._new, self._seen_at = token, self._door.clock.ticks()
        return token

    def _given(self) -> Token:
        """From the vendor: for all scopes, or for those it gives where that will do."""
        try:
            token = self._fetch(self._scopes)
        except ScopesRefused as refusal:
            if not self._makes_do:
                raise
            token = self._for_fewer(refusal)
        if self._scopes == self._credentials.scopes:
            self._store.put(token)
        else:
            self._own = token
        return token

    def _for_fewer(self, refusal: ScopesRefused) -> Token:
        """Raises `ScopesRefused` if nothing that was asked for is given."""
        asked, self._probed = self._scopes, None
        lacking = {*self._named_or_found(refusal, asked)}
        self._scopes = tuple(scope for scope in asked if scope not in lacking)
        if not self._scopes:
            self._scopes = asked
            raise refusal
        if self._probed is not None and self._probed[0] == self._scopes:
            return self._probed[1]  # the last one given, and so the one in force
        return self._fetch(self._scopes)

    def make_do(self, *, without: bool) -> None:
        """From now on, take a token for fewer scopes if the vendor gives none for all; or do not."""
        self._makes_do = without

    def withheld(self) -> tuple[str, ...]:
        """The scopes that the token in use does without, because the vendor gave none with them."""
        return tuple(scope for scope in self._credentials.scopes if scope not in self._scopes)

    def ripen(self, token: Token, waited: int) -> bool:
        """Wait once more for a young token to become known; False if it has had its time.

        One that worked may be refused still: not every machine of the vendor hears of it at once.
        """
        age = self._door.clock.ticks() - self._seen_at
        if waited >= len(RIPENING) or token != self._new or age > YOUNG:
            return False
        self._door.clock.sleep(RIPENING[waited])
        return True

    def renew(self, token: Token) -> Token:
        """Another token than this; one that another thread fetched meanwhile is taken as it is."""
        with self._one_at_a_time:
            self._store.drop(token)
            if self._own == token:
                self._own = None
            return self._current()

    def granted(self) -> tuple[str, ...] | None:
        """Scopes as the vendor told them of the token in use; None if it did not, or none is."""
        if self._new is None:
            return None
        return self._granted or scopes_in(self._new.value)

    def lacking(self) -> tuple[str, ...]:
        """The scopes without which the vendor would give a token, found by asking for fewer at a time.

        Only sensible after `ScopesRefused`: each try may end a token in use. None is kept.
        """
        with self._one_at_a_time:
            found = set(self._refused(self._credentials.scopes))
        return tuple(scope for scope in self._credentials.scopes if scope in found)

    def _refused(self, scopes: tuple[str, ...]) -> Iterator[str]:
        """Whatever the vendor names is taken out at once, the rest halved until it is granted."""
        try:
            if scopes:
                self._probed = scopes, self._fetch(scopes)
        except ScopesRefused as refusal:
            yield from self._named_or_found(refusal, scopes)

    def _named_or_found(self, refusal: ScopesRefused, scopes: tuple[str, ...]) -> Iterator[str]:
        if refusal.named:
            yield from refusal.named
            yield from self._refused(tuple(scope for scope in scopes if scope not in refusal.named))
        elif len(scopes) == 1:
            yield scopes[0]
        else:
            middle = len(scopes) // 2
            yield from self._refused(scopes[:middle])
            yield from self._refused(scopes[middle:])

    def _fetch(self, scopes: tuple[str, ...]) -> Token:
        wish = self._credentials
        asked_at = self._door.clock.now()
        # Never closed: it holds no connection of its own, and would close the door for all.
        client = OAuth2Client(
            wish.client_id,
            wish.client_secret,
            scope=" ".join(scopes),
            token_endpoint_auth_method="client_secret_basic",  # noqa: S106  # the name of a method
            transport=self._door,
            timeout=TIMEOUT,
        )
        vendor = self._door.vendor
        try:
            answer = client.fetch_token(wish.token_url, grant_type="client_credentials")
            value, life = answer["access_token"], timedelta(seconds=int(answer.get("expires_in") or 3600))
        except OAuthError as refusal:
            raise self._worded(refusal, scopes) from refusal
        except httpx.HTTPStatusError as problem:
            status = problem.response.status_code
            if status == 401:
                raise BadCredentials(f"{vendor} refused the client ID and secret.") from problem
            raise DriverError(
                f"{vendor} answered {status} when asked for a token. Is the domain right?"
            ) from problem
        except (KeyError, TypeError, ValueError, OverflowError) as problem:
            raise DriverError(f"{vendor} answered, but not with a token. Is the domain right?") from problem
        if not isinstance(value, str) or not SENDABLE.fullmatch(value):
            raise DriverError(f"{vendor} gave a token that cannot be sent back: it is no plain text.")
        scope = answer.get("scope")
        self._granted = _names(scope) if isinstance(scope, str) and scope else None
        return Token(value, asked_at + min(OLDEST, life * 0.9))

    def _worded(self, refusal: OAuthError, scopes: Collection[str]) -> DriverError:
        vendor = self._door.vendor
        if refusal.error in ("invalid_client", "unauthorized_client"):
            return BadCredentials(f"{vendor} refused the client ID and secret ({refusal.error}).")
        if refusal.error == "invalid_scope":
            words = {word.strip(".,:;\"'()[]") for word in str(refusal.description or "").split()}
            named = [scope for scope in scopes if scope in words]
            if len(named) == len(scopes) > 1:
                named = []  # it repeats what was asked for, and so says nothing
            lacking = ", ".join(named) or f"at least one of {', '.join(scopes)}"
            return ScopesRefused(f"The {vendor} client has not been given {lacking}.", named)
        return DriverError(f"{vendor} gave no token: {quotable(str(refusal.error))}.")


def _names(scope: str) -> tuple[str, ...]:
    return tuple(quotable(name) for name in scope.split())
