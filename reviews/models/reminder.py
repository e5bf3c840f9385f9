"""A reminder by hand, until everybody it is for was written to."""

from django.db import models
from django.utils.timezone import now

from core.models import User
from reviews.models.campaign import Campaign


class Reminder(models.Model):
    """An owner's words to reviewers, as they were asked for; a job writes the letters."""

    id = models.BigAutoField(primary_key=True)
    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="reminders")
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    text = models.TextField(blank=True)
    at = models.DateTimeField(default=now)
    reviewers = models.JSONField(default=list)
    """Whom it is about, by key; managers among `left` hear of these alone."""
    copies = models.BooleanField(default=False)
    left = models.JSONField(default=list)
    """Who is still to be written to, by key."""

    def __str__(self) -> str:
        return f"reminder {self.pk} of {self.campaign}"
