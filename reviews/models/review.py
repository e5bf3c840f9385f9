"""The lines of a campaign, frozen; what reviewers mark, submit and decide."""

from typing import Self

from django.db import models
from django.utils.timezone import now

from connectors.models import Account, App, Entitlement
from core.models import User
from core.models.keys import BytewiseField, KeyField
from reviews.models.campaign import Campaign
from reviews.models.policy import PolicyVersion


class ReviewTaskQuerySet(models.QuerySet["ReviewTask"]):
    def visible_to(self, user: User) -> Self:
        """Lines of campaigns that this person may open, and those they were ever asked about."""
        if user.sees_everything:
            return self
        seen = Campaign.objects.visible_to(user)
        asked = ReviewTask.objects.filter(turns__reviewer=user, campaign__status__in=Campaign.STARTED)
        return self.filter(models.Q(campaign__in=seen) | models.Q(pk__in=asked.values("pk")))

    def open(self) -> Self:
        return self.filter(status=ReviewTask.Status.OPEN)


class ReviewTask(models.Model):
    """One line: a grant as it was when the population was frozen. Only its status ever changes.

    Foreign keys are not checked by the database, and not indexed: a million lines come in one statement.
    """

    class Status(models.TextChoices):
        OPEN = "open", "Open"
        CERTIFIED = "certified", "Certified"
        DENIED = "denied", "Denied"
        EXCEPTED = "excepted", "Exception"
        CANCELLED = "cancelled", "Cancelled"

    id = models.BigAutoField(primary_key=True)
    campaign = models.ForeignKey(
        Campaign, on_delete=models.PROTECT, related_name="tasks", db_constraint=False, db_index=False
    )
    line_no = models.PositiveIntegerField()
    """In order of app, resource type, entitlement id, account id: the number in every report."""
    status = models.CharField(max_length=16, choices=Status, default=Status.OPEN)
    status_reason = models.CharField(max_length=300, blank=True)
    """Why it is an exception or was cancelled, or is asked about anew."""
    settled_at = models.DateTimeField(null=True)
    round = models.PositiveSmallIntegerField(db_default=1, default=1)
    """How many times it was asked about from the first step on: `LineRound` tells of each but the first."""

    grant = models.BigIntegerField()
    app = models.ForeignKey(
        App, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    entitlement = models.ForeignKey(
        Entitlement, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    person = models.ForeignKey(
        User, null=True, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    """Whose account it was."""
    run = models.BigIntegerField()
    """The number of the sync run that saw it."""
    since = models.DateTimeField()
    source = models.CharField(max_length=200)
    kind = models.CharField(max_length=64)
    app_name = models.CharField(max_length=200)
    account_id_there = BytewiseField(max_length=300)
    account_name = models.CharField(max_length=300, blank=True)
    account_login = models.CharField(max_length=300, blank=True)
    account_email = models.CharField(max_length=300, blank=True)
    account_status = models.CharField(max_length=16)
    account_type = models.CharField(max_length=16)
    account_marks = models.JSONField(default=list)
    account_last_sign_in = models.TextField(blank=True)
    """As the app tells it; empty where it does not."""
    person_name = models.CharField(max_length=200, blank=True)
    person_title = models.CharField(max_length=200, blank=True)
    entitlement_id_there = BytewiseField(max_length=300)
    entitlement_name = models.CharField(max_length=300)
    entitlement_slug = models.CharField(max_length=64)
    entitlement_description = models.TextField(blank=True)
    resource_name = models.CharField(max_length=300)
    risk = models.CharField(max_length=100, blank=True)
    frameworks = models.JSONField(default=list)

    objects = ReviewTaskQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("campaign", "line_no"), name="lines_are_numbered_once"),
            models.UniqueConstraint(fields=("campaign", "grant"), name="a_grant_is_reviewed_once"),
        )
        indexes = (
            # Of settled lines alone: staging writes none of it, and counts by status read nothing else.
            models.Index(
                fields=("campaign", "status", "line_no"),
                condition=~models.Q(status="open"),
                name="settled_lines",
            ),
        )

    def __str__(self) -> str:
        return f"line {self.line_no}"

    @property
    def stamp(self) -> str:
        """What whoever acts on it has seen it as: by round and status."""
        return f"{self.round}-{self.status}"


class LineRound(models.Model):
    """A line asked about from the first step anew: why, and by which version of a policy. The first round has
    none. Never changed."""

    id = models.BigAutoField(primary_key=True)
    task = models.ForeignKey(
        ReviewTask, on_delete=models.PROTECT, related_name="rounds", db_constraint=False, db_index=False
    )
    campaign = models.ForeignKey(
        Campaign, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    number = models.PositiveSmallIntegerField()
    policy_version = models.ForeignKey(PolicyVersion, null=True, on_delete=models.PROTECT, related_name="+")
    """None: that of the campaign, or none where it has none."""
    by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    """None: a sync saw the access again."""
    reason = models.TextField(blank=True)
    at = models.DateTimeField(default=now)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("task", "number"), name="rounds_are_numbered_once"),)
        indexes = (models.Index(fields=("campaign", "policy_version"), name="rounds_of_a_campaign"),)

    def __str__(self) -> str:
        return f"round {self.number} of line {self.task_id}"


class SampledLine(models.Model):
    """A line that the control owner looks at again before signing off, drawn by the seed of the campaign."""

    id = models.BigAutoField(primary_key=True)
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="sample")
    task = models.OneToOneField(
        ReviewTask, on_delete=models.PROTECT, related_name="sampled", db_constraint=False
    )
    line_no = models.PositiveIntegerField()

    class Meta:
        indexes = (models.Index(fields=("campaign", "line_no"), name="sample_of_a_campaign"),)

    def __str__(self) -> str:
        return f"line {self.line_no}, looked at again"


