"""The way out to an identity provider: https, no redirects, small answers, ten seconds."""

import ipaddress
import json
import ssl
import time
from typing import Any
from urllib.parse import SplitResult, urlsplit

import httpx
from django.conf import settings

LONGEST_WAIT = 10.0
"""Seconds for a whole answer."""
MOST_BYTES = 1024 * 1024


class ProviderTrouble(Exception):
    """The provider could not be asked, or cannot be believed. The sentence holds nothing secret."""


class Door(httpx.BaseTransport):
    """Carries requests to a provider, whoever makes them, and lets in whole answers within bounds only.

    Raises ProviderTrouble; its text never quotes an answer.
    """

    def __init__(self, issuer: str) -> None:
        self._is_local = is_loopback(_parts(issuer))
        self._http = httpx.Client(
            verify=_authorities(),
            timeout=LONGEST_WAIT,
            follow_redirects=False,
            headers={"User-Agent": "Reeve"},
            trust_env=not self._is_local,  # HTTPS_PROXY and NO_PROXY
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.must_be_safe(str(request.url))
        host = request.url.host
        try:
            response = self._exchange(request)
        except httpx.TimeoutException as problem:
            raise ProviderTrouble(f"{host} did not answer within {LONGEST_WAIT:.0f} seconds.") from problem
        except httpx.LocalProtocolError:
            # Its text may quote a header, and so the secret: not even the cause is kept.
            raise ProviderTrouble("HTTP does not allow this client ID and secret.") from None
        except httpx.RequestError as problem:
            raise ProviderTrouble(_worded(host, problem)) from problem
        if response.is_redirect:
            raise ProviderTrouble(f"{host} answered {request.url.path} with a redirect, never followed.")
        if response.is_server_error:
            raise ProviderTrouble(f"{host} answered {request.url.path} with {response.status_code}.")
        return response

    def must_be_safe(self, address: str) -> None:
        """Raise unless https leads there; without it only an issuer on this machine may name this machine."""
        parts = _parts(address)
        if parts.username or parts.password or not parts.hostname:
            raise ProviderTrouble("The provider names an address that is none.")
        if parts.scheme != "https" and not (parts.scheme == "http" and self._is_local and is_loopback(parts)):
            raise ProviderTrouble(f"The provider wants {parts.hostname} to be asked without https.")

    def document(self, address: str, *, headers: dict[str, str] | None = None) -> dict[str, Any]:
        """The JSON object that stands at this address."""
        request = httpx.Request("GET", address, headers={"Accept": "application/json", **(headers or {})})
        return as_object(self.handle_request(request))

    def close(self) -> None:
        self._http.close()

    def _exchange(self, request: httpx.Request) -> httpx.Response:
        began = time.monotonic()
        response = self._http.send(
            self._http.build_request(
                request.method, request.url, headers=request.headers, content=request.read()
            ),
            stream=True,
        )
        try:
            body = bytearray()
            for piece in response.iter_bytes():
                body += piece
                if len(body) > MOST_BYTES:
                    raise ProviderTrouble(f"{request.url.host} sent more than 1 MB in one answer.")
                if time.monotonic() - began > LONGEST_WAIT:
                    raise httpx.ReadTimeout("the answer took too long", request=request)
        finally:
            response.close()
        kept = {"Content-Type": response.headers.get("content-type", "")}
        location = {"Location": response.headers["location"]} if "location" in response.headers else {}
        return httpx.Response(
            response.status_code, headers={**kept, **location}, content=bytes(body), request=request
        )


def as_object(response: httpx.Response) -> dict[str, Any]:
    """The answer, if it is a success and a JSON object."""
    where = f"{response.request.url.host} answered {response.request.url.path}"
    if not response.is_success:
        raise ProviderTrouble(f"{where} with {response.status_code}.")
    try:
        found = json.loads(response.content)
    except ValueError as problem:
        raise ProviderTrouble(f"{where}, but not with JSON.") from problem
    if not isinstance(found, dict):
        raise ProviderTrouble(f"{where}, but not with a JSON object.")
    return found


def is_loopback(parts: SplitResult) -> bool:
    """Whether the address is of this very machine."""
    host = parts.hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _parts(address: str) -> SplitResult:
    try:
        return urlsplit(address)
    except ValueError as problem:
        raise ProviderTrouble("The provider names an address that is none.") from problem


def _authorities() -> ssl.SSLContext:
    """Trust httpx's own authorities, those of the system, and those of CA_FILE."""
    context = httpx.create_ssl_context()
    context.load_default_certs()
    if settings.CA_FILE:
        try:
            context.load_verify_locations(settings.CA_FILE)
        except OSError as problem:
            raise ProviderTrouble("The setting CA_FILE names a file that cannot be used.") from problem
    return context


def _worded(host: str, problem: httpx.RequestError) -> str:
    """By the kind of trouble; the problem's own text, which may quote anything, is not in it."""
    cause: BaseException | None = problem
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"The certificate of {host} was not accepted: {cause.verify_message}."
        cause = cause.__cause__ or cause.__context__
    if isinstance(problem, httpx.ConnectError | httpx.ProxyError):
        return f"{host} could not be reached."
    return f"{host} did not answer to the end."
