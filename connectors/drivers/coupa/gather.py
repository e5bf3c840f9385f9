"""Pages gathered into batches that are worth a save."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from connectors.contract import (
    Account,
    Batch,
    Entitlement,
    Grant,
    Note,
    Record,
    Resource,
    ResourceType,
    TransientError,
)
from connectors.drivers.coupa.client import CoupaClient

SIZE = 5_000
"""Grants, and pairs that nothing was told of, that make a batch worth a save."""
MOST_CALLS = 40
MOST_SECONDS = 20.0
"""A batch comes at least this often, so that progress shows and a crash costs little."""

ORDER = (ResourceType, Resource, Entitlement, Account, Grant)


@dataclass(frozen=True, slots=True)
class Piece:
    """What one page brought; the position has already moved past it."""

    records: Sequence[Record]
    notes: Sequence[Note] = ()
    silent: Sequence[Grant] = ()

    @property
    def weight(self) -> int:
        return len(self.silent) + sum(isinstance(record, Grant) for record in self.records)


def gathered(
    client: CoupaClient, pieces: Iterator[Piece], finish: Callable[[Batch], Batch]
) -> Iterator[Batch]:
    """Batches of pieces; `finish` adds the cursor as it stands, and what is complete."""
    kept: list[Piece] = []
    weight, since = 0, client.ticks()
    try:
        for piece in pieces:
            kept.append(piece)
            weight += piece.weight
            is_full = weight >= SIZE or client.calls_waiting() >= MOST_CALLS
            if is_full or client.ticks() - since >= MOST_SECONDS:
                yield finish(_batch(client, kept))
                kept, weight, since = [], 0, client.ticks()
    except TransientError:
        if kept:  # what was read need not be read again
            yield finish(_batch(client, kept))
        raise
    if kept:
        yield finish(_batch(client, kept))


def _batch(client: CoupaClient, pieces: Sequence[Piece]) -> Batch:
    found = [record for piece in pieces for record in piece.records]
    found.sort(key=lambda record: ORDER.index(type(record)))
    return Batch(
        records=found,
        calls=client.take_calls(),
        notes=[note for piece in pieces for note in piece.notes],
        silent=[pair for piece in pieces for pair in piece.silent],
    )
