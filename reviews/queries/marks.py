"""How far a reviewer is with marks they have not submitted."""

from collections import Counter
from collections.abc import Iterable

from reviews.models import Mark


def stamp_of(marks: Iterable[Mark]) -> str:
    """Says which marks these are: another number, another outcome or a later act is another stamp."""
    rows = list(marks)
    outcomes = Counter(row.outcome for row in rows)
    last = max((row.at for row in rows), default=None)
    said = f"{last:%Y%m%d%H%M%S%f}" if last else "none"
    return f"{outcomes[Mark.Outcome.CERTIFY]}-{outcomes[Mark.Outcome.DENY]}-{said}"
