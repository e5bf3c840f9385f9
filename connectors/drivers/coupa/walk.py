"""One walk: licences, roles, groups, then every user with all that the user holds."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from functools import partial

from connectors.contract import (
    Batch,
    Grant,
    Kind,
    MissingScope,
    Note,
    Record,
)
from connectors.drivers.coupa import records
from connectors.drivers.coupa.ahead import Ahead
from connectors.drivers.coupa.client import CoupaClient
from connectors.drivers.coupa.gather import Piece, gathered
from connectors.drivers.coupa.lanes import Lanes
from connectors.drivers.coupa.licences import name
from connectors.drivers.coupa.position import LISTED, Position
from connectors.drivers.coupa.shapes import Row
from connectors.http import Refused

WITHHELD = "The Coupa client has not been given {scopes}, so this sync goes on without."


class Walk:
    """Goes on from `position`; `batches` ends with what is complete and what could not be read."""

    def __init__(self, client: CoupaClient, kinds: Collection[Kind], position: Position) -> None:
        self._client = client
        self._kinds = [kind for kind in records.TYPES if kind in kinds]
        self._at = position

    def batches(self) -> Iterator[Batch]:
        """Pages gathered until they are worth a save. Nothing if the position is the end already."""
        if self._at.stage == "end":
            return
        ahead = Ahead(self._client, self._kinds, self._at)
        try:
            yield from gathered(self._client, self._pieces(ahead), self._batch)
        finally:
            ahead.close()

    def _batch(self, batch: Batch) -> Batch:
        # What was withheld while it was read may have been read in part.
        self._at.gaps = {**self._client.may_not_be_read(self._kinds), **self._at.gaps}
        if self._at.stage != "end":
            return replace(batch, cursor=self._at.encode())
        complete = tuple(kind for kind in self._kinds if kind not in self._at.gaps)
        return replace(batch, cursor=self._at.encode(), complete=complete, gaps=dict(self._at.gaps))

    def _pieces(self, ahead: Ahead) -> Iterator[Piece]:
        if self._at.stage == "license":
            yield self._licences(ahead)
        for kind in LISTED:
            if self._at.stage == kind:
                yield from self._listed(kind, ahead)
        yield from self._users(ahead)

    def _licences(self, ahead: Ahead) -> Piece:
        found: list[Record] = [records.TYPES[kind] for kind in self._kinds]
        notes = []
        if "license" in self._kinds:
            self._at.flags = ahead.licences()
            for flag in self._at.flags:
                found += records.licence(flag)
            notes.append(Note("info", f"Coupa shows {len(self._at.flags)} licences."))
            if not self._at.flags:
                self._at.gaps["license"] = (
                    "Coupa shows no licence of any user, so those here stay as they are."
                )
        if withheld := ", ".join(self._client.withheld()):
            notes.append(Note("warn", WITHHELD.format(scopes=withheld)))
        self._at.next_stage()
        return Piece(found, notes)

    def _listed(self, kind: Kind, ahead: Ahead) -> Iterator[Piece]:
        """All roles or groups; where they may not be read, a gap, and the walk goes on."""
        if kind in self._kinds:
            try:
                for page in ahead.pages(kind):
                    self._at.known[kind].update(record.id for record in page)
                    self._at.moved(page[-1].id)
                    found: list[Record] = []
                    for record in page:
                        found += records.resource(kind, record)
                    yield Piece(found, list(self._remarks(page)))
                note = Note("info", f"Coupa has {len(self._at.known[kind])} {records.PLURALS[kind]}.")
            except (MissingScope, Refused) as problem:
                if isinstance(problem, Refused) and problem.status != 404:
                    raise
                self._at.gaps[kind] = str(problem)
                note = Note("error", str(problem))
            self._at.next_stage()
            yield Piece((), [note])
        else:
            self._at.next_stage()

    def _users(self, ahead: Ahead) -> Iterator[Piece]:
        readable = [kind for kind in self._kinds if kind not in self._at.gaps]
        fields = records.user_fields(self._at.flags, readable)
        begun = ahead.first(fields)
        page_of = partial(self._client.page, "user", fields)
        for page in Lanes(self._client, self._at.lanes, page_of, begun).pages():
            found: list[Record] = []
            silent: list[Grant] = []
            for record in page:
                found.append(records.account(record))
                found += self._held(record)
                untold = records.untold(record, self._at.flags)
                silent += [records.licence_grant(record, flag) for flag in untold]
                self._at.untold.update(untold)
            yield Piece(found, list(self._remarks(page)), silent)
        self._at.next_stage()
        yield Piece((), list(self._silence()))

    def _held(self, record: Row) -> Iterator[Record]:
        """The user's grants, before them whatever was made since roles and groups were listed."""
        for kind, key in records.HELD_IN.items():
            if kind not in self._kinds or kind in self._at.gaps:
                continue
            for held in record.list(key):
                if held.id not in self._at.known[kind]:
                    self._at.known[kind].add(held.id)
                    whole = self._client.one(kind, str(held.id), records.resource_fields(kind))
                    yield from records.resource(kind, whole or held)
                yield Grant(str(record.id), records.entitlement_id(kind, held.id))
        yield from records.licence_grants(record, self._at.flags)

    def _remarks(self, page: Sequence[Row]) -> Iterator[Note]:
        for record in page:
            if record.cleaned:
                yield Note(
                    "warn", f"Coupa's record {record.id} holds characters no database keeps; left out."
                )

    def _silence(self) -> Iterator[Note]:
        """One line on what was null or missing, however many users it concerns."""
        if not self._at.untold:
            return
        told = ", ".join(
            f"{name(flag)} of {count} user{'' if count == 1 else 's'}"
            for flag, count in sorted(self._at.untold.items())
        )
        yield Note("warn", f"Coupa did not tell whether these are held, so none of them was ended: {told}.")
