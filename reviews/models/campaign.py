"""A review of access: its control data, what it covers, the sources it rests on, its life."""

from collections.abc import Mapping
from typing import ClassVar, Self

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils.timezone import now

from connectors.models import Connector, SyncRun
from core.leases import Leased, LeasedQuerySet
from core.models import Role, User
from core.models.keys import KeyField
from core.states import Stateful
from reviews.models.policy import Policy, PolicyVersion
from reviews.models.rules import ReviewRules


class Scope(models.Model):
    """Which grants are reviewed. Lists name keys or values; an empty list leaves nothing out."""

    class Grants(models.TextChoices):
        ALL = "all", "Every grant"
        SINCE = "since", "Only grants that began after a date, or between two"
        LAST_DAYS = "days", "Only grants that began in the last days before staging"
        SINCE_LAST = "last", "Only grants that began after the last campaign of the template"

    class Domains(models.TextChoices):
        ANY = "", "Any e-mail"
        OWN = "own", "Only accounts with an e-mail of the organisation's domains"
        EXTERNAL = "external", "Only accounts with an e-mail of none of the organisation's domains"

    id = models.BigAutoField(primary_key=True)
    apps = models.JSONField(default=list, blank=True)
    kinds = models.JSONField(default=list, blank=True)
    """Resource types. `credential` is having an account at all; it comes only if named here or singly."""
    entitlements = models.JSONField(default=list, blank=True)
    """Single ones, in place of all of the resource types."""
    left_out = models.JSONField(default=list, blank=True)
    """Entitlements that were taken out singly, whatever else is said."""
    risks = models.JSONField(default=list, blank=True)
    frameworks = models.JSONField(default=list, blank=True)
    people = models.JSONField(default=list, blank=True)
    managers = models.JSONField(default=list, blank=True)
    """Only accounts of people who report to one of these."""
    departments = models.JSONField(default=list, blank=True)
    titles = models.JSONField(default=list, blank=True)
    owner_statuses = models.JSONField(default=list, blank=True)
    """Only accounts of people of these: who left keeps their accounts until somebody takes them."""
    without_groups = models.JSONField(default=list, blank=True)
    """No accounts of members of these groups of people."""
    account_types = models.JSONField(default=list, blank=True)
    account_statuses = models.JSONField(default=list, blank=True)
    domains = models.CharField(max_length=8, choices=Domains, default=Domains.ANY, blank=True)
    only_without_owner = models.BooleanField(default=False)
    grants = models.CharField(max_length=8, choices=Grants, default=Grants.ALL)
    granted_after = models.DateField(null=True, blank=True)
    granted_until = models.DateField(null=True, blank=True)
    granted_days = models.PositiveSmallIntegerField(null=True, blank=True)

    def __str__(self) -> str:
        return f"scope {self.pk}"


class Control(models.Model):
    """What an auditor asks of a control, and how a review of it is run: campaigns and templates alike."""

    class Frequency(models.TextChoices):
        MONTHLY = "monthly", "Monthly"
        QUARTERLY = "quarterly", "Quarterly"
        HALF_YEARLY = "half_yearly", "Half-yearly"
        YEARLY = "yearly", "Yearly"
        ONCE = "once", "Once"

    class Desk(models.TextChoices):
        PERSON = "person", "By person"
        APP = "app", "By application"
        ENTITLEMENT = "entitlement", "By entitlement"
        RESOURCE = "resource", "By resource"
        FLAT = "flat", "One list"

    class Removals(models.TextChoices):
        CONFIRMED = "confirmed", "After the app owner confirms them"
        AUTOMATIC = "automatic", "At once"
        AFTER_A_DAY = "after_a_day", "After a hold of 24 hours"

    class Silence(models.TextChoices):
        EXCEPTION = "exception", "Open lines become exceptions"
        REMOVE = "remove", "Open lines are denied"

    name = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    control_id = models.CharField(max_length=100, blank=True)
    narrative = models.TextField(blank=True)
    frequency = models.CharField(max_length=16, choices=Frequency, default=Frequency.QUARTERLY)
    control_owner = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    """Who signs off, and decides no line."""
    scope = models.OneToOneField(Scope, on_delete=models.PROTECT, related_name="%(class)s")
    policy = models.ForeignKey(Policy, null=True, on_delete=models.PROTECT, related_name="%(class)ss")
    prefers = models.BooleanField(default=False)
    """Whether the review policies that apps and entitlements prefer go before it (`PreferredPolicy`)."""
    desk = models.CharField(max_length=16, choices=Desk, default=Desk.PERSON)
    shown_attributes = models.JSONField(default=list, blank=True)
    """What reviewers see of accounts beside what every line shows, by key (`queries.visible`)."""
    days_to_decide = models.PositiveSmallIntegerField(default=14)
    when_removed = models.CharField(max_length=16, choices=Removals, default=Removals.CONFIRMED)
    at_end = models.CharField(max_length=16, choices=Silence, default=Silence.EXCEPTION)
    """What closing makes of lines that nobody decided."""
    ends_by_itself = models.BooleanField(default=False)
    writes_at_start = models.BooleanField(default=True)
    writes_at_end = models.BooleanField(default=True)
    sample_percent = models.PositiveSmallIntegerField(default=10)
    """Of the lines, which the control owner looks at again: at least 5, at most 60 of them."""
    made_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=now)
    changed_at = models.DateTimeField(default=now, editable=False)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name


