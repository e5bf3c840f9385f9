"""Files that people asked for."""

from collections.abc import Mapping
from typing import ClassVar, Self

from django.db import models
from django.utils.timezone import now

from core.leases import Leased, LeasedQuerySet
from core.models.keys import KeyField
from core.models.user import User
from core.states import Stateful


class ExportQuerySet(LeasedQuerySet["Export"]):
    def visible_to(self, user: User) -> Self:
        """A file is for whoever asked for it: it holds what they may see."""
        return self.filter(by=user)


class Export(Stateful, Leased):
    """One file somebody asked for: made by a job, kept for a while."""

    class Status(models.TextChoices):
        QUEUED = "queued", "Being made"
        DONE = "done", "Ready"
        FAILED = "failed", "Failed"
        EXPIRED = "expired", "No longer kept"

    MOVES: ClassVar[Mapping[str, frozenset[str]]] = {
        Status.QUEUED: frozenset({Status.DONE, Status.FAILED}),
        Status.DONE: frozenset({Status.EXPIRED}),
        Status.FAILED: frozenset(),
        Status.EXPIRED: frozenset(),
    }

    id = KeyField(primary_key=True)
    status = models.CharField(max_length=16, choices=Status, default=Status.QUEUED)
    kind = models.CharField(max_length=64)
    """Which of the exports on offer (core.exports)."""
    title = models.CharField(max_length=200)
    parameters = models.JSONField(default=dict)
    """What was filtered on screen."""
    by = models.ForeignKey(User, on_delete=models.CASCADE, related_name="exports")
    file = models.FileField(upload_to="exports", max_length=200, blank=True)
    name = models.CharField(max_length=200)
    """As it is offered to the browser."""
    sha256 = models.CharField(max_length=64, blank=True)
    rows = models.PositiveIntegerField(default=0)
    size = models.PositiveBigIntegerField(default=0)
    problem = models.TextField(blank=True)
    created_at = models.DateTimeField(default=now)
    ended_at = models.DateTimeField(null=True)
    fetched_at = models.DateTimeField(null=True)
    """When it was first downloaded: until then a dot says that it is ready."""

    objects = ExportQuerySet.as_manager()

    class Meta:
        indexes = (models.Index(fields=("by", "-created_at"), name="exports_of_one_person"),)

    def __str__(self) -> str:
        return self.title
