"""Everybody and all they hold a second time, by GraphQL where `walk` asks REST, to be compared with it."""

import json
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace

from connectors.contract import (
    Account,
    Batch,
    CursorExpired,
    Grant,
    Kind,
    MissingScope,
    NotCounted,
    Note,
    Record,
)
from connectors.drivers.coupa import records
from connectors.drivers.coupa.client import CoupaClient
from connectors.drivers.coupa.gather import Piece, gathered
from connectors.drivers.coupa.lanes import Lanes, Span
from connectors.drivers.coupa.licences import name
from connectors.drivers.coupa.sampling import licences_shown
from connectors.drivers.coupa.shapes import GraphqlRefused, Row
from connectors.http import Refused

VERSION = 1
GRAPHQL, REST = "graphql", "rest"
NOT_THERE = frozenset({403, 404, 405, 406, 501})
"""Answers to GraphQL of a tenant that has none, or none for us."""
NO_SECOND_WAY = (
    "Coupa can be read in one way only here: it offers no GraphQL, and what it shows of a user unasked"
    " leaves out the {what}. A second count would prove nothing."
)


@dataclass(slots=True)
class Tally:
    """Where the second count has got to."""

    way: str = ""
    """`graphql` or `rest`, empty before it is known."""
    lanes: list[Span] = field(default_factory=lambda: [[0, None]])
    flags: tuple[str, ...] = ()
    """Licences the tenant shows."""
    untold: tuple[str, ...] = ()
    """Those of them that this way does not know."""
    gaps: dict[Kind, str] = field(default_factory=dict)
    ended: bool = False

    def encode(self) -> str:
        told = {"v": VERSION, "recount": self.way, "lanes": self.lanes, "ended": self.ended}
        read = {"flags": self.flags, "untold": self.untold, "gaps": self.gaps}
        return json.dumps({**told, **read}, separators=(",", ":"))


def decode(cursor: str) -> Tally:
    """The tally a cursor stands for, empty: the start; raises `CursorExpired` if not understood."""
    if not cursor:
        return Tally()
    try:
        told = json.loads(cursor)
        if told["v"] != VERSION or told["recount"] not in ("", GRAPHQL, REST):
            raise CursorExpired("This count was begun by another version of the driver; it starts over.")
        return Tally(
            way=told["recount"],
            lanes=[[int(after), until] for after, until in told["lanes"]],
            flags=tuple(told["flags"]),
            untold=tuple(told["untold"]),
            gaps=dict(told["gaps"]),
            ended=bool(told["ended"]),
        )
    except (KeyError, TypeError, ValueError) as problem:
        raise CursorExpired("The place where this count stopped cannot be read; it starts over.") from problem


