"""Sealing every stored secret with the newest key."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from django.apps import apps
from django.db import models, transaction

from core.models import Organisation
from core.models.keys import SealedField, place_of
from core.sealing import CannotOpen, key_ids, key_of, seal, unseal
from core.trail import record

BATCH = 200  # rows a transaction: others wait for milliseconds


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """One column that holds secrets."""

    model: type[models.Model]
    name: str

    def __str__(self) -> str:
        return f"{self.model._meta.db_table}.{self.name}"


@dataclass(slots=True)
class Rotation:
    """What became of one column."""

    column: SealedColumn
    resealed: int = 0
    left: int = 0
    """Sealed with the newest key already."""
    closed: list[str] = field(default_factory=list)
    """`table, pk: why` for each secret that no key of the ring opens."""


def sealed_columns() -> list[SealedColumn]:
    """Every column of every table that holds secrets."""
    return [
        SealedColumn(model, each.name)
        for model in apps.get_models()
        for each in model._meta.get_fields()
        if isinstance(each, SealedField)
    ]


def rotate() -> list[Rotation]:
    """Seal every secret with the newest key, and say so in the trail.

    May run while the console runs, be killed, and run again: each row is changed by itself, and only
    while it still holds what was read.
    """
    rotations = [_rotated(column) for column in sealed_columns()]
    with transaction.atomic():
        record(
            "core.keys_rotated",
            Organisation.current(),
            by=None,
            key=key_ids()[0],
            resealed={str(each.column): each.resealed for each in rotations if each.resealed},
            closed=[line for each in rotations for line in each.closed],
        )
    return rotations


def keys_in_use() -> Counter[str]:
    """How many secrets are sealed with each key, by its id."""
    used: Counter[str] = Counter()
    for column in sealed_columns():
        used.update(key_of(sealed) for _, sealed in _secrets(column))
    return used


def _rotated(column: SealedColumn) -> Rotation:
    found = Rotation(column)
    batch: list[tuple[object, str]] = []
    for row in _secrets(column):
        batch.append(row)
        if len(batch) == BATCH:
            _reseal(found, batch)
            batch = []
    _reseal(found, batch)
    return found


def _secrets(column: SealedColumn) -> Iterator[tuple[object, str]]:
    """Key and sealed text of every row that holds a secret, read page by page."""
    rows = column.model._base_manager.exclude(**{column.name: ""}).order_by("pk")
    page = list(rows.values_list("pk", column.name)[:BATCH])
    while page:
        yield from page
        page = list(rows.filter(pk__gt=page[-1][0]).values_list("pk", column.name)[:BATCH])


def _reseal(found: Rotation, batch: Sequence[tuple[object, str]]) -> None:
    column, newest = found.column, key_ids()[0]
    with transaction.atomic():
        for pk, sealed in batch:
            place = place_of(column.model(pk=pk), column.name)
            try:
                secret = unseal(sealed, place=place)
            except CannotOpen as problem:
                found.closed.append(f"{column.model._meta.db_table}, {pk}: {problem}")
                continue
            if key_of(sealed) == newest:
                found.left += 1
                continue
            # Only what was read is replaced: whoever saved the row meanwhile knows better.
            rows = column.model._base_manager.filter(pk=pk, **{column.name: sealed})
            found.resealed += rows.update(**{column.name: seal(secret, place=place)})
