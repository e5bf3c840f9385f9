"""A vendor's JSON API: signed requests, reads tried again, answers that are data or an error."""

import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import httpx

from connectors.contract import BadCredentials, Call, DriverError, Kind, Outside, TransientError
from connectors.http.door import Busy, Clock, Door
from connectors.http.tokens import RIPENING, ClientCredentials, Tokens

RETRIES = 4
PATIENCE = 60.0
"""Seconds within which a read is tried again."""
jitter = random.SystemRandom()


class Refused(DriverError):
    """The vendor answered, but not with success. `answer` is its JSON, None if it sent none."""

    def __init__(self, sentence: str, status: int, answer: object) -> None:
        super().__init__(sentence)
        self.status = status
        self.answer = answer


class Api:
    """A vendor's JSON API at one origin. Opens nothing until asked; every request becomes a `Call`.

    Threads may share it: they share the token, and each takes the calls it made.
    """

    def __init__(
        self,
        vendor: str,
        origin: str,
        credentials: ClientCredentials,
        outside: Outside,
        *,
        clock: Clock | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.clock = clock or Clock()
        self._door = Door(vendor, origin, outside, self.clock, transport)
        self._tokens = Tokens(credentials, outside, self._door)

    def get[T](
        self, path: str, params: Mapping[str, str], *, kind: Kind, read: Callable[[object], list[T]]
    ) -> list[T]:
        """Records read from the answer, tried again while the vendor is busy.

        Raises `Refused` for a status other than success, `TransientError` when patience is used up.
        """
        return self._patiently(self._door.request("GET", path, params, None), kind, read)

    def ask[T](
        self, path: str, question: object, *, kind: Kind, read: Callable[[object], list[T]]
    ) -> list[T]:
        """A POST that only reads, such as a GraphQL query; otherwise as `get`."""
        return self._patiently(self._door.request("POST", path, None, json.dumps(question)), kind, read)

    def put(self, path: str, change: object, *, kind: Kind) -> object:
        """Sent once. What success answered, None if that is no JSON: only reading back tells what is so now.

        Raises `Refused` where the vendor refused it, `TransientError` where it may have been done or not.
        """
        return self._write(self._door.request("PUT", path, None, json.dumps(change)), kind)

    def delete(self, path: str, *, kind: Kind) -> None:
        """Sent once; otherwise as `put`."""
        self._write(self._door.request("DELETE", path, None, None), kind)

    def sign_in(self) -> None:
        """Have a token, so that threads that begin together need not each be refused one."""
        self._tokens.current()

    def granted(self) -> tuple[str, ...] | None:
        """Scopes of the token in use, None if the vendor did not tell or nothing was asked yet."""
        return self._tokens.granted()

    def lacking(self) -> tuple[str, ...]:
        """After `ScopesRefused`: which of the scopes the client has not been given."""
        return self._tokens.lacking()

    def make_do(self, *, without: bool) -> None:
        """Whether to go on with fewer scopes where the vendor gives no token for all; at first not."""
        self._tokens.make_do(without=without)

    def withheld(self) -> tuple[str, ...]:
        """The scopes that were asked for and are now done without."""
        return self._tokens.withheld()

    def take_calls(self) -> tuple[Call, ...]:
        """The calls this thread made, or adopted, since last asked."""
        return self._door.take_calls()

    def adopt(self, calls: Sequence[Call]) -> None:
        """Count calls that another thread took as made by this one."""
        self._door.record(*calls)

    def calls_waiting(self) -> int:
        return self._door.calls_waiting()

    def close(self) -> None:
        self._door.close()

    def _patiently[T](self, request: httpx.Request, kind: Kind, read: Callable[[object], list[T]]) -> list[T]:
        until = self.clock.ticks() + PATIENCE
        tries = 0
        while True:
            try:
                return self._once(request, kind, read)
            except Busy as problem:
                tries += 1
                # Jitter keeps workers that were refused together from coming back together.
                asked = 2.0**tries / 2 if problem.after is None else problem.after
                wait = asked * jitter.uniform(1.0, 1.25)
                if tries > RETRIES or self.clock.ticks() + wait > until:
                    told = "" if problem.after is None else f", asking us to wait {problem.after:.0f} s"
                    times = "once" if tries == 1 else f"{tries} times in a row"
                    raise TransientError(f"{problem}, {times}{told}.") from problem
                self.clock.sleep(wait)

    def _once[T](self, request: httpx.Request, kind: Kind, read: Callable[[object], list[T]]) -> list[T]:
        response, call = self._signed(request, kind)
        rows: list[T] = []
        try:
            rows = read(self._data(response, call.asked))
        finally:
            self._door.record(replace(call, records=len(rows)))
        return rows

    def _write(self, request: httpx.Request, kind: Kind) -> object:
        try:
            response, call = self._signed(request, kind)
            self._door.record(call)
            self._door.refuse_unusable(response)
        except Busy as problem:
            raise Busy(f"{problem} when asked for a change.", problem.after) from problem
        if not response.is_success:
            raise self._refusal(response, call.asked)
        return _json_or_none(response)

    def _signed(self, request: httpx.Request, kind: Kind) -> tuple[httpx.Response, Call]:
        """Send with the token. A 401 on a new token is waited out, on any other the token is renewed once."""
        token, waited, renewed = self._tokens.current(), 0, False
        while True:
            request.headers["Authorization"] = f"Bearer {token.value}"
            response, call = self._door.send(request, kind)
            if response.status_code != 401:
                return response, call
            self._door.record(call)
            if self._tokens.ripen(token, waited):
                waited += 1
            elif renewed:
                raise BadCredentials(
                    f"{self._door.vendor} refused even a new token, {sum(RIPENING):.0f} s after it was given."
                )
            else:
                token, waited, renewed = self._tokens.renew(token), 0, True

    def _data(self, response: httpx.Response, asked: str) -> object:
        self._door.refuse_unusable(response)
        vendor, path = self._door.vendor, asked.partition("?")[0]
        if not response.is_success:
            raise self._refusal(response, asked)
        if not _is_json(response):
            raise DriverError(f"{vendor} answered {path}, but not with data. Is the domain right?")
        try:
            return json.loads(response.content)
        except ValueError as problem:
            raise Busy(f"{vendor} sent a broken answer to {path}") from problem

    def _refusal(self, response: httpx.Response, asked: str) -> Refused:
        path = asked.partition(" {")[0].partition("?")[0]
        sentence = f"{self._door.vendor} answered {response.status_code} to {path}."
        return Refused(sentence, response.status_code, _json_or_none(response))


def _is_json(response: httpx.Response) -> bool:
    kind: str = response.headers.get("content-type", "")
    return kind.partition(";")[0].strip().lower() == "application/json"


def _json_or_none(response: httpx.Response) -> object:
    if not _is_json(response):
        return None
    try:
        return json.loads(response.content)
    except ValueError:
        return None