class Look(models.Model):
    """What a control owner says of a sampled line. Never changed: who thinks again says so in another."""

    id = models.BigAutoField(primary_key=True)
    sampled = models.ForeignKey(SampledLine, on_delete=models.PROTECT, related_name="looks")
    agrees = models.BooleanField()
    note = models.TextField(blank=True)
    """Why not, where they would have decided otherwise."""
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField(default=now)

    def __str__(self) -> str:
        return f"{self.by} about {self.sampled}"


class Mark(models.Model):
    """What somebody noted about one line and has not submitted. Nothing is decided by it."""

    class Outcome(models.TextChoices):
        NONE = "", "Not decided"
        CERTIFY = "certify", "Certify"
        DENY = "deny", "Deny"

    id = models.BigAutoField(primary_key=True)
    task = models.ForeignKey(ReviewTask, on_delete=models.CASCADE, related_name="marks", db_constraint=False)
    campaign = models.ForeignKey(
        Campaign, on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", db_index=False)
    outcome = models.CharField(max_length=8, choices=Outcome, default=Outcome.NONE, blank=True)
    reason = models.TextField(blank=True)
    together = models.PositiveIntegerField(default=1)
    """How many lines were marked by the same act."""
    opened_at = models.DateTimeField(null=True)
    """When its details were first opened."""
    needs_reason = models.BooleanField(default=False)
    """The policy asks for words with this outcome."""
    seen = models.JSONField(default=dict)
    """What the person was shown when they marked it: a decision takes it over."""
    at = models.DateTimeField(default=now)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("task", "person"), name="one_mark_a_person"),)
        indexes = (models.Index(fields=("person", "campaign"), name="marks_of_one_person"),)

    def __str__(self) -> str:
        return f"{self.outcome} by {self.person_id}"


class Submission(models.Model):
    """Decisions handed in together: how many were meant, how many were accepted."""

    id = models.BigAutoField(primary_key=True)
    key = KeyField(unique=True)
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="submissions")
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=now)
    submitted = models.PositiveIntegerField()
    accepted = models.PositiveIntegerField()
    certified = models.PositiveIntegerField()
    denied = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"submission {self.pk} by {self.by}"


class Decision(models.Model):
    """What was decided about one line in one step. Never changed: a correction is a row that replaces it."""

    class Outcome(models.TextChoices):
        CERTIFIED = "certified", "Certified"
        DENIED = "denied", "Denied"

    id = models.BigAutoField(primary_key=True)
    task = models.ForeignKey(
        ReviewTask, on_delete=models.PROTECT, related_name="decisions", db_constraint=False
    )
    campaign = models.ForeignKey(
        Campaign, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    turn = models.ForeignKey(
        "reviews.Turn",
        null=True,
        on_delete=models.PROTECT,
        related_name="decisions",
        db_constraint=False,
        db_index=False,
    )
    """None where the closing rule decided."""
    round = models.PositiveSmallIntegerField(db_default=1, default=1)
    """Of the line, when it was decided: in a later one it no longer counts."""
    outcome = models.CharField(max_length=16, choices=Outcome)
    reason = models.TextField(blank=True)
    by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    """None: the closing rule of the campaign."""
    on_behalf_of = models.ForeignKey(
        User, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    at = models.DateTimeField(default=now)
    together = models.PositiveIntegerField(default=1)
    """How many lines were marked by the same act."""
    opened_at = models.DateTimeField(null=True)
    seen = models.JSONField(default=dict)
    """What the reviewer was shown: columns, hints, the number of the instructions."""
    independence = models.CharField(max_length=120, blank=True)
    """Codes of what tied the reviewer to the line, by commas; empty: nothing."""
    submission = models.ForeignKey(
        Submission,
        null=True,
        on_delete=models.PROTECT,
        related_name="decisions",
        db_constraint=False,
        db_index=False,
    )
    replaces = models.OneToOneField("self", null=True, on_delete=models.PROTECT, related_name="replaced_by")

    def __str__(self) -> str:
        return f"{self.outcome} by {self.by or 'the closing rule'}"


class Comment(models.Model):
    """Something said about a line. Never changed."""

    id = models.BigAutoField(primary_key=True)
    task = models.ForeignKey(
        ReviewTask, on_delete=models.PROTECT, related_name="comments", db_constraint=False
    )
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    text = models.TextField()
    at = models.DateTimeField(default=now)

    def __str__(self) -> str:
        return self.text[:80]


class Progress(models.Model):
    """How far one reviewer is in one campaign: kept counts, so that no page counts lines."""

    id = models.BigAutoField(primary_key=True)
    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="progress", db_index=False)
    reviewer = models.ForeignKey(User, on_delete=models.PROTECT, related_name="review_progress")
    asked = models.PositiveIntegerField(default=0)
    """Lines they are or were asked about, those given to others left out."""
    open = models.PositiveIntegerField(default=0)
    certified = models.PositiveIntegerField(default=0)
    denied = models.PositiveIntegerField(default=0)
    first_opened_at = models.DateTimeField(null=True)
    last_decided_at = models.DateTimeField(null=True)
    untold = models.BooleanField(default=False)
    """The campaign began or ended, or lines came to them, and no letter has told them yet."""

    class Meta:
        verbose_name_plural = "progress"
        constraints = (
            models.UniqueConstraint(fields=("campaign", "reviewer"), name="one_progress_a_reviewer"),
        )

    def __str__(self) -> str:
        return f"{self.reviewer}: {self.decided} of {self.asked}"

    @property
    def decided(self) -> int:
        """Lines they need not look at any more, also where another was first."""
        return max(self.asked - self.open, 0)