class Template(Control):
    """A campaign to be run again and again."""

    class Unit(models.TextChoices):
        WEEKS = "weeks", "weeks"
        MONTHS = "months", "months"
        QUARTERS = "quarters", "quarters"
        YEARS = "years", "years"

    id = KeyField(primary_key=True)
    instructions = models.TextField(blank=True)
    owners = models.ManyToManyField(User, related_name="review_templates")
    next_on = models.DateField(null=True)
    """When the next draft is made; None: by hand only."""
    every = models.PositiveSmallIntegerField(default=3)
    unit = models.CharField(max_length=8, choices=Unit, default=Unit.MONTHS)
    ends_on = models.DateField(null=True)
    """No draft is made by schedule after it."""
    drafts_left = models.PositiveSmallIntegerField(null=True)
    """How many drafts the schedule still makes; None: without a number."""
    starts_by_itself = models.BooleanField(default=False)
    retired_at = models.DateTimeField(null=True)

    @property
    def every_said(self) -> str:
        """Such as "every 3 months"."""
        return f"every {self.unit[:-1]}" if self.every == 1 else f"every {self.every} {self.unit}"


class CampaignQuerySet(LeasedQuerySet["Campaign"]):
    def visible_to(self, user: User) -> Self:
        """Campaigns whose pages this person may open: all for auditors, else their own (row C64)."""
        if user.sees_everything:
            return self
        control = Q(control_owner=user)
        return self.filter(control | self._owned(user)) if user.is_active else self.none()

    def run_by(self, user: User) -> Self:
        """Campaigns this person may change: all for a Super Administrator; their own for an owner who is a
        Campaign Administrator."""
        if user.is_super:
            return self
        return self.filter(self._owned(user)) if user.has_role(Role.CAMPAIGN) else self.none()

    def starting_by_themselves(self) -> Self:
        """As `Campaign.starts_by_itself` has it."""
        asked = Q(staging_wanted_by=None) | Q(starts_at__gt=F("staging_wanted_at"))
        return self.filter(asked, starts_at__isnull=False)

    @staticmethod
    def _owned(user: User) -> Q:
        return Q(Exists(CampaignOwner.objects.filter(campaign=OuterRef("pk"), user=user)))


