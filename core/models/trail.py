"""What happened, who did it, when: written once, never changed, and sealed."""

from collections.abc import Mapping
from typing import ClassVar

from django.db import models
from django.utils.timezone import now

from core.leases import Leased, LeasedQuerySet
from core.states import Stateful


class TrailEvent(models.Model):
    """One thing that happened. Names are copied: nothing described here is pointed at by a foreign key."""

    class Channel(models.TextChoices):
        WEB = "web", "Browser"
        JOB = "job", "Worker"
        COMMAND = "command", "Operator command"

    class Severity(models.TextChoices):
        NEUTRAL = "neutral", "Done"
        ERROR = "error", "Failed"

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField(default=now)
    action = models.CharField(max_length=64)
    severity = models.CharField(max_length=8, choices=Severity, default=Severity.NEUTRAL)
    channel = models.CharField(max_length=16, choices=Channel)
    actor_id = models.CharField(max_length=27, blank=True)
    actor_name = models.CharField(max_length=200)
    object_type = models.CharField(max_length=64)
    object_id = models.CharField(max_length=64)
    object_name = models.CharField(max_length=300)
    change = models.JSONField(default=dict)
    address = models.GenericIPAddressField(null=True)

    class Meta:
        indexes = (
            models.Index(fields=("object_type", "object_id", "id"), name="trail_of_one_object"),
            models.Index(fields=("actor_id", "id"), name="trail_of_one_actor"),
            models.Index(fields=("action", "id"), name="trail_of_one_action"),
            models.Index(fields=("at",), name="trail_by_time"),
        )

    def __str__(self) -> str:
        return f"{self.actor_name}: {self.action} {self.object_name}"


class TrailPending(models.Model):
    """An event that no seal covers yet. Written with it; the sealing job takes it away."""

    event_id = models.BigIntegerField(primary_key=True)

    def __str__(self) -> str:
        return str(self.event_id)


class TrailSeal(models.Model):
    """One link of the chain over the trail: which events, the digest of each, and the seal before."""

    number = models.BigIntegerField(primary_key=True)
    """1, 2, 3 ... without a gap."""
    at = models.DateTimeField()
    events = models.JSONField()
    """`[[id, SHA-256 of the event in hex], ...]`, rising."""
    previous = models.CharField(max_length=64, blank=True)
    """The hash of the seal before; empty for the first."""
    hash = models.CharField(max_length=64)

    def __str__(self) -> str:
        return f"Seal {self.number}"


class TrailCheck(Stateful, Leased):
    """One look at the whole trail: every event against its seal, every seal against the one before."""

    class Status(models.TextChoices):
        WANTED = "wanted", "Being looked at"
        DONE = "done", "Done"

    MOVES: ClassVar[Mapping[str, frozenset[str]]] = {
        Status.WANTED: frozenset({Status.DONE}),
        Status.DONE: frozenset(),
    }

    status = models.CharField(max_length=16, choices=Status, default=Status.WANTED)
    at = models.DateTimeField(default=now)
    ended_at = models.DateTimeField(null=True)
    by_name = models.CharField(max_length=200)
    seals = models.BigIntegerField(default=0)
    events = models.BigIntegerField(default=0)
    pending = models.BigIntegerField(default=0)
    """Events that no seal covered yet."""
    head_number = models.BigIntegerField(default=0)
    head = models.CharField(max_length=64, blank=True)
    """Number and hash of the newest seal."""
    problems = models.JSONField(default=list)
    """A sentence each; empty: the chain is whole."""

    objects = LeasedQuerySet.as_manager()

    def __str__(self) -> str:
        return f"Check of {self.at:%Y-%m-%d %H:%M}"
