"""How far a reviewer is with marks they have not submitted."""

from datetime import datetime


def stamp_of(certify: int, deny: int, last: datetime | None) -> str:
    """Says which marks these are: another number, another outcome or a later act is another stamp."""
    return f"{certify}-{deny}-{last:%Y%m%d%H%M%S%f}" if last else f"{certify}-{deny}-none"
