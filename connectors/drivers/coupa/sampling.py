"""A few users, asked for the licences that this tenant shows."""

from collections import defaultdict
from collections.abc import Sequence

from connectors.drivers.coupa import records
from connectors.drivers.coupa.client import CoupaClient
from connectors.drivers.coupa.licences import NAMES, is_licence
from connectors.drivers.coupa.shapes import Row
from connectors.drivers.coupa.together import together
from connectors.http import Refused

SAMPLE = 10
"""Users asked for the licences they show: one may lack a flag that the others have."""


def licences_shown(client: CoupaClient) -> tuple[str, ...]:
    """The licences of this tenant: flags of its default shape, and newer ones that come only when named."""
    return licences_of(sampled(client))


def sampled(client: CoupaClient) -> list[Row]:
    """The first users as the tenant shows them, and the same once more with every known flag named."""
    shown, named = together(client, [lambda: client.few("user", None, SAMPLE), lambda: _named(client)])
    return shown + named


def licences_of(sample: Sequence[Row]) -> tuple[str, ...]:
    """A flag is shown if its key is there, even with null: null of one user says nothing of the licence."""
    seen: defaultdict[str, list[object]] = defaultdict(list)
    for user in sample:
        for key, value in user.values.items():
            seen[key].append(value)
    return tuple(
        sorted(flag for flag, values in seen.items() if all(is_licence(flag, value) for value in values))
    )


def _named(client: CoupaClient) -> list[Row]:
    try:
        return client.few("user", records.user_fields(tuple(NAMES)), SAMPLE)
    except Refused as refusal:
        if refusal.status != 400:
            raise
        return []  # some older tenants do not know every flag; what they show unasked is theirs
