"""One walk through an app: where it has got to, what it laid aside, what it asked, what it has to say."""

from collections.abc import Mapping
from typing import ClassVar, Self

from django.db import models
from django.db.models import Q
from django.utils.timezone import now

from connectors.models.connector import Connector
from core.leases import Leased, LeasedQuerySet
from core.models import User
from core.models.keys import KeyField
from core.states import Stateful


class SyncRunQuerySet(LeasedQuerySet["SyncRun"]):
    def unfinished(self) -> Self:
        return self.filter(status__in=SyncRun.UNFINISHED)

    def visible_to(self, user: User) -> Self:
        return self.filter(connector__in=Connector.objects.visible_to(user))


class SyncRun(Stateful, Leased):
    """One run of one connector. Its number is its key inside; URLs name `key`."""

    class Status(models.TextChoices):
        QUEUED = "queued", "Waiting for a worker"
        RUNNING = "running", "Running"
        HELD = "held", "Held"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"
        DISCARDED = "discarded", "Discarded"

    UNFINISHED = (Status.QUEUED, Status.RUNNING)
    OPEN = (*UNFINISHED, Status.HELD)
    MOVES: ClassVar[Mapping[str, frozenset[str]]] = {
        Status.QUEUED: frozenset({Status.RUNNING, Status.FAILED, Status.DISCARDED}),
        Status.RUNNING: frozenset({Status.HELD, Status.DONE, Status.FAILED, Status.DISCARDED}),
        Status.HELD: frozenset({Status.QUEUED, Status.DISCARDED}),
        Status.DONE: frozenset(),
        Status.FAILED: frozenset(),
        Status.DISCARDED: frozenset(),
    }

    id = models.BigAutoField(primary_key=True)
    key = KeyField(unique=True)
    connector = models.ForeignKey(Connector, on_delete=models.PROTECT, related_name="runs")
    status = models.CharField(max_length=16, choices=Status, default=Status.QUEUED)
    source = models.CharField(max_length=200)
    kinds = models.JSONField()
    cursor = models.TextField(default="", blank=True)
    is_counted = models.BooleanField(default=False)
    """Whether everything is read a second, different way and the two compared."""
    counted_at = models.DateTimeField(null=True)
    """When both readings agreed."""
    is_evidence = models.BooleanField(default=False)
    """Whether something that is kept for years rests on it: its answers are kept as long."""
    recount_cursor = models.TextField(default="", blank=True)
    second = models.JSONField(default=dict)
    """Records of the second reading by kind, as in `read`."""
    driver_version = models.CharField(max_length=32, blank=True)
    client = models.CharField(max_length=200, blank=True)
    """As whom the app was asked: its client ID."""
    scopes_asked = models.JSONField(default=list)
    scopes_granted = models.JSONField(null=True)
    """None where the vendor does not tell."""
    walked_at = models.DateTimeField(null=True)
    """When the walk had ended and its proofs agreed; from then on only the difference is applied."""
    read = models.JSONField(default=dict)
    """Records laid aside so far by kind, grants under `grant`."""
    complete = models.JSONField(default=list)
    gaps = models.JSONField(default=dict)
    requests = models.PositiveIntegerField(default=0)
    bytes = models.PositiveBigIntegerField(default=0)
    changes = models.JSONField(default=dict)
    """The difference by kind: `{"user": {"new": 1, "changed": 2, "gone": 0}, ...}`."""
    kept = models.JSONField(default=dict)
    """Grants still here that it was not told of, counted when it was applied: `{"silent": 2, "unread": 0}`.
    Unread are those of kinds that it did not read whole. Empty: it is not done, or ended before this was
    counted."""
    problem = models.TextField(blank=True)
    dropped_lines = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=now)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    wanted_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    """Who pressed Sync now; None for the schedule."""
    settled_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    settled_at = models.DateTimeField(null=True)
    settled_reason = models.TextField(blank=True)
    """Who confirmed or discarded a held run, and why."""

    objects = SyncRunQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("connector",),
                condition=Q(status__in=("queued", "running", "held")),
                name="one_run_at_a_time",
            ),
        )
        indexes = (
            models.Index(fields=("connector", "-id"), name="runs_of_a_connector"),
            models.Index(
                fields=("due_at",), condition=Q(status__in=("queued", "running")), name="runs_waiting"
            ),
        )

    def __str__(self) -> str:
        return f"sync {self.pk} of {self.connector}"

    @property
    def is_over(self) -> bool:
        return self.status not in self.OPEN

    @property
    def was_stopped(self) -> bool:
        """Whether somebody stopped it on its way; else, if discarded, it was held before."""
        return self.status == self.Status.DISCARDED and self.settled_at is None

    def total(self, what: str) -> int:
        """How many records are `new`, `changed` or `gone`, grants included."""
        return sum(counts.get(what, 0) for counts in self.changes.values())


