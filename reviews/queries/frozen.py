"""The frozen population as bytes: one canonical line for each of its rows, the same on every database."""

import hashlib
import json
from collections.abc import Iterator, Sequence

from reviews.models import Campaign

PAGE = 20_000
"""Lines that are read at once."""
COLUMNS = ("source", "kind", "entitlement_id_there", "account_id_there")
"""Ids of the vendor's alone: the same population gives the same hash wherever it is frozen."""

ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def canonical(row: Sequence[str]) -> bytes:
    """One line: a JSON array without blanks, UTF-8, ended by a line feed. No separator can be forged."""
    return ENCODE(row).encode() + b"\n"


def pages(campaign: Campaign) -> Iterator[tuple[int, bytes]]:
    """In order of line, by pages: the number of a page's last line, and its bytes."""
    last = 0
    while rows := list(
        campaign.tasks.filter(line_no__gt=last).order_by("line_no").values_list("line_no", *COLUMNS)[:PAGE]
    ):
        last = rows[-1][0]
        yield last, b"".join(canonical(row[1:]) for row in rows)


def digest_of(campaign: Campaign) -> str:
    """SHA-256 over the canonical lines as they stand now: `Campaign.digest`, unless somebody tampered."""
    hashed = hashlib.sha256()
    for _, some in pages(campaign):
        hashed.update(some)
    return hashed.hexdigest()
