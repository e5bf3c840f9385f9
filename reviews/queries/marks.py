"""How far a reviewer is with marks they have not submitted."""

from datetime import datetime

from reviews.models import Mark


def stamp_of(certify: int, deny: int, last: datetime | None) -> str:
    """Says which marks these are: another number, another outcome or a later act is another stamp."""
    return f"{certify}-{deny}-{last:%Y%m%d%H%M%S%f}" if last else f"{certify}-{deny}-none"


def ready_first(mark: Mark) -> tuple[bool, int]:
    """To sort by: what lacks a reason comes last, so that it never keeps the others from being submitted."""
    return mark.needs_reason and not mark.reason, mark.pk
