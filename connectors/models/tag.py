"""Words to sort entitlements by: how grave a risk, which framework asks for them (row B23)."""

from collections.abc import Collection
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.timezone import now

from core.models.keys import KeyField


class TagQuerySet(models.QuerySet["Tag"]):
    def risks(self) -> Self:
        return self.filter(kind=Tag.Kind.RISK)

    def frameworks(self) -> Self:
        return self.filter(kind=Tag.Kind.FRAMEWORK)

    def grave_names(self) -> Collection[str]:
        """Names of the risk levels that ask for more care."""
        return frozenset(self.risks().filter(is_grave=True).values_list("name", flat=True))


class Tag(models.Model):
    """One value that entitlements may bear. They keep it by name: deleting it here strips nobody."""

    class Kind(models.TextChoices):
        RISK = "risk", "Risk level"
        FRAMEWORK = "framework", "Compliance framework"

    id = KeyField(primary_key=True)
    kind = models.CharField(max_length=16, choices=Kind)
    name = models.CharField(max_length=100)
    rank = models.PositiveSmallIntegerField(default=0)
    """Risk levels rise with it; frameworks do not care."""
    is_grave = models.BooleanField(default=False)
    """Risk levels only: guards, reviews and requests are stricter with what bears it."""
    changed_at = models.DateTimeField(default=now, editable=False)

    objects = TagQuerySet.as_manager()

    class Meta:
        ordering = ("kind", "rank", "name")
        constraints = (
            models.CheckConstraint(condition=~Q(name=""), name="tags_have_names"),
            models.UniqueConstraint(fields=("kind", "name"), name="a_tag_is_there_once"),
        )

    def __str__(self) -> str:
        return self.name
