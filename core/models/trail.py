"""What happened, who did it, when: written once, never changed."""

from django.db import models
from django.utils.timezone import now


class TrailEvent(models.Model):
    """One thing that happened. Names are copied: nothing described here is pointed at by a foreign key."""

    class Channel(models.TextChoices):
        WEB = "web", "Browser"
        JOB = "job", "Worker"
        COMMAND = "command", "Operator command"

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField(default=now)
    action = models.CharField(max_length=64)
    channel = models.CharField(max_length=16, choices=Channel)
    actor_id = models.CharField(max_length=27, blank=True)
    actor_name = models.CharField(max_length=200)
    object_type = models.CharField(max_length=64)
    object_id = models.CharField(max_length=64)
    object_name = models.CharField(max_length=300)
    change = models.JSONField(default=dict)
    address = models.GenericIPAddressField(null=True)

    class Meta:
        indexes = (models.Index(fields=("object_type", "object_id", "id"), name="trail_of_one_object"),)

    def __str__(self) -> str:
        return f"{self.actor_name}: {self.action} {self.object_name}"
