"""Signs of life of what works by the clock."""

from django.db import models
from django.utils.timezone import now


class Pulse(models.Model):
    """When a sweeper was last at work."""

    name = models.CharField(max_length=64, primary_key=True)
    at = models.DateTimeField(default=now)

    def __str__(self) -> str:
        return f"{self.name} at {self.at}"