class SyncPage(models.Model):
    """One batch as laid aside: what was seen unchanged, by our keys, and what is new or changed, as JSON.

    One row a batch, whole or not at all. Deleted when its run is over.
    """

    run = models.ForeignKey(SyncRun, on_delete=models.CASCADE, related_name="pages", db_constraint=False)
    seq = models.PositiveIntegerField()
    seen_resources = models.TextField(default="[]")
    seen_entitlements = models.TextField(default="[]")
    seen_accounts = models.TextField(default="[]")
    seen_grants = models.TextField(default="[]")
    """Sorted, the first and then the step to each next one: a tenth of the room."""
    silent_grants = models.TextField(default="[]")
    """Grants of ours that the app said nothing about, kept in the same way: never ended by this run."""
    kinds = models.TextField(default="[]")
    resources = models.TextField(default="[]")
    entitlements = models.TextField(default="[]")
    accounts = models.TextField(default="[]")
    grants = models.TextField(default="[]")
    """Each account with a list of what it holds, by the vendor's ids."""

    class Meta:
        constraints = (models.UniqueConstraint(fields=("run", "seq"), name="a_page_is_laid_aside_once"),)

    def __str__(self) -> str:
        return f"page {self.seq} of sync {self.run_id}"


class SyncRecount(models.Model):
    """One batch of the second reading, as JSON: the ids of accounts, and what they hold.

    Deleted when its run is over.
    """

    run = models.ForeignKey(SyncRun, on_delete=models.CASCADE, related_name="recounts", db_constraint=False)
    seq = models.PositiveIntegerField()
    accounts = models.TextField(default="[]")
    grants = models.TextField(default="[]")
    silent = models.TextField(default="[]")

    class Meta:
        constraints = (models.UniqueConstraint(fields=("run", "seq"), name="a_recount_is_kept_once"),)

    def __str__(self) -> str:
        return f"recount {self.seq} of sync {self.run_id}"


class SyncCall(models.Model):
    """One request a run made: when, what, how it was answered, and the digest of the answer."""

    id = models.BigAutoField(primary_key=True)
    run = models.ForeignKey(SyncRun, on_delete=models.CASCADE, related_name="calls", db_constraint=False)
    at = models.DateTimeField()
    kind = models.CharField(max_length=64)
    asked = models.TextField()
    status = models.PositiveSmallIntegerField()
    records = models.PositiveIntegerField()
    bytes = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    seconds = models.FloatField()
    way = models.PositiveSmallIntegerField(default=1)
    """1: the walk; 2: the second reading of a counted run."""
    body = models.BinaryField(null=True)
    """The answer as received, compressed by zlib; counted runs keep theirs."""

    def __str__(self) -> str:
        return self.asked

    @property
    def method(self) -> str:
        return self.asked.partition(" ")[0]

    @property
    def path(self) -> str:
        return self.asked.partition(" ")[2].partition("?")[0]

    @property
    def query(self) -> str:
        return self.asked.partition("?")[2]


class SyncLogLine(models.Model):
    """One line of a run's log."""

    LIMIT = 2_000  # lines a run; further ones are only counted

    id = models.BigAutoField(primary_key=True)
    run = models.ForeignKey(SyncRun, on_delete=models.CASCADE, related_name="log", db_constraint=False)
    at = models.DateTimeField(default=now)
    level = models.CharField(max_length=8)
    text = models.TextField()

    def __str__(self) -> str:
        return self.text
