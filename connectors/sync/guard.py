"""Pure: is this shrink too large to believe? A half-empty answer must not end anybody's access."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

ENOUGH = 10
"""Shares are judged from this many objects up."""
MOST: Mapping[str, int] = {"accounts": 10, "grants": 10, "kind": 20, "owners": 10}
"""Percent that may go in one run without a person looking at it."""
REVIEWED = 5
"""Percent that may go at most while decisions rest on what is read."""
EMPTIED: Mapping[str, int] = {"accounts": 5, "grants": 5, "kind": 5, "grave": 2}
"""From this many up, a thing of which nothing is left is held, whatever the shares."""
LOWEST, HIGHEST = 1, 50
"""Percent that a limit may be set to."""
TOLD = 12
"""Sentences that one run is doubted in at most; further ones are counted."""


@dataclass(frozen=True, slots=True)
class Shrink:
    """What a run would do to one kind of thing."""

    what: str
    """`accounts`, `grants`, `kind` or `owners`: which share counts. `grave`: the holders of one entitlement
    of a grave risk, of which only the last one counts."""
    name: str
    """As people read it: Accounts, Grants, Role."""
    before: int
    gone: int
    left: int
    disabled: int = 0
    """Accounts that would no longer be enabled; none of those that are gone."""


def doubts(shrinks: Iterable[Shrink], most: Mapping[str, int] = MOST) -> list[str]:
    """One sentence for each reason to hold the run; none if it may be applied.

    `most`: percent by what is guarded; where one is missing the usual one counts.
    """
    limits = {**MOST, **most}
    found = [sentence for shrink in shrinks for sentence in _doubts(shrink, limits)]
    if len(found) > TOLD:
        return [*found[: TOLD - 1], f"And {len(found) - TOLD + 1:,} more of the kind."]
    return found


def _doubts(shrink: Shrink, limits: Mapping[str, int]) -> Iterator[str]:
    emptied = EMPTIED.get(shrink.what)
    if emptied is not None and shrink.before >= emptied and shrink.left == 0:
        yield f"{shrink.name}: none of {shrink.before:,} would be left."
        return
    most = limits.get(shrink.what)
    if most is None or shrink.before < ENOUGH:
        return
    lost = shrink.gone + shrink.disabled
    if lost * 100 > most * shrink.before:
        yield f"{shrink.name}: {lost:,} of {shrink.before:,} {_would(shrink)}, more than {most} %."


def _would(shrink: Shrink) -> str:
    if shrink.what == "owners":
        return "accounts would lose their owner"
    return "would disappear or be disabled" if shrink.disabled else "would disappear"
