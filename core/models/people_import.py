"""Files of people, and what became of each."""

from collections.abc import Mapping
from typing import ClassVar

from django.db import models
from django.utils.timezone import now

from core.leases import Leased, LeasedQuerySet
from core.models.keys import KeyField
from core.models.user import User
from core.states import Stateful


class PeopleImport(Stateful, Leased):
    """One file of people: read, compared, and applied when somebody says so. Kept for good."""

    class Status(models.TextChoices):
        READING = "reading", "Being read"
        READ = "read", "Waits for your word"
        APPLYING = "applying", "Being applied"
        APPLIED = "applied", "Applied"
        REFUSED = "refused", "Cannot be read"
        DISCARDED = "discarded", "Discarded"

    MOVES: ClassVar[Mapping[str, frozenset[str]]] = {
        Status.READING: frozenset({Status.READ, Status.REFUSED}),
        Status.READ: frozenset({Status.APPLYING, Status.DISCARDED}),
        Status.APPLYING: frozenset({Status.APPLIED, Status.READ}),
        Status.APPLIED: frozenset(),
        Status.REFUSED: frozenset(),
        Status.DISCARDED: frozenset(),
    }

    id = KeyField(primary_key=True)
    status = models.CharField(max_length=16, choices=Status, default=Status.READING)
    name = models.CharField(max_length=300)
    sha256 = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField()
    """Bytes of the file as it came."""
    content = models.BinaryField()
    """The file, compressed with zlib."""
    rows = models.PositiveIntegerField(default=0)
    report = models.JSONField(default=dict)
    """What the file would change, or did; errors by line."""
    deactivates_leavers = models.BooleanField(default=False)
    """Whether people who are in no line of the file are deactivated by it."""
    problem = models.TextField(blank=True)
    by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    by_name = models.CharField(max_length=200)
    created_at = models.DateTimeField(default=now)
    ended_at = models.DateTimeField(null=True)

    objects = LeasedQuerySet.as_manager()

    class Meta:
        indexes = (models.Index(fields=("-created_at", "id"), name="imports_by_age"),)

    def __str__(self) -> str:
        return self.name
