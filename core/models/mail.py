"""The outbox: letters as rows, written with the change they tell of, sent by a job."""

from collections.abc import Mapping
from typing import ClassVar

from django.db import models
from django.utils.timezone import now

from core.leases import Leased, LeasedQuerySet
from core.models.keys import KeyField, SealedField
from core.models.user import User
from core.states import Stateful


class OutgoingMail(Leased):
    """One letter to one person. A repeat carries the same Message-ID."""

    class Status(models.TextChoices):
        QUEUED = "queued", "Waiting"
        SENT = "sent", "Sent"
        FAILED = "failed", "Failed"
        DROPPED = "dropped", "Dropped"

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
    bounced = models.BooleanField(default=False)
    """Whether the mail server refused this address for good."""
    created_at = models.DateTimeField(default=now)
    sent_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    """When it was given up."""

    objects = LeasedQuerySet.as_manager()

    class Meta:
        indexes = (
            models.Index(fields=("due_at",), condition=models.Q(status="queued"), name="letters_waiting"),
            models.Index(fields=("-created_at", "id"), name="letters_by_age"),
            models.Index(fields=("to",), condition=models.Q(bounced=True), name="letters_bounced"),
        )

    def __str__(self) -> str:
        return f"{self.subject} to {self.to}"


class MailServer(Stateful, Leased):
    """A mail server as typed on the settings page. Tried before it is in force; at most one is."""

    class Security(models.TextChoices):
        STARTTLS = "starttls", "STARTTLS"
        TLS = "tls", "TLS from the start"
        NONE = "none", "None"

    class Status(models.TextChoices):
        CHECKING = "checking", "Being tried"
        IN_FORCE = "in_force", "In force"
        REFUSED = "refused", "Does not work"
        REPLACED = "replaced", "Replaced"

    MOVES: ClassVar[Mapping[str, frozenset[str]]] = {
        Status.CHECKING: frozenset({Status.IN_FORCE, Status.REFUSED, Status.REPLACED}),
        Status.IN_FORCE: frozenset({Status.REPLACED}),
        Status.REFUSED: frozenset({Status.REPLACED}),
        Status.REPLACED: frozenset(),
    }

    id = KeyField(primary_key=True)
    status = models.CharField(max_length=16, choices=Status, default=Status.CHECKING)
    host = models.CharField(max_length=255)
    port = models.PositiveIntegerField()
    security = models.CharField(max_length=16, choices=Security)
    username = models.CharField(max_length=255, blank=True)
    sealed = SealedField(blank=True)
    """The password, sealed; empty without one."""
    sender = models.CharField(max_length=320)
    """`Name <name@host>`."""
    problem = models.TextField(blank=True)
    saved_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    saved_at = models.DateTimeField(default=now)
    settled_at = models.DateTimeField(null=True)

    objects = LeasedQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("status",), condition=models.Q(status="in_force"), name="one_mail_server_in_force"
            ),
        )

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"
