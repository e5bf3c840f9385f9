"""Pure: is this shrink too large to believe? A half-empty answer must not end anybody's access."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

ENOUGH = 10
"""Shares are judged from this many objects up."""
MOST = {"accounts": 10, "grants": 10, "kind": 20}
"""Percent that may go in one run without a person looking at it."""
EMPTIED = 5
"""From this many up, a kind of which nothing is left is held, whatever the shares."""


@dataclass(frozen=True, slots=True)
class Shrink:
    """What a run would do to one kind of thing."""

    what: str
    """`accounts`, `grants` or `kind`: which share counts."""
    name: str
    """As people read it: Accounts, Grants, Role."""
    before: int
    gone: int
    left: int
    disabled: int = 0
    """Accounts that would no longer be enabled."""


def doubts(shrinks: Iterable[Shrink]) -> list[str]:
    """One sentence for each reason to hold the run; none if it may be applied."""
    return [sentence for shrink in shrinks for sentence in _doubts(shrink)]


def _doubts(shrink: Shrink) -> Iterator[str]:
    if shrink.before >= EMPTIED and shrink.left == 0:
        yield f"{shrink.name}: none of {shrink.before:,} would be left."
        return
    lost, most = shrink.gone + shrink.disabled, MOST[shrink.what]
    if shrink.before >= ENOUGH and lost * 100 > most * shrink.before:
        would = "would disappear or be disabled" if shrink.disabled else "would disappear"
        yield f"{shrink.name}: {lost:,} of {shrink.before:,} {would}, more than {most} %."
