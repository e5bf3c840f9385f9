"""The outbox: letters as rows, written with the change they tell of, sent by a job."""

from django.db import models
from django.utils.timezone import now

from core.leases import Leased, LeasedQuerySet
from core.models.keys import KeyField
from core.models.user import User


class OutgoingMail(Leased):
    """One letter to one person. A repeat carries the same Message-ID."""

    class Status(models.TextChoices):
        QUEUED = "queued", "Waiting"
        SENT = "sent", "Sent"
        FAILED = "failed", "Failed"

    id = KeyField(primary_key=True)
    key = models.CharField(max_length=200, unique=True)
    letter = models.CharField(max_length=64)
    recipient = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="letters")
    to = models.EmailField()
    reply_to = models.EmailField(blank=True)
    subject = models.CharField(max_length=300)
    text = models.TextField()
    html = models.TextField()
    status = models.CharField(max_length=16, choices=Status, default=Status.QUEUED)
    problem = models.TextField(blank=True)
    created_at = models.DateTimeField(default=now)
    sent_at = models.DateTimeField(null=True)

    objects = LeasedQuerySet.as_manager()

    class Meta:
        indexes = (
            models.Index(fields=("due_at",), condition=models.Q(status="queued"), name="letters_waiting"),
            models.Index(fields=("-created_at", "id"), name="letters_by_age"),
        )

    def __str__(self) -> str:
        return f"{self.subject} to {self.to}"