class Recount:
    """Goes on from the tally. GraphQL's nested lists may be cut at some length that nobody documents.

    A cut list differs from what `walk` read, so that the comparison finds it: it is never taken for proof.
    """

    def __init__(self, client: CoupaClient, kinds: Collection[Kind], tally: Tally) -> None:
        self._client = client
        self._kinds = [kind for kind in records.TYPES if kind in kinds]
        self._at = tally
        self._tried: list[Row] | None = None
        """The first page, if it was read already to see whether this way is open."""

    def batches(self) -> Iterator[Batch]:
        """As those of a walk. Nothing if the tally is the end already."""
        if not self._at.ended:
            yield from gathered(self._client, self._pieces(), self._finished)

    def _finished(self, batch: Batch) -> Batch:
        self._at.gaps = {**self._client.may_not_be_read(self._kinds), **self._at.gaps}
        if not self._at.ended:
            return replace(batch, cursor=self._at.encode())
        complete = tuple(kind for kind in self._kinds if kind not in self._at.gaps)
        return replace(batch, cursor=self._at.encode(), complete=complete, gaps=dict(self._at.gaps))

    def _pieces(self) -> Iterator[Piece]:
        if not self._at.way:
            yield Piece((), list(self._begin()))
        for page in Lanes(self._client, self._at.lanes, self._page).pages():
            found: list[Record] = []
            silent: list[Grant] = []
            for user in page:
                identity = str(user.id)
                found.append(Account(identity, login="", email="", name="", status="unknown", status_word=""))
                found += self._held(user)
                silent += [records.licence_grant(user, flag) for flag in self._silent(user)]
            yield Piece(found, silent=silent)
        self._at.ended = True
        yield Piece(())

    def _begin(self) -> Iterator[Note]:
        """Find out which way is open, and what it does not tell."""
        if "license" in self._kinds:
            self._at.flags = licences_shown(self._client)
            if not self._at.flags:
                self._at.gaps["license"] = "Coupa shows no licence of any user, so none was counted."
        try:
            yield from self._try_graphql()
            self._at.way = GRAPHQL
        except (Refused, MissingScope) as refusal:
            if isinstance(refusal, Refused) and refusal.status not in NOT_THERE:
                raise
            yield from self._try_rest()
            self._at.way = REST
            yield Note(
                "warn",
                "Coupa offers no GraphQL here, so the second count reads users by REST too, in the shape that"
                " Coupa gives them unasked.",
            )

    def _try_graphql(self) -> Iterator[Note]:
        """One page with everything; if that is refused, each part alone tells which is not known."""
        try:
            self._tried = self._client.graphql_page(self._selection(), 0)
        except GraphqlRefused as refusal:
            gaps = dict(self._refused_lists())
            untold = tuple(self._refused_flags(self._at.flags))
            if not gaps and not untold:
                raise  # each part is answered alone, so it is not a part that is unknown
            self._at.gaps |= gaps
            self._at.untold = untold
            self._tried = self._client.graphql_page(self._selection(), 0)
            yield Note("warn", str(refusal))
            yield from (Note("error", sentence) for sentence in gaps.values())
            if untold:
                names = ", ".join(map(name, untold))
                yield Note(
                    "warn", f"Coupa's GraphQL does not know these licences, so none was counted: {names}."
                )

    def _refused_lists(self) -> Iterator[tuple[Kind, str]]:
        for kind in self._lists():
            try:
                self._client.graphql_page(f"id {camel(records.HELD_IN[kind])} {{ id }}", 0)
            except GraphqlRefused as refusal:
                yield kind, str(refusal)

    def _refused_flags(self, flags: Sequence[str]) -> Iterator[str]:
        """By halves: of a few that are unknown among many each costs a few calls."""
        if not flags:
            return
        try:
            self._client.graphql_page(" ".join(["id", *map(camel, flags)]), 0)
        except GraphqlRefused:
            if len(flags) == 1:
                yield flags[0]
                return
            middle = len(flags) // 2
            yield from self._refused_flags(flags[:middle])
            yield from self._refused_flags(flags[middle:])

    def _try_rest(self) -> Iterator[Note]:
        """Coupa's own shape must name what is to be counted; licences that it leaves out are told."""
        for user in self._client.few("user", None, 1):
            for kind in self._lists():
                if records.HELD_IN[kind] not in user.values:
                    raise NotCounted(NO_SECOND_WAY.format(what=records.PLURALS[kind]))
            if left_out := [name(flag) for flag in self._at.flags if flag not in user.values]:
                told = ", ".join(left_out)
                yield Note(
                    "warn", f"That shape leaves these licences out, so none of them was counted: {told}."
                )

    def _page(self, after: int, *, is_end_due: bool = False) -> list[Row]:
        if after == 0 and self._tried is not None:
            found, self._tried = self._tried, None
            return found
        if self._at.way == GRAPHQL:
            return self._client.graphql_page(self._selection(), after, is_end_due=is_end_due)
        return self._client.page("user", None, after, is_end_due=is_end_due)

    def _selection(self) -> str:
        lists = [f"{camel(records.HELD_IN[kind])} {{ id }}" for kind in self._lists()]
        flags = [camel(flag) for flag in self._at.flags if flag not in self._at.untold]
        return " ".join(["id", *lists, *flags])

    def _lists(self) -> list[Kind]:
        return [kind for kind in records.HELD_IN if kind in self._kinds and kind not in self._at.gaps]

    def _held(self, user: Row) -> Iterator[Grant]:
        for kind in self._lists():
            key = records.HELD_IN[kind]
            for held in user.list(camel(key) if self._at.way == GRAPHQL else key):
                yield Grant(str(user.id), records.entitlement_id(kind, held.id))
        for flag in self._at.flags:
            if self._told(user, flag) is True:
                yield records.licence_grant(user, flag)

    def _silent(self, user: Row) -> list[str]:
        return [flag for flag in self._at.flags if not isinstance(self._told(user, flag), bool)]

    def _told(self, user: Row, flag: str) -> object:
        return user.values.get(camel(flag) if self._at.way == GRAPHQL else flag)


def camel(key: str) -> str:
    """`travel-user` as GraphQL spells it: `travelUser`."""
    return re.sub("-(.)", lambda match: match[1].upper(), key)
