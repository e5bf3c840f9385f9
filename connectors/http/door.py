"""The one way out: one origin, in pace, within bounds; each request is recorded."""

import hashlib
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import unquote

import httpx

from connectors.contract import Call, DriverError, Kind, Outside, TransientError
from connectors.http.addresses import is_behind_proxy, is_loopback, refuse_private

TIMEOUT = httpx.Timeout(45.0, connect=10.0, write=30.0, pool=10.0)
WHOLE_ANSWER = 70.0
"""Seconds after which no further piece of an answer is waited for."""
LOOK_UP_AGAIN = 60.0
"""Seconds for which a name that led to a public address is trusted to."""
MOST_QUESTION = 1_000  # letters of it that a call tells
MOST_BYTES = 64 * 1024 * 1024
TOKEN = "token"  # noqa: S105  # a kind of call
"""The kind of a call that asks for a token."""
BUSY = frozenset({408, 429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Clock:
    """Time, and waiting for it; tests bring their own."""

    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ticks: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


class Busy(TransientError):
    """Worth another try; `after` is how many seconds the vendor asked for, None if it did not say."""

    def __init__(self, sentence: str, after: float | None = None) -> None:
        super().__init__(sentence)
        self.after = after


def retry_after(header: str | None, now: datetime, vendors_now: str | None = None) -> float | None:
    """Seconds asked for, given as a number or as a date; None if absent or nonsense.

    A date counts from the vendor's own clock, its `Date` header, if it tells it: ours may be minutes off.
    """
    text = (header or "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    date = _date(text)
    return None if date is None else max(0.0, (date - (_date(vendors_now or "") or now)).total_seconds())


def _date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


class Calls(threading.local):
    """What the thread at work has asked since its calls were last taken."""

    def __init__(self) -> None:
        self.made: list[Call] = []


class Door(httpx.BaseTransport):
    """Lets requests out to one origin only, and answers in only whole and within bounds."""

    def __init__(
        self, vendor: str, origin: str, outside: Outside, clock: Clock, transport: httpx.BaseTransport | None
    ) -> None:
        self.vendor = vendor
        self.clock = clock
        self._calls = Calls()
        self._origin = httpx.URL(origin)
        self._pace = outside.pace
        self._keeps_bodies = outside.keeps_bodies
        self._heard = outside.heard
        loopback = is_loopback(self._origin.host)
        listed = {host.lower().removeprefix("http://") for host in outside.extra_hosts}
        self._is_free = loopback or transport is not None or self._origin.netloc.decode() in listed
        """Whether the address behind the name is nobody's business: listed by an operator, or not asked."""
        self._looked_up_at: float | None = None
        if self._origin.scheme != "https" and not loopback:
            raise DriverError(f"{origin} is not https; only this machine itself may be asked without it.")
        self._http = httpx.Client(
            transport=transport,
            verify=_authorities(self._origin.scheme, outside.ca_file),
            timeout=TIMEOUT,
            follow_redirects=False,
            headers={"User-Agent": "Reeve"},
            trust_env=not loopback,  # HTTPS_PROXY and NO_PROXY
        )

    def request(
        self, method: str, path: str, params: Mapping[str, str] | None, content: str | None
    ) -> httpx.Request:
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        url = self._origin.join(path)
        return self._http.build_request(method, url, params=params, content=content, headers=headers)

    def send(self, request: httpx.Request, kind: Kind) -> tuple[httpx.Response, Call]:
        """The answer, whatever its status, and the call as made; one without an answer is recorded here.

        The call of a token request never keeps its body: that is the secret itself.
        """
        self._refuse_foreign(request.url)
        self._refuse_private(request.url.host)
        self._pace.wait()
        began = self.clock.ticks()
        asked = f"{request.method} {unquote(request.url.raw_path.decode('ascii'))}{_question(request, kind)}"
        call = Call(kind, asked, status=0, records=0, bytes=0, sha256="", seconds=0.0, at=self.clock.now())
        response = None
        try:
            response = self._exchange(request, began)
        except httpx.LocalProtocolError:
            # Its text may quote a header, and so the token: not even the cause is kept.
            raise DriverError(f"A request to {self.vendor} was not sent: HTTP does not allow it.") from None
        except httpx.RequestError as problem:
            raise _worded(self.vendor, problem) from problem
        finally:
            call = replace(call, seconds=self.clock.ticks() - began)
            if response is None:
                self.record(call)
        digest = hashlib.sha256(response.content).hexdigest()
        size = len(response.content)
        kept = response.content if self._keeps_bodies and kind != TOKEN else b""
        return response, replace(call, status=response.status_code, bytes=size, sha256=digest, body=kept)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Lets Authlib's client speak the token flow through this door."""
        response, call = self.send(request, TOKEN)
        self.record(call)
        self.refuse_unusable(response)
        return response

    def refuse_unusable(self, response: httpx.Response) -> None:
        """Raise for answers that no caller can use: busy, broken, redirecting."""
        status = response.status_code
        if status in BUSY:
            after = retry_after(
                response.headers.get("retry-after"), self.clock.now(), response.headers.get("date")
            )
            raise Busy(f"{self.vendor} answered {status}", after)
        if 300 <= status < 400:
            raise DriverError(
                f"{self.vendor} answered with a redirect ({status}), never followed. Is the domain right?"
            )

    def record(self, *calls: Call) -> None:
        self._calls.made.extend(calls)
        for call in calls:
            self._heard(call)

    def take_calls(self) -> tuple[Call, ...]:
        """The calls of this thread since last taken, so that a page read in a thread brings its own."""
        taken, self._calls.made = tuple(self._calls.made), []
        return taken

    def calls_waiting(self) -> int:
        return len(self._calls.made)

    def close(self) -> None:
        self._http.close()

    def _refuse_foreign(self, url: httpx.URL) -> None:
        mine = self._origin
        if (url.scheme, url.host, url.port) != (mine.scheme, mine.host, mine.port) or url.userinfo:
            raise DriverError(f"A request to {url.host} was stopped: only {mine.host} may be asked.")

    def _refuse_private(self, host: str) -> None:
        """Looked up once a minute; behind a proxy the name is all there is, and it was checked."""
        now = self.clock.ticks()
        is_fresh = self._looked_up_at is not None and now - self._looked_up_at < LOOK_UP_AGAIN
        if self._is_free or is_fresh or is_behind_proxy(host):
            return
        refuse_private(self.vendor, host)
        self._looked_up_at = now

    def _exchange(self, request: httpx.Request, began: float) -> httpx.Response:
        """The body with its content coding undone; more than the bounds allow is never held."""
        response = self._http.send(request, stream=True)
        try:
            body = bytearray()
            for piece in response.iter_bytes():
                body += piece
                if len(body) > MOST_BYTES:
                    raise DriverError(f"{self.vendor} sent more than {MOST_BYTES >> 20} MB in one answer.")
                if self.clock.ticks() - began > WHOLE_ANSWER:
                    raise httpx.ReadTimeout("the answer took too long", request=request)
        finally:
            response.close()
        kept = {
            name: value
            for name, value in response.headers.items()
            if name not in ("content-encoding", "content-length", "transfer-encoding")
        }
        return httpx.Response(response.status_code, headers=kept, content=bytes(body), request=request)


def _authorities(scheme: str, ca_file: str) -> ssl.SSLContext:
    """Trust httpx's own authorities, those of the system, and those of the file; without https, nobody."""
    if scheme != "https":
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context = httpx.create_ssl_context()
    context.load_default_certs()
    if ca_file:
        try:
            context.load_verify_locations(ca_file)
        except OSError as problem:
            raise DriverError(f"The CA file {ca_file} cannot be used: {problem}") from problem
    return context


def _worded(vendor: str, problem: httpx.RequestError) -> DriverError | Busy:
    """A sentence by the kind of trouble; the problem's own text, which may quote anything, is never in it."""
    cause: BaseException | None = problem
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return DriverError(f"The certificate of {vendor} was not accepted: {cause.verify_message}.")
        cause = cause.__cause__ or cause.__context__
    if isinstance(problem, httpx.TimeoutException):
        return Busy(f"{vendor} did not answer in time")
    if isinstance(problem, httpx.ConnectError):
        return Busy(f"{vendor} could not be reached")
    if isinstance(problem, httpx.ProxyError):
        return Busy(f"{vendor} could not be reached through the proxy")
    if isinstance(problem, httpx.DecodingError):
        return Busy(f"{vendor} sent an answer that cannot be unpacked")
    return Busy(f"{vendor} did not answer to the end")


def _question(request: httpx.Request, kind: Kind) -> str:
    """What a question or a change says, as it stands in its body; nothing of a token request."""
    if request.method not in ("POST", "PUT") or kind == TOKEN:
        return ""
    return " " + request.content.decode("utf-8", "replace")[:MOST_QUESTION]
