"""Misbehaviour to be switched on: what vendors, gateways and networks do on a bad day."""

import random
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass

LONG = 20
"""Rows of a page that cannot be a first look at a list."""


@dataclass
class Habits:
    """Everything off. Numbers count down, or name the list page (from 1) at which something happens."""

    empty_page_once: int = 0
    repeat_page: int = 0
    drop_row: int = 0
    """Leave one row out of this page, or of the first long one after it."""
    most_rows: int = 0
    """Give at most so many rows a page, 0: all."""
    status: tuple[int, int] = (0, 0)
    """Answer with this status so many times."""
    nested_most: int = 0
    """Cut what a user holds at so many of a kind, wherever it is asked for."""
    inactive: Collection[int] = ()
    """Users that are said to be no longer active."""
    blank_emails: bool = False
    status_after: int = 0
    """So many requests are answered well before that."""
    retry_after: str = ""
    html_once: bool = False
    html: bool = False
    """HTML instead of any answer."""
    repeats: bool = False
    """The first page of a list again, whatever is asked for."""
    wrong_type_once: bool = False
    object_once: bool = False
    """An object where a list belongs."""
    broken_json: int = 0
    cut_body: int = 0
    """Promise a whole body so many times, send half, hang up."""
    redirect: bool = False
    shuffle: bool = False
    slow: float = 0.0
    """Seconds before each answer."""
    missing_scope: Collection[str] = ()
    names_scopes: bool = True
    """Say which scopes were refused when no token is given."""
    opaque_token: bool = False
    """Give tokens from which nothing can be read."""
    wrong_secret: bool = False
    graphql_errors: bool = False
    graphql_empty_once: bool = False
    """Say of the next GraphQL question that there are no such records."""
    not_here: str = ""
    """A path that this tenant does not have."""
    graphql_status: int = 0
    """Answer every GraphQL question with this status."""
    graphql_most: int = 0
    """Cut nested lists of GraphQL answers at this length."""
    graphql_unknown: Collection[str] = ()
    """Fields that GraphQL does not know, as it spells them."""
    default_without: Collection[str] = ()
    """Fields that a user's default shape leaves out."""
    token_fresh_401: int = 0
    """So many first requests with each new token are refused."""
    write_status: tuple[int, int] = (0, 0)
    """Answer with this status to so many changes, and make none."""
    writes_after: int = 0
    """So many changes are made well before `write_status`, `lost_writes` and `lost_answers`."""
    lost_writes: int = 0
    """Hang up on so many changes before they are made."""
    lost_answers: int = 0
    """Make so many changes and hang up."""
    html_writes: int = 0
    """Make so many changes and answer with HTML."""
    passes_over: Collection[str] = ()
    """Roles and groups (`role:4`) that a change may name in vain: passed over in silence."""
    refuses: Collection[str] = ()
    """Roles and groups for which a change that names them is refused as a whole."""
    keeps_lists: bool = False
    """Accept that a list is emptied, and keep it."""
    only_empty_lists: bool = False
    """Only `[]` empties a list, null changes nothing."""
    replaces_lists: bool = False
    """A list replaces what was there instead of adding to it."""
    no_memberships: int = 0
    """Answer with this status when a membership is to be ended."""
    ignores_filters: bool = False
    """List memberships of everybody, whatever is asked for."""
    meddle: Callable[[int], None] | None = None
    """Called before each request but for tokens, with its number from 1: others at work in the tenant."""
    asked: int = 0


class Bucket:
    """25 requests a second with a burst of 20, as Coupa allows."""

    def __init__(self, rate: float = 25.0, burst: float = 20.0) -> None:
        self._rate, self._burst = rate, burst
        self._left, self._at = burst, time.monotonic()
        self._lock = threading.Lock()

    def take(self) -> bool:
        with self._lock:
            now = time.monotonic()
            self._left = min(self._burst, self._left + (now - self._at) * self._rate)
            self._at = now
            if self._left < 1:
                return False
            self._left -= 1
            return True


class Pages:
    """Spoils pages of lists, each in its turn."""

    def __init__(self) -> None:
        self._count = 0
        self._last: dict[str, list[object]] = {}
        self._first: dict[str, list[object]] = {}

    def spoil(self, of: str, page: list[object], habits: Habits) -> list[object]:
        """`of`: the list that it is a page of."""
        self._count += 1
        if habits.repeats:
            return self._first.setdefault(of, page)
        page = page[: habits.most_rows or None]
        if habits.empty_page_once and self._count == habits.empty_page_once:
            habits.empty_page_once = 0
            return []
        if habits.repeat_page and self._count > habits.repeat_page and of in self._last:
            habits.repeat_page = 0
            return self._last[of]
        if habits.drop_row and self._count >= habits.drop_row and len(page) > LONG:
            habits.drop_row = 0
            page = [*page[: len(page) // 2], *page[len(page) // 2 + 1 :]]
        self._last[of] = page
        return random.Random(self._count).sample(page, len(page)) if habits.shuffle else page

    def restart(self) -> None:
        self._count = 0
        self._first = {}
