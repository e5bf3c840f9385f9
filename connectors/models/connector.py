"""A driver set up for one app: its settings, owners, schedule and state."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import ClassVar, Self
from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.timezone import now

from connectors.models import timing
from connectors.models.app import App
from connectors.models.ownership import Ownership, OwnershipQuerySet, constraints
from core.leases import Leased, LeasedQuerySet
from core.models import Role, User
from core.models.keys import KeyField, SealedField, place_of
from core.states import Stateful


class ConnectorQuerySet(models.QuerySet["Connector"]):
    def here(self) -> Self:
        """Connectors that nobody deleted: the runs of deleted ones stay as history."""
        return self.filter(deleted_at=None)

    def visible_to(self, user: User) -> Self:
        """Connectors this person may know about: all for auditors, deleted ones too, else those they may
        change."""
        return self if user.sees_everything else self.managed_by(user)

    def managed_by(self, user: User) -> Self:
        """Connectors this person may change: all for those who run connectors, else those they own.

        An Application Administrator also looks after connectors without an owner of their own apps (row A8).
        """
        rows = self.here()
        if user.runs_connectors:
            return rows
        mine = Exists(ConnectorOwner.objects.of(user).filter(connector=OuterRef("pk")))
        if not user.has_role(Role.APPLICATION):
            return rows.filter(mine)
        owners = ConnectorOwner.objects.of_active_people().filter(connector=OuterRef("pk"))
        own_app = App.objects.owned_by(user).filter(pk=OuterRef("app"))
        return rows.filter(Q(mine) | Q(~Exists(owners), Exists(own_app)))

    def owned_by(self, user: User) -> Self:
        return self.filter(Exists(ConnectorOwner.objects.of(user).filter(connector=OuterRef("pk"))))

    def locked(self, pk: str) -> "Connector":
        """The row as it is now, and in nobody else's hands until this transaction ends."""
        return self.select_for_update(of=("self",)).get(pk=pk)

    def to_be_synced(self) -> Self:
        """Connectors whose next run is due. One that waits for a person or is paused is not."""
        ready = (Connector.Status.NOT_CONNECTED, Connector.Status.CONNECTED, Connector.Status.ERROR)
        return self.here().filter(status__in=ready, paused_at=None, next_run_at__lte=now())


