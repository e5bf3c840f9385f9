"""A line that opens again is asked about from the beginning: what was decided before no longer counts."""

from django.db.models import Exists, OuterRef, Q

from reviews.models import Turn


def of_this_round() -> Q:
    """Decisions after which their line was not asked about in the first step anew."""
    anew = Turn.objects.filter(task=OuterRef("task"), step=1, at__gt=OuterRef("at"))
    return ~Q(Exists(anew))
