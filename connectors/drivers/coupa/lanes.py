"""Pages of users by several lanes of ids side by side: the rate is the limit then, not the way to Coupa."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from connectors.contract import Call, DriverError, TransientError
from connectors.drivers.coupa.client import PAGE, CoupaClient
from connectors.drivers.coupa.shapes import Row

LANES = 6
"""At 150 to 200 ms an answer six keep the 24 requests a second busy that we allow ourselves."""
FAR = 1_000
"""Ids beyond the first page; a tenant without any so far on is read by one lane."""
GROWTH, MOST_STEPS, HALVINGS = 4, 20, 3

type Span = list[int | None]
"""The last id read, and the last to read (None: to the end); both the same when all is read."""


@dataclass(frozen=True, slots=True)
class Fetched:
    rows: list[Row]
    is_last: bool
    calls: tuple[Call, ...]
    problem: DriverError | TransientError | None = None


class Lanes:
    """Reads on from `spans`, and moves them just before it hands over the page they then account for.

    The requests run in threads, at most one page ahead in each lane; pages come to one consumer, lane
    after lane, in an order that depends on the spans alone.
    """

    def __init__(self, client: CoupaClient, spans: list[Span], page: Callable[[int], list[Row]]) -> None:
        self._client = client
        self._spans = spans
        self._page = page

    def pages(self) -> Iterator[list[Row]]:
        """Pages, none empty, until each lane is at its end.

        That is a page empty twice for the last one, for the others a page that reaches the next lane.
        """
        if self._spans == [[0, None]]:
            yield from self._first()
        while True:
            left = [span for span in self._spans if span[0] != span[1]]
            if len(left) > 1:
                yield from self._side_by_side(left)
            elif left:
                rows, is_last = self._read(*left[0])
                yield from _moved(left[0], rows, is_last=is_last)
            else:
                return

    def _first(self) -> Iterator[list[Row]]:
        rows, is_last = self._read(0, None)
        if is_last:
            self._spans[:] = [[0, 0]]
            return
        after = rows[-1].id
        self._spans[:] = self._split(after) if len(rows) >= PAGE else [[after, None]]
        yield rows

    def _split(self, after: int) -> list[Span]:
        """Lanes of equal width as far as ids seem to reach: coverage needs no proof, the last has no end."""
        low, high = after, after + FAR
        for _ in range(MOST_STEPS):
            if not self._client.is_any_beyond("user", high):
                break
            low, high = high, after + (high - after) * GROWTH
        if low == after:
            return [[after, None]]
        for _ in range(HALVINGS):
            middle = (low + high) // 2
            if self._client.is_any_beyond("user", middle):
                low = middle
            else:
                high = middle
        width = ((low + high) // 2 - after) // LANES
        starts = [after + width * lane for lane in range(LANES)]
        return [[start, until] for start, until in zip(starts, [*starts[1:], None], strict=True)]

    def _side_by_side(self, left: list[Span]) -> Iterator[list[Row]]:
        """If one lane fails, what the others are reading is handed over before the error is raised."""
        pool = ThreadPoolExecutor(len(left), thread_name_prefix="lane")
        problem: DriverError | TransientError | None = None
        try:
            waiting: deque[tuple[Span, Future[Fetched]]] = deque(
                (span, pool.submit(self._fetch, *span)) for span in left
            )
            while waiting:
                span, future = waiting.popleft()
                fetched = future.result()
                self._client.adopt(fetched.calls)
                if fetched.problem:
                    problem = problem or fetched.problem
                    continue
                after = fetched.rows[-1].id if fetched.rows else span[0]
                if not fetched.is_last and problem is None:
                    waiting.append((span, pool.submit(self._fetch, after, span[1])))
                yield from _moved(span, fetched.rows, is_last=fetched.is_last)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
        if problem:
            raise problem

    def _fetch(self, after: int | None, until: int | None) -> Fetched:
        """For a thread: its calls go with the page, errors too."""
        try:
            rows, is_last = self._read(after, until)
        except (DriverError, TransientError) as problem:
            return Fetched([], is_last=False, calls=self._client.take_calls(), problem=problem)
        return Fetched(rows, is_last=is_last, calls=self._client.take_calls())

    def _read(self, after: int | None, until: int | None) -> tuple[list[Row], bool]:
        found = self._page(after or 0)
        if until is None:
            return found, not found
        mine = [row for row in found if row.id <= until]
        if found and not mine:
            # All of it belongs to lanes further on: the end of this one, or a page sent in error.
            found = self._page(after or 0)
            mine = [row for row in found if row.id <= until]
        return mine, len(mine) < len(found) or not found or mine[-1].id == until


def _moved(span: Span, rows: list[Row], *, is_last: bool) -> Iterator[list[Row]]:
    if rows:
        span[0] = rows[-1].id
    if is_last:
        span[0] = span[1] = span[0] if span[1] is None else span[1]
    if rows:
        yield rows