class Connector(Stateful):
    """What reads, and perhaps writes, one app. Made in the wizard before any credential exists."""

    class Status(models.TextChoices):
        NOT_CONNECTED = "not_connected", "Not connected"
        SYNCING = "syncing", "Syncing"
        CONNECTED = "connected", "Connected"
        ERROR = "error", "Error"
        HELD = "held", "Needs confirmation"

    MOVES: ClassVar[Mapping[str, frozenset[str]]] = {
        Status.NOT_CONNECTED: frozenset({Status.SYNCING}),
        Status.SYNCING: frozenset({Status.CONNECTED, Status.ERROR, Status.HELD, Status.NOT_CONNECTED}),
        Status.CONNECTED: frozenset({Status.SYNCING, Status.ERROR, Status.NOT_CONNECTED}),
        Status.ERROR: frozenset({Status.SYNCING, Status.NOT_CONNECTED}),
        Status.HELD: frozenset({Status.SYNCING, Status.CONNECTED, Status.NOT_CONNECTED}),
    }

    class Schedule(models.TextChoices):
        DAYS = "every", "At an interval"
        CRON = "cron", "By a cron line"

    class Filter(models.TextChoices):
        ALL = "all", "All attributes"
        IGNORE = "ignore", "Ignore these attributes"
        ONLY = "only", "Only sync these attributes"

    id = KeyField(primary_key=True)
    app = models.ForeignKey(App, on_delete=models.PROTECT, related_name="connectors")
    driver = models.CharField(max_length=64)
    name = models.CharField(max_length=200)
    status = models.CharField(max_length=16, choices=Status, default=Status.NOT_CONNECTED)
    settings = models.JSONField(default=dict)
    """The settings in force, secrets left out."""
    sealed = SealedField(blank=True)
    """The secrets in force: a JSON object, sealed."""
    secret_set_at = models.DateTimeField(null=True)
    secret_set_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    source = models.CharField(max_length=200, default="", blank=True)
    """The tenant the rows come from, such as `coupa:acme.coupahost.com`; empty before the first check."""
    said = models.JSONField(default=list)
    """What the vendor said of the settings in force: `[{"level": "info", "text": "..."}]`, scopes first."""
    typed = models.JSONField(default=dict)
    """What was typed where it was cleaned, secrets left out: `{"domain": "https://ACME.coupahost.com/"}`."""
    handed_in = models.JSONField(default=dict, blank=True)
    """When each file in force was handed in, by setting: `{"accounts": "2026-11-29T10:00:00+00:00"}`."""
    kinds = models.JSONField(default=list, blank=True)
    """Kinds to read, as the driver names them; empty: those that it reads by default."""
    filter_mode = models.CharField(max_length=8, choices=Filter, default=Filter.ALL)
    filter_names = models.JSONField(default=list, blank=True)
    """Attributes of accounts that are left out, or the only ones kept (row A22)."""
    is_guarded = models.BooleanField(default=True)
    """Whether a run that would take away too much waits for a person."""
    limits = models.JSONField(default=dict, blank=True)
    """Percent by what is guarded, where they differ from the defaults of `sync.guard`."""
    is_under_review = models.BooleanField(default=False)
    """While decisions rest on what it reads: it is guarded more strictly, and read every hour."""
    schedule = models.CharField(max_length=8, choices=Schedule, default=Schedule.DAYS)
    every = models.DurationField(default=timedelta(days=1))
    cron = models.CharField(max_length=100, blank=True)
    zone_name = models.CharField(max_length=64, blank=True)
    """The time zone of its schedule; empty: the organisation's."""
    counted_at = models.DateTimeField(null=True)
    """When a counted run of it was last done."""
    failures = models.PositiveIntegerField(default=0)
    """Runs that failed in a row."""
    failing_told_at = models.DateTimeField(null=True)
    """When its owners were written to that it keeps failing; empty again once a run is done."""
    next_run_at = models.DateTimeField(null=True)
    paused_at = models.DateTimeField(null=True)
    paused_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    changed_at = models.DateTimeField(default=now, editable=False)
    """When a form last changed it: one drawn before is stale."""
    deleted_at = models.DateTimeField(null=True)
    deleted_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=now)
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    handed_over_at = models.DateTimeField(null=True)
    """When its maker finished the Owners step: from then on others were asked for help."""

    objects = ConnectorQuerySet.as_manager()

    class Meta:
        constraints = (models.CheckConstraint(condition=~Q(name=""), name="connectors_have_names"),)
        indexes = (models.Index(fields=("next_run_at",), name="connectors_by_next_run"),)

    def __str__(self) -> str:
        return self.name

    @property
    def has_settings(self) -> bool:
        return bool(self.source)

    @property
    def is_cleared(self) -> bool:
        """Whether its secret was taken away: nothing is read until there is a new one."""
        stands_still = self.status == self.Status.NOT_CONNECTED and not self.sealed
        return stands_still and bool(self.source and self.settings)

    @property
    def place(self) -> str:
        """Where its secrets are sealed for."""
        return place_of(self, "sealed")

    @property
    def is_daily(self) -> bool:
        """Whether it is read every so many days, at a time of day."""
        return self.schedule == self.Schedule.DAYS and not self.every % timing.DAY

    def next_run_after(self, at: datetime, zone: ZoneInfo) -> datetime:
        """When it is read again by itself. `zone` is the organisation's; a zone of its own goes before."""
        zone = ZoneInfo(self.zone_name) if self.zone_name else zone
        if self.schedule == self.Schedule.CRON:
            return timing.after_cron(self.cron, at, zone)
        return timing.after_interval(self.every, at, zone)

    def next_runs(self, zone: ZoneInfo, number: int = 3) -> list[datetime]:
        """The next times by its schedule, if each run took no time at all."""
        found = [now()]
        for _ in range(number):
            found.append(self.next_run_after(found[-1], zone))
        return found[1:]

    def owners_now(self) -> models.QuerySet[User]:
        """The active people who look after it now."""
        return ConnectorOwner.objects.filter(connector=self).people()


