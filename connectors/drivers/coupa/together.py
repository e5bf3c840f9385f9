"""Questions put to Coupa side by side, each in a thread; their calls stay with their answers."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

from connectors.contract import Call, DriverError, TransientError


class Caller(Protocol):
    """Whoever keeps the calls of each thread apart."""

    def take_calls(self) -> tuple[Call, ...]: ...

    def adopt(self, calls: Sequence[Call]) -> None: ...


@dataclass(frozen=True, slots=True)
class Answered[T]:
    """What a thread brought: an answer or a problem, and the calls that were made for it."""

    answer: T | None
    calls: tuple[Call, ...]
    problem: DriverError | TransientError | None = None


def asked[T](client: Caller, ask: Callable[[], T]) -> Answered[T]:
    """For a thread: its calls go with the answer, errors too."""
    try:
        answer = ask()
    except (DriverError, TransientError) as problem:
        return Answered(None, client.take_calls(), problem)
    return Answered(answer, client.take_calls())


def together[T](client: Caller, asks: Sequence[Callable[[], T]]) -> list[T]:
    """All answers in the order of the questions; this thread then made their calls.

    The first problem is raised only when every question has come to its end.
    """
    with ThreadPoolExecutor(len(asks), thread_name_prefix="together") as pool:
        found = list(pool.map(lambda ask: asked(client, ask), asks))
    for each in found:
        client.adopt(each.calls)
    for each in found:
        if each.problem:
            raise each.problem
    return [each.answer for each in found]  # type: ignore[misc]  # None only where T allows it