class Campaign(Control, Stateful, Leased):
    """One review, from draft to sign-off. From staging on it can be cancelled, never deleted."""

    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"
        STAGING = "staging", "Being staged"
        STAGED = "staged", "Staged"
        RUNNING = "running", "Running"
        CLOSING = "closing", "Being closed"
        CLOSED = "closed", "Closed"
        REMEDIATION = "remediation", "Remediation"
        SIGNED_OFF = "signed_off", "Signed off"
        CANCELLED = "cancelled", "Cancelled"

    STARTED = (Status.RUNNING, Status.CLOSING, Status.CLOSED, Status.REMEDIATION, Status.SIGNED_OFF)
    """Its lines may be shown as decided or to be decided."""
    OVER = (Status.SIGNED_OFF, Status.CANCELLED)
    MOVES: ClassVar[Mapping[str, frozenset[str]]] = {
        Status.DRAFT: frozenset({Status.STAGING}),
        Status.STAGING: frozenset({Status.STAGED, Status.DRAFT, Status.CANCELLED}),
        Status.STAGED: frozenset({Status.RUNNING, Status.CANCELLED}),
        Status.RUNNING: frozenset({Status.CLOSING, Status.CANCELLED}),
        Status.CLOSING: frozenset({Status.CLOSED}),
        Status.CLOSED: frozenset({Status.REMEDIATION, Status.SIGNED_OFF}),
        Status.REMEDIATION: frozenset({Status.SIGNED_OFF}),
        Status.SIGNED_OFF: frozenset(),
        Status.CANCELLED: frozenset(),
    }

    id = KeyField(primary_key=True)
    status = models.CharField(max_length=16, choices=Status, default=Status.DRAFT)
    template = models.ForeignKey(Template, null=True, on_delete=models.PROTECT, related_name="campaigns")
    copied_from = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="+")
    owners = models.ManyToManyField(User, through="CampaignOwner", related_name="campaigns")
    period_starts_on = models.DateField(null=True)
    period_ends_on = models.DateField(null=True)
    starts_at = models.DateTimeField(null=True)
    """When it stages and starts by itself; None: by hand."""
    decide_by = models.DateTimeField(null=True)
    """Fixed at the start: the end of the last day to decide."""

    staging_wanted_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    staging_wanted_at = models.DateTimeField(null=True)
    staging_problem = models.TextField(blank=True)
    """Why the last attempt to stage it came to nothing, or what it waits for."""
    override_reason = models.TextField(blank=True)
    """Why it was staged although a source was not fresh and complete."""
    override_seconded_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    policy_version = models.ForeignKey(
        PolicyVersion, null=True, on_delete=models.PROTECT, related_name="campaigns"
    )
    frozen_at = models.DateTimeField(null=True)
    lines = models.PositiveIntegerField(default=0)
    routed_to = models.PositiveIntegerField(default=0)
    """The last line that has its reviewers."""
    hashed_to = models.PositiveIntegerField(default=0)
    digest = models.CharField(max_length=64, blank=True)
    """SHA-256 over the canonical rows of the frozen population."""
    bridge = models.JSONField(default=dict)
    """Counts as frozen: received, second count, accounts and grants left out by reason."""
    rules = models.JSONField(default=dict)
    """What held for all reviews when the population was frozen: its removals follow it (`ReviewRules`)."""
    grave_risks = models.JSONField(null=True)
    """Levels that were High or Critical when it was frozen: what tags say later changes no line."""
    staged_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    started_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    closing_wanted_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    """None where the due date closed it."""
    closed_at = models.DateTimeField(null=True)
    sample_seed = models.CharField(max_length=64, blank=True)
    statements = models.JSONField(default=dict)
    """The four statements of the sign-off, each as it was agreed to."""
    conclusion = models.TextField(blank=True)
    """What was made of the sampled lines that a control owner would have decided otherwise."""
    signed_off_at = models.DateTimeField(null=True)
    signed_off_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    cancelled_at = models.DateTimeField(null=True)
    cancelled_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    cancelled_reason = models.TextField(blank=True)

    objects = CampaignQuerySet.as_manager()

    class Meta:
        constraints = (models.CheckConstraint(condition=~Q(name=""), name="campaigns_have_names"),)
        indexes = (models.Index(fields=("status", "-created_at"), name="campaigns_by_status"),)

    @property
    def is_draft(self) -> bool:
        return self.status == self.Status.DRAFT

    @property
    def starts_by_itself(self) -> bool:
        """Once it is staged and its time has come. A time that had passed when somebody staged it by hand
        starts nothing: that person does."""
        if self.starts_at is None or self.staging_wanted_by_id is None:
            return self.starts_at is not None
        return self.staging_wanted_at is not None and self.starts_at > self.staging_wanted_at

    @property
    def rules_in_force(self) -> ReviewRules:
        """What holds for it: from the freeze on what held then."""
        return ReviewRules.kept(self.rules)

    @property
    def is_over(self) -> bool:
        return self.status in self.OVER


class CampaignOwner(models.Model):
    """Somebody runs one campaign."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="ownerships")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    since = models.DateTimeField(default=now)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("campaign", "user"), name="a_campaign_is_owned_once_by_one"),
        )

    def __str__(self) -> str:
        return f"{self.user}: {self.campaign}"


class Instructions(models.Model):
    """What reviewers are told, as it read from some moment on: a decision names the number it was made by."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="instructions")
    number = models.PositiveSmallIntegerField()
    text = models.TextField(blank=True)
    by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField(default=now)

    class Meta:
        verbose_name_plural = "instructions"
        constraints = (
            models.UniqueConstraint(fields=("campaign", "number"), name="instructions_are_numbered_once"),
        )

    def __str__(self) -> str:
        return f"instructions {self.number} of {self.campaign}"


class PopulationSource(models.Model):
    """A source as it stood when the population was frozen: the run that every line of it names."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="sources")
    connector = models.ForeignKey(Connector, on_delete=models.PROTECT, related_name="+")
    source = models.CharField(max_length=200)
    app_name = models.CharField(max_length=200, blank=True)
    run = models.ForeignKey(SyncRun, on_delete=models.PROTECT, related_name="population_sources")
    counted_run = models.ForeignKey(SyncRun, null=True, on_delete=models.PROTECT, related_name="+")
    """The counted run whose two numbers stand here; it may be older than `run`."""
    counted_at = models.DateTimeField(null=True)
    """When both readings agreed; None: a file, or a run that was taken all the same, by an override."""
    received = models.JSONField(default=dict)
    second = models.JSONField(default=dict)
    gaps = models.JSONField(default=dict)
    files = models.JSONField(default=list)
    """Where people handed files in, which are complete by themselves: name, SHA-256 and time of each."""

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("campaign", "connector"), name="a_source_is_frozen_once"),
        )

    def __str__(self) -> str:
        return f"{self.source} in {self.campaign}"


class SourceFollowed(models.Model):
    """How far lines have followed later runs of a source, which itself stays as it was frozen."""

    source = models.OneToOneField(PopulationSource, on_delete=models.CASCADE, related_name="followed")
    run = models.BigIntegerField()
    """The number of the last one."""

    class Meta:
        verbose_name_plural = "sources followed"

    def __str__(self) -> str:
        return f"{self.source}, to sync {self.run}"
