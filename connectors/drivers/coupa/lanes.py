"""Pages of users by several lanes of ids side by side: the rate is the limit then, not the way to Coupa."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from connectors.contract import DriverError, TransientError
from connectors.drivers.coupa.client import PAGE, CoupaClient
from connectors.drivers.coupa.shapes import Row
from connectors.drivers.coupa.together import Answered, asked, together

LANES = 6
"""At 150 to 200 ms an answer six keep the 24 requests a second busy that we allow ourselves."""
FAR = 1_000
"""Ids beyond the first page; a tenant without any so far on is read by one lane."""
GROWTH, AT_ONCE, MOST_ROUNDS = 4, 3, 7

type Fetched = tuple[list[Row], bool]
"""A page, and whether it was the last of its lane."""
type Span = list[int | None]
"""The last id read, and the last to read (None: to the end); both the same when all is read."""


class PageOf(Protocol):
    def __call__(self, after: int, *, is_end_due: bool = False) -> list[Row]:
        """Rows beyond an id; none only at the end, which may be due there."""


@dataclass(frozen=True, slots=True)
class First:
    """The first page of all, and an id near the last one; None if it is not far away."""

    rows: list[Row]
    reach: int | None = None
    problem: TransientError | None = None
    """Why the reach is not known; the page is good all the same."""


def first(client: CoupaClient, page: PageOf, beyond: int | None = None) -> First:
    """Both side by side if an id is known to probe beyond."""
    if beyond is None:
        rows = page(0)
        return _reaching(client, rows[-1].id, rows) if len(rows) >= PAGE else First(rows)
    alone, far = together(client, [lambda: First(page(0)), lambda: _reaching(client, beyond, [])])
    return First(alone.rows, far.reach, far.problem)


def _reaching(client: CoupaClient, after: int, rows: list[Row]) -> First:
    try:
        return First(rows, reach(client, after))
    except TransientError as problem:
        return First(rows, problem=problem)


def reach(client: CoupaClient, after: int) -> int | None:
    """An id near the last: a hint, which decides who reads what and never what is read.

    Rather too far than too near: the last lane is then done first, and its end proven meanwhile.
    """
    low, high = after, after
    for _ in range(MOST_ROUNDS):
        steps = [(high - after) * GROWTH or FAR]
        while len(steps) < AT_ONCE:
            steps.append(steps[-1] * GROWTH)
        low, high, is_end = _narrowed(client, high, [after + step for step in steps])
        if is_end:
            break
    if low == after:
        return None
    quarters = [low + (high - low) * part // (AT_ONCE + 1) for part in range(1, AT_ONCE + 1)]
    low, near, is_end = _narrowed(client, low, quarters)
    high = near if is_end else high
    return (low + 3 * high) // 4


def _narrowed(client: CoupaClient, low: int, ids: list[int]) -> tuple[int, int, bool]:
    """The last of these ids with users beyond it and the one after that; whether there is such a one."""
    answers = together(client, [partial(client.is_any_beyond, "user", one) for one in ids])
    for one, is_any in zip(ids, answers, strict=True):
        if not is_any:
            return low, one, True
        low = one
    return low, low, False


class Lanes:
    """Reads on from `spans`, and moves them just before it hands over the page they then account for.

    The requests run in threads, at most one page ahead in each lane; pages come to one consumer, lane
    after lane, in an order that depends on the spans alone.
    """

    def __init__(
        self,
        client: CoupaClient,
        spans: list[Span],
        page: PageOf,
        begun: Callable[[], First] | None = None,
    ) -> None:
        self._client = client
        self._spans = spans
        self._page = page
        self._begun = begun or (lambda: first(client, page))
        """What `first` found."""

    def pages(self) -> Iterator[list[Row]]:
        """Pages, none empty, until each lane is at its end.

        That is a page empty twice for the last one, for the others a page that reaches the next lane.
        """
        if self._spans == [[0, None]]:
            yield from self._first()
        before = PAGE
        while True:
            left = [span for span in self._spans if span[0] != span[1]]
            if len(left) > 1:
                yield from self._side_by_side(left)
            elif left:
                rows, is_last = self._read(*left[0], before=before)
                before = len(rows)
                yield from _moved(left[0], rows, is_last=is_last)
            else:
                return

    def _first(self) -> Iterator[list[Row]]:
        begun = self._begun()
        if not begun.rows:
            self._spans[:] = [[0, 0]]
            return
        after = begun.rows[-1].id
        is_far = begun.reach is not None and begun.reach >= after + FAR
        self._spans[:] = self._split(after, begun.reach) if begun.reach and is_far else [[after, None]]
        yield begun.rows
        if begun.problem:
            raise begun.problem

    def _split(self, after: int, until: int) -> list[Span]:
        """Lanes of equal width as far as ids seem to reach: coverage needs no proof, the last has no end."""
        width = (until - after) // LANES
        starts = [after + width * lane for lane in range(LANES)]
        return [[start, until] for start, until in zip(starts, [*starts[1:], None], strict=True)]

    def _side_by_side(self, left: list[Span]) -> Iterator[list[Row]]:
        """If one lane fails, what the others are reading is handed over before the error is raised."""
        pool = ThreadPoolExecutor(len(left), thread_name_prefix="lane")
        problem: DriverError | TransientError | None = None
        try:
            waiting: deque[tuple[Span, Future[Answered[Fetched]]]] = deque(
                (span, pool.submit(self._fetch, *span)) for span in left
            )
            while waiting:
                span, future = waiting.popleft()
                found = future.result()
                self._client.adopt(found.calls)
                if found.answer is None:
                    problem = problem or found.problem
                    continue
                rows, is_last = found.answer
                after = rows[-1].id if rows else span[0]
                if not is_last and problem is None:
                    waiting.append((span, pool.submit(self._fetch, after, span[1], before=len(rows))))
                yield from _moved(span, rows, is_last=is_last)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
        if problem:
            raise problem

    def _fetch(self, after: int | None, until: int | None, *, before: int = PAGE) -> Answered[Fetched]:
        return asked(self._client, lambda: self._read(after, until, before=before))

    def _read(self, after: int | None, until: int | None, *, before: int) -> Fetched:
        """`before`: how long the page before was. After a short one of the last lane its end is due."""
        found = self._page(after or 0, is_end_due=until is None and before < PAGE)
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
