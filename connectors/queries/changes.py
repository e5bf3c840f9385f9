"""Access that started and ended, in order of time: for an app, an entitlement, an account, a person.

Read along indexes by time, or along those of a few accounts: a page costs about the same, however many
grants there are.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from heapq import merge
from itertools import islice
from typing import Self

from django.db.models import Exists, OuterRef, Q, QuerySet

from connectors.models import Account, App, Connector, Entitlement, Grant, SyncRun
from connectors.queries.entitlements import day
from core.models import Organisation, User

STARTED, ENDED = "started", "ended"
FEW = 500
"""Accounts that are looked up one by one; of more, the changes of all are read and the others passed over."""
ABOUT = ("entitlement", "account", "person")

type Place = tuple[datetime, int, int]
"""When, 1 for started or 0 for ended, and the key of the grant: the order of the feed, newest first."""


@dataclass(frozen=True, slots=True)
class WantedChanges:
    """What the feed is narrowed down to; empty: not."""

    words: str = ""
    what: str = ""
    kind: str = ""
    first: date | None = None
    last: date | None = None
    entitlement: str = ""
    account: str = ""
    person: str = ""

    @classmethod
    def of(cls, asked: Mapping[str, str]) -> Self:
        """From the query of the page's address; what is unknown there narrows nothing."""
        what = asked.get("what", "")
        return cls(
            words=asked.get("q", "")[:200].strip(),
            what=what if what in (STARTED, ENDED) else "",
            kind=asked.get("kind", "")[:64],
            first=day(asked.get("first", "")),
            last=day(asked.get("last", "")),
            **{name: asked.get(name, "")[:30] for name in ABOUT},
        )

    @property
    def is_narrowed(self) -> bool:
        return self != WantedChanges()


@dataclass(frozen=True, slots=True)
class Change:
    """One grant that started, or ended."""

    grant: Grant
    is_start: bool

    @property
    def at(self) -> datetime:
        at = self.grant.since if self.is_start else self.grant.gone_at
        if at is None:
            raise ValueError("a grant that is held did not end")
        return at

    @property
    def run(self) -> int | None:
        """The sync that saw it."""
        return self.grant.first_run if self.is_start else self.grant.gone_run

    @property
    def place(self) -> Place:
        return (self.at, int(self.is_start), self.grant.pk)

    @property
    def key(self) -> str:
        """The place as addresses write it."""
        return f"{self.at.isoformat()}_{int(self.is_start)}_{self.grant.pk}"


@dataclass(frozen=True, slots=True)
class ChangesPage:
    rows: Sequence[Change]
    older: str
    """The place to go on from; empty where nothing is older."""
    runs: Mapping[int, str]
    """Keys of the syncs that the reader may open, by number."""


def changes_page(
    apps: QuerySet[App], wanted: WantedChanges, reader: User, *, place: str = "", size: int = 50
) -> ChangesPage:
    """One page, newest first, of what comes after `place`; one that cannot be read is the beginning."""
    found = list(islice(changes(apps, wanted, place=place, limit=size + 1), size + 1))
    rows = found[:size]
    numbers = {row.run for row in rows}
    visible = Connector.objects.visible_to(reader)
    runs = SyncRun.objects.filter(pk__in=[each for each in numbers if each], connector__in=visible)
    older = rows[-1].key if len(found) > size else ""
    return ChangesPage(rows, older, dict(runs.values_list("pk", "key")))


def changes(
    apps: QuerySet[App], wanted: WantedChanges, *, place: str = "", limit: int | None = None
) -> Iterator[Change]:
    """Changes in these apps, newest first. `limit`: no more will be taken."""
    after = _place(place)
    streams = [
        _read(_from(_within(rows, column, wanted), column, after), column, limit)
        for rows, column in _streams(apps, wanted)
    ]
    return merge(*streams, key=lambda each: each.place, reverse=True)


def _read(rows: QuerySet[Grant], column: str, limit: int | None) -> Iterator[Change]:
    shown = rows.select_related("account__person", "account__app", "entitlement__resource")
    ordered = shown.order_by(f"-{column}", "-pk")[:limit]
    return (Change(grant, column == "since") for grant in ordered.iterator(2_000))


def _streams(apps: QuerySet[App], wanted: WantedChanges) -> list[tuple[QuerySet[Grant], str]]:
    """Grants to read, and the column of their time. Those of a few accounts are indexed apart by whether
    they are still held."""
    rows = Grant.objects.all()
    if wanted.entitlement:
        rows = rows.filter(entitlement=wanted.entitlement)
    if wanted.kind:
        rows = rows.filter(Exists(Entitlement.objects.filter(pk=OuterRef("entitlement"), kind=wanted.kind)))
    accounts = _accounts(apps, wanted)
    is_few = False
    if wanted.account or wanted.person or wanted.words:
        keys = list(accounts.order_by().values_list("pk", flat=True)[: FEW + 1])
        is_few = len(keys) <= FEW
        rows = rows.filter(account__in=keys) if is_few else rows
    if not is_few:
        rows = rows.filter(Exists(accounts.filter(pk=OuterRef("account"))))
    started = [rows.here(), rows.gone()] if is_few else [rows]
    streams = [(part, "since") for part in started] + [(rows.gone(), "gone_at")]
    return [each for each in streams if not wanted.what or (each[1] == "since") == (wanted.what == STARTED)]


def _accounts(apps: QuerySet[App], wanted: WantedChanges) -> QuerySet[Account]:
    rows = Account.objects.filter(app__in=apps)
    if wanted.account:
        rows = rows.filter(pk=wanted.account)
    if wanted.person:
        rows = rows.filter(person=wanted.person)
    if wanted.words:
        named = Account.objects.search(wanted.words).values("pk")
        theirs = User.objects.search(wanted.words).values("pk")
        rows = rows.filter(Q(pk__in=named) | Q(person__in=theirs))
    return rows


def _within(rows: QuerySet[Grant], column: str, wanted: WantedChanges) -> QuerySet[Grant]:
    """Of these days, as the organisation counts them."""
    if wanted.first is None and wanted.last is None:
        return rows
    zone = Organisation.current().zone
    if wanted.first:
        rows = rows.filter(**{f"{column}__gte": datetime.combine(wanted.first, time(), zone)})
    if wanted.last and wanted.last < date.max:
        end = datetime.combine(wanted.last + timedelta(days=1), time(), zone)
        rows = rows.filter(**{f"{column}__lt": end})
    return rows


def _from(rows: QuerySet[Grant], column: str, after: Place | None) -> QuerySet[Grant]:
    """What comes after a place: of one moment first what started, then what ended."""
    if after is None:
        return rows
    at, was_start, pk = after
    is_start = column == "since"
    rows = rows.filter(**{f"{column}__lte": at})  # said apart: it is what an index is entered by
    if is_start and not was_start:
        return rows.exclude(**{column: at})
    if not is_start and was_start:
        return rows
    return rows.filter(Q(**{f"{column}__lt": at}) | Q(**{column: at, "pk__lt": pk}))


def _place(text: str) -> Place | None:
    at, _, rest = text[:100].partition("_")
    kind, _, key = rest.partition("_")
    with suppress(ValueError):
        moment = datetime.fromisoformat(at)
        if moment.tzinfo and kind in ("0", "1") and key.isascii() and key.isdigit() and len(key) < 19:
            return (moment, int(kind), int(key))
    return None
