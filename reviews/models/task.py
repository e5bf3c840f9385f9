"""Who is asked about a line, and what is done about a denied one."""

from collections.abc import Mapping
from typing import ClassVar, Self

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.timezone import now

from connectors.models import App, ProvisionOrder
from core.models import User
from core.models.keys import KeyField
from core.states import Stateful
from reviews.models.campaign import Campaign
from reviews.models.review import ReviewTask


class TurnQuerySet(models.QuerySet["Turn"]):
    def open(self) -> Self:
        return self.filter(status=Turn.Status.OPEN)


class Turn(models.Model):
    """One person asked in one step. Narrow, and apart from the line, which stays as it was frozen.

    Where several are asked in a step each has a turn; the first submitted decision ends the others.
    Foreign keys are not checked by the database, as with lines.
    """

    class Status(models.TextChoices):
        OPEN = "open", "Asked"
        DECIDED = "decided", "Decided"
        OVERTAKEN = "overtaken", "Another was first"
        GIVEN_ON = "given_on", "Given to another"
        ENDED = "ended", "No longer asked"

    class Via(models.TextChoices):
        """How somebody came to be asked."""

        PEOPLE = "people", "named in the policy"
        GROUP = "group", "member of the group"
        MANAGER = "manager", "manager of the account's owner"
        APP_OWNER = "app_owner", "owner of the app"
        ENTITLEMENT_OWNER = "entitlement_owner", "owner of the entitlement"
        RESOURCE_OWNER = "resource_owner", "owner of the resource"
        ACCOUNT_OWNER = "account_owner", "the account's own owner"
        CAMPAIGN_OWNER = "campaign_owner", "owner of the campaign, as nobody else could be asked"
        ADMINISTRATOR = "administrator", "an administrator, as nobody else could be asked"
        SECOND = "second", "a second reviewer, who does not hold it"
        REASSIGNED = "reassigned", "asked by another"

    id = models.BigAutoField(primary_key=True)
    task = models.ForeignKey(
        ReviewTask, on_delete=models.PROTECT, related_name="turns", db_constraint=False, db_index=False
    )
    campaign = models.ForeignKey(
        Campaign, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    line_no = models.PositiveIntegerField()
    round = models.PositiveSmallIntegerField(db_default=1, default=1)
    """Of the line, as it was when they were asked: what was said in an earlier one no longer counts."""
    step = models.PositiveSmallIntegerField(default=1)
    rule = models.PositiveSmallIntegerField()
    """The rule of the policy version that won, counted from 1."""
    reviewer = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    on_behalf_of = models.ForeignKey(
        User, null=True, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    """Whom the reviewer stands in for."""
    via = models.CharField(max_length=20, choices=Via)
    is_fallback = models.BooleanField(default=False)
    passed_over = models.TextField(blank=True)
    """Who would have been asked before, and why they were not, as sentences."""
    independence = models.CharField(max_length=120, blank=True)
    """Codes of what ties the reviewer to the line (`routing.Tie`), by commas; empty: nothing."""
    status = models.CharField(max_length=16, choices=Status, default=Status.OPEN)
    given_by = models.ForeignKey(
        User, null=True, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    given_reason = models.TextField(blank=True)
    at = models.DateTimeField(default=now)
    ended_at = models.DateTimeField(null=True)

    objects = TurnQuerySet.as_manager()

    class Meta:
        indexes = (
            models.Index(fields=("reviewer", "campaign", "status", "line_no"), name="turns_of_a_reviewer"),
            models.Index(fields=("task", "step"), name="turns_of_a_line"),
        )
        constraints = (
            models.UniqueConstraint(
                fields=("task", "reviewer"), condition=Q(status="open"), name="asked_once_at_a_time"
            ),
        )

    def __str__(self) -> str:
        return f"{self.reviewer_id}, step {self.step} of line {self.line_no}"


class RemovalQuerySet(models.QuerySet["Removal"]):
    def visible_to(self, user: User) -> Self:
        """Those of campaigns this person may open, and of apps they answer for."""
        if user.sees_everything:
            return self
        own = App.objects.owned_by(user)
        return self.filter(Q(campaign__in=Campaign.objects.visible_to(user)) | Q(app__in=own))

    def open(self) -> Self:
        """Neither proven nor excepted. What came back has a removal of its own since then."""
        return self.exclude(status__in=Removal.SETTLED)

    def confirmable_by(self, user: User) -> Self:
        """Those that wait for an owner of the app, who is this person."""
        if not (user.is_active and user.may_act):
            return self.none()
        own = Exists(App.objects.owned_by(user).filter(pk=OuterRef("app")))
        waiting = self.filter(own, status=Removal.Status.WAITING, confirmed_at=None)
        return waiting.exclude(campaign__status=Campaign.Status.CANCELLED)

    def to_be_ordered(self) -> Self:
        """Confirmed, or not in need of it, and not ordered yet."""
        waiting = self.filter(status=Removal.Status.WAITING, confirmed_at__isnull=False, order=None)
        return waiting.exclude(campaign__status=Campaign.Status.CANCELLED)


class Removal(Stateful):
    """What becomes of a denied line, until it is proven that the access is gone. Its number is its key."""

    class Status(models.TextChoices):
        WAITING = "waiting", "Waiting for the app owner"
        REMOVING = "removing", "Removing"
        BY_HAND = "by_hand", "To be removed by hand"
        FAILED = "failed", "Could not be removed"
        REMOVED = "removed", "Removed, being proven"
        PROVEN = "proven", "Proven gone"
        CAME_BACK = "came_back", "Came back"
        EXCEPTED = "excepted", "Exception"
        DROPPED = "dropped", "No longer wanted"

    SETTLED = (Status.PROVEN, Status.EXCEPTED, Status.DROPPED, Status.CAME_BACK)
    """Nobody and nothing has to act on it any more."""
    MOVES: ClassVar[Mapping[str, frozenset[str]]] = {
        Status.WAITING: frozenset(
            {Status.REMOVING, Status.BY_HAND, Status.PROVEN, Status.EXCEPTED, Status.DROPPED}
        ),
        Status.REMOVING: frozenset(
            {Status.REMOVED, Status.BY_HAND, Status.FAILED, Status.PROVEN, Status.DROPPED, Status.EXCEPTED}
        ),
        Status.BY_HAND: frozenset(
            {Status.REMOVED, Status.REMOVING, Status.PROVEN, Status.EXCEPTED, Status.DROPPED}
        ),
        Status.FAILED: frozenset(
            {Status.REMOVING, Status.BY_HAND, Status.PROVEN, Status.EXCEPTED, Status.DROPPED}
        ),
        Status.REMOVED: frozenset({Status.PROVEN, Status.CAME_BACK, Status.BY_HAND, Status.EXCEPTED}),
        Status.PROVEN: frozenset({Status.CAME_BACK}),
        Status.CAME_BACK: frozenset({Status.EXCEPTED}),
        Status.EXCEPTED: frozenset({Status.PROVEN}),
        Status.DROPPED: frozenset(),
    }

    number = models.BigAutoField(primary_key=True)
    key = KeyField(unique=True)
    task = models.ForeignKey(ReviewTask, on_delete=models.PROTECT, related_name="removals")
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="removals")
    app = models.ForeignKey(App, on_delete=models.PROTECT, related_name="removals")
    order = models.ForeignKey(ProvisionOrder, null=True, on_delete=models.PROTECT, related_name="removals")
    """None until it is confirmed."""
    disabling = models.ForeignKey(
        ProvisionOrder, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    """To shut the account whose last role goes, where somebody wanted that."""
    status = models.CharField(max_length=16, choices=Status, default=Status.WAITING)
    due_on = models.DateField()
    """By the removal clock, in working days of the organisation."""
    created_at = models.DateTimeField(default=now)
    confirmed_at = models.DateTimeField(null=True)
    confirmed_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    """None where the campaign removes without asking."""
    removed_at = models.DateTimeField(null=True)
    proven_at = models.DateTimeField(null=True)
    proven_run = models.BigIntegerField(null=True)
    """The number of the sync that no longer saw it, whether there was an order or not."""
    excepted_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    reason = models.TextField(blank=True)
    """Why it is an exception, or no longer wanted."""
    problem = models.TextField(blank=True)
    lookback = models.JSONField(default=dict)
    """For High and Critical: `{"used": ..., "cause": ..., "deficiency": ..., "by": ..., "at": ...}`."""

    objects = RemovalQuerySet.as_manager()

    class Meta:
        indexes = (models.Index(fields=("campaign", "status"), name="removals_of_a_campaign"),)
        constraints = (
            models.UniqueConstraint(
                fields=("task",),
                condition=~Q(status__in=("came_back", "dropped")),
                name="one_removal_at_a_time",
            ),
        )

    def __str__(self) -> str:
        return f"removal {self.number}"

    @property
    def is_to_be_confirmed(self) -> bool:
        return self.status == self.Status.WAITING and self.confirmed_at is None

    @property
    def is_settled(self) -> bool:
        return self.status in self.SETTLED
