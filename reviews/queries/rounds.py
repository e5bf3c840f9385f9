"""A line that is asked about anew begins a round: what was decided in an earlier one no longer counts."""

from django.db.models import F, Q


def of_this_round() -> Q:
    """Decisions of the round that their line is in."""
    return Q(round=F("task__round"))
