"""What holds for all reviews, as Super Administrators decided it."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from django.db import models
from django.db.models import F, Q

NEVER = datetime(2026, 1, 1, tzinfo=UTC)
"""Stands for the last change while there was none: a form drawn then is not stale at the first save."""
NAMES = (
    "counted_hours",
    "people_days",
    "grave_removal_days",
    "removal_days",
    "sample_percent",
    "days_to_decide",
)
"""What is decided, by column."""


class ReviewRules(models.Model):
    """The one row of what holds for all reviews. What was in force is frozen with each campaign."""

    MOST_COUNTED_HOURS, MOST_PEOPLE_DAYS = 24, 7
    """How old data may be when a population is frozen: stricter at will, looser never."""
    MOST_REMOVAL_DAYS, MOST_DAYS = 60, 180

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    counted_hours = models.PositiveSmallIntegerField(default=MOST_COUNTED_HOURS)
    """How old a counted run may be when a population is frozen."""
    people_days = models.PositiveSmallIntegerField(default=MOST_PEOPLE_DAYS)
    """How old the file may be that people came from."""
    grave_removal_days = models.PositiveSmallIntegerField(default=3)
    """Working days from the denial until access of a grave risk is to be gone."""
    removal_days = models.PositiveSmallIntegerField(default=7)
    """The same for every other risk."""
    sample_percent = models.PositiveSmallIntegerField(default=10)
    """What the quality sample of a new draft begins with."""
    days_to_decide = models.PositiveSmallIntegerField(default=14)
    """What the time to decide of a new draft begins with."""
    changed_at = models.DateTimeField(default=NEVER, editable=False)

    class Meta:
        verbose_name_plural = "review rules"
        constraints = (
            models.CheckConstraint(condition=Q(id=1), name="one_set_of_review_rules"),
            models.CheckConstraint(
                condition=Q(counted_hours__range=(1, 24), people_days__range=(1, 7)),
                name="freshness_is_never_looser_than_promised",
            ),
            models.CheckConstraint(
                condition=Q(
                    grave_removal_days__gte=1,
                    grave_removal_days__lte=F("removal_days"),
                    removal_days__lte=60,
                    sample_percent__lte=100,
                    days_to_decide__range=(1, 180),
                ),
                name="review_rules_are_reasonable",
            ),
        )

    def __str__(self) -> str:
        return "what holds for all reviews"

    @classmethod
    def current(cls) -> "ReviewRules":
        """The row as it is, or as it would be: reading never writes."""
        return cls.objects.filter(pk=1).first() or cls()

    @property
    def counted_for(self) -> timedelta:
        return timedelta(hours=self.counted_hours)

    @property
    def people_for(self) -> timedelta:
        return timedelta(days=self.people_days)

    def values(self) -> dict[str, int]:
        """As a campaign keeps them."""
        return {name: int(getattr(self, name)) for name in NAMES}

    @classmethod
    def kept(cls, values: Mapping[str, int]) -> "ReviewRules":
        """As a campaign kept them; those of now where it kept none."""
        return cls(**{name: values[name] for name in NAMES}) if values else cls.current()
