"""The one row of settings of the organisation."""

from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import Q


class Organisation(models.Model):
    """Who runs this console. There is exactly one row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    name = models.CharField(max_length=200, default="Your organisation")
    time_zone = models.CharField(max_length=64, default="UTC")
    is_demo = models.BooleanField(default=False, help_text="Holds demo data: every page says so.")

    class Meta:
        constraints = (models.CheckConstraint(condition=Q(id=1), name="one_organisation"),)

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @classmethod
    def current(cls) -> "Organisation":
        return Organisation.objects.get_or_create(id=1)[0]