class ConnectorOwner(Ownership):
    """Somebody looks after one connector."""

    connector = models.ForeignKey(Connector, on_delete=models.CASCADE, related_name="ownerships")
    asked_at = models.DateTimeField(null=True)
    """When they were last written to that their help is needed."""

    objects = OwnershipQuerySet["ConnectorOwner"].as_manager()

    class Meta:
        constraints = constraints("connector", "connector")


class SettingsCandidate(Stateful, Leased):
    """Settings as typed, until the vendor has said whether they work. The working ones stay in force."""

    class Status(models.TextChoices):
        WAITING = "waiting", "Being checked"
        REFUSED = "refused", "Refused"
        PROMOTED = "promoted", "In force"

    MOVES: ClassVar[Mapping[str, frozenset[str]]] = {
        Status.WAITING: frozenset({Status.REFUSED, Status.PROMOTED}),
        Status.REFUSED: frozenset(),
        Status.PROMOTED: frozenset(),
    }

    id = KeyField(primary_key=True)
    connector = models.OneToOneField(Connector, on_delete=models.CASCADE, related_name="candidate")
    status = models.CharField(max_length=16, choices=Status, default=Status.WAITING)
    settings = models.JSONField()
    sealed = SealedField()
    typed = models.JSONField(default=dict)
    """What was typed where it was cleaned, secrets left out."""
    handed_in = models.JSONField(default=dict)
    """When each of its files was handed in, as the connector has it."""
    problem = models.TextField(blank=True)
    """The vendor's sentence, or ours, where the settings were refused."""
    problem_field = models.CharField(max_length=64, blank=True)
    ends_source = models.CharField(max_length=200, blank=True)
    """The tenant whose rows end as history if these come in force: its name was typed for that."""
    saved_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    saved_at = models.DateTimeField(default=now)

    objects = LeasedQuerySet.as_manager()

    def __str__(self) -> str:
        return f"Settings for {self.connector}"

    @property
    def place(self) -> str:
        """Where its secrets are sealed for."""
        return place_of(self, "sealed")


class SettingsTest(Stateful, Leased):
    """Settings that are tried out without being kept: what the vendor says of them. One a connector."""

    class Status(models.TextChoices):
        WAITING = "waiting", "Being tested"
        DONE = "done", "Tested"

    MOVES: ClassVar[Mapping[str, frozenset[str]]] = {
        Status.WAITING: frozenset({Status.DONE}),
        Status.DONE: frozenset(),
    }

    id = KeyField(primary_key=True)
    connector = models.OneToOneField(Connector, on_delete=models.CASCADE, related_name="test")
    status = models.CharField(max_length=16, choices=Status, default=Status.WAITING)
    settings = models.JSONField()
    sealed = SealedField()
    """Gone as soon as the test is done."""
    problem = models.TextField(blank=True)
    problem_field = models.CharField(max_length=64, blank=True)
    scopes = models.JSONField(default=list)
    """`[["core.user.read", "granted"], ...]`: granted, lacking, unknown, or spare."""
    notes = models.JSONField(default=list)
    by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    asked_at = models.DateTimeField(default=now)
    ended_at = models.DateTimeField(null=True)

    objects = LeasedQuerySet.as_manager()

    def __str__(self) -> str:
        return f"Test of settings for {self.connector}"

    @property
    def place(self) -> str:
        """Where its secrets are sealed for."""
        return place_of(self, "sealed")


class ConnectorRules(models.Model):
    """The one row of what holds for all connectors."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    guards = models.BooleanField(default=True)
    """The switch over all guards: off, no run is held (row A23)."""
    changed_at = models.DateTimeField(default=now, editable=False)

    class Meta:
        constraints = (models.CheckConstraint(condition=Q(id=1), name="one_set_of_rules"),)

    def __str__(self) -> str:
        return "what holds for all connectors"

    @classmethod
    def current(cls) -> "ConnectorRules":
        """The row as it is, or as it would be: reading never writes."""
        return cls.objects.filter(pk=1).first() or cls()
