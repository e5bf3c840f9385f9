"""The beginning of a walk, asked side by side before it is wanted; the walk takes it in its own order."""

from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

from connectors.contract import Kind
from connectors.drivers.coupa import records
from connectors.drivers.coupa.client import PAGE, CoupaClient, Fields
from connectors.drivers.coupa.lanes import First, first
from connectors.drivers.coupa.position import LISTED, STAGES, Position
from connectors.drivers.coupa.sampling import SAMPLE, licences_of, sampled
from connectors.drivers.coupa.shapes import Row
from connectors.drivers.coupa.together import Answered, asked

MOST_PAGES = 8
"""Pages of a list that wait for the walk at most; it asks for those after them by itself."""


class Ahead:
    """The stages that are left before the users, and the first of the users, each in a thread.

    Calls become the walk's when it takes what they brought. Nothing here moves the position.
    """

    def __init__(self, client: CoupaClient, kinds: Collection[Kind], position: Position) -> None:
        self._client = client
        self._kinds = kinds
        self._flags = position.flags
        self._is_over = False
        client.sign_in()
        gaps = {**client.may_not_be_read(kinds), **position.gaps}
        self._hoped = [kind for kind in kinds if kind not in gaps]
        left = STAGES[STAGES.index(position.stage) :]
        self._pool = ThreadPoolExecutor(len(STAGES), thread_name_prefix="ahead")
        self._sample = self._sampled() if "license" in left and "license" in kinds else None
        self._lists = {
            kind: self._pool.submit(self._listed, kind, position.after if kind == position.stage else 0)
            for kind in LISTED
            if kind in left and kind in kinds
        }
        is_begun = position.stage == "user" and position.lanes != [[0, None]]
        self._first = None if is_begun else self._pool.submit(asked, client, self._begun)

    def close(self) -> None:
        """No thread asks for more than it is asking now."""
        self._is_over = True
        self._pool.shutdown(wait=False, cancel_futures=True)

    def licences(self) -> tuple[str, ...]:
        """The licences that the tenant shows; only if they were still to be asked for."""
        return licences_of(self._taken(self._sample.result())) if self._sample else ()

    def pages(self, kind: Kind) -> Iterator[list[Row]]:
        """All pages of the list from where the walk stood."""
        after = 0
        for answered in self._lists[kind].result():
            page = self._taken(answered)
            if not page:
                return
            yield page
            after = page[-1].id
        yield from self._client.pages(kind, records.resource_fields(kind), after)

    def first(self, fields: Fields) -> Callable[[], First] | None:
        """The first users, if they were asked with these fields: a list may have turned out to be a gap."""
        if self._first is None:
            return None
        answered = self._first.result()
        if records.user_fields(self._flags, self._hoped) == fields:
            return lambda: self._taken(answered)
        self._client.adopt(answered.calls)
        return None

    def _sampled(self) -> Future[Answered[list[Row]]]:
        return self._pool.submit(asked, self._client, lambda: sampled(self._client))

    def _listed(self, kind: Kind, after: int) -> Sequence[Answered[list[Row]]]:
        """The last one is empty, or a problem, unless there are more pages than may wait."""
        found: list[Answered[list[Row]]] = []
        ask = partial(self._client.page, kind, records.resource_fields(kind))
        is_end_due = False
        while len(found) < MOST_PAGES and not self._is_over:
            found.append(asked(self._client, partial(ask, after, is_end_due=is_end_due)))
            if not (rows := found[-1].answer):
                break
            after, is_end_due = rows[-1].id, len(rows) < PAGE
        return found

    def _begun(self) -> First:
        """With the sample in hand an id is known to probe beyond."""
        beyond = None
        if self._sample:
            sample = self._sample.result()
            if sample.problem:
                raise sample.problem
            self._flags = licences_of(sample.answer or [])
            ids = {user.id for user in sample.answer or []}
            beyond = max(ids) if len(ids) >= SAMPLE else None
        fields = records.user_fields(self._flags, self._hoped)
        return first(self._client, partial(self._client.page, "user", fields), beyond)

    def _taken[T](self, answered: Answered[T]) -> T:
        self._client.adopt(answered.calls)
        if answered.problem:
            raise answered.problem
        return answered.answer  # type: ignore[return-value]  # without a problem there is an answer
