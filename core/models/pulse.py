"""Signs of life of what works by the clock."""

from datetime import timedelta

from django.db import models
from django.utils.timezone import now

SWEEPERS = "sweepers"
FRESH = timedelta(minutes=1)
"""How old a sign of life may be. Beat asks for one every ten seconds."""


class Pulse(models.Model):
    """When a sweeper was last at work."""

    name = models.CharField(max_length=64, primary_key=True)
    at = models.DateTimeField(default=now)

    def __str__(self) -> str:
        return f"{self.name} at {self.at}"

    @classmethod
    def is_felt(cls, name: str = SWEEPERS) -> bool:
        """Whether it was at work within the last minute."""
        return cls._default_manager.filter(pk=name, at__gt=now() - FRESH).exists()
