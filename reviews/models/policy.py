"""Who decides, in which order, as data: a policy and its versions, none of which ever changes."""

from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.timezone import now

from core.models import Role, User
from core.models.keys import KeyField


class PolicyQuerySet(models.QuerySet["Policy"]):
    def here(self) -> Self:
        """Policies in use or ready for it: retired ones stay for the campaigns that rest on them."""
        return self.filter(retired_at=None)

    def visible_to(self, user: User) -> Self:
        may = user.sees_everything or user.has_role(Role.CAMPAIGN)
        return self if may else self.none()


class Policy(models.Model):
    """A named set of rules. What it says stands in its versions."""

    id = KeyField(primary_key=True)
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    built_in = models.CharField(max_length=64, blank=True)
    """The code of one that came with Reeve and cannot be edited; empty: the organisation's own."""
    made_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=now)
    changed_at = models.DateTimeField(default=now, editable=False)
    retired_at = models.DateTimeField(null=True)

    objects = PolicyQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "policies"
        constraints = (
            models.CheckConstraint(condition=~Q(name=""), name="policies_have_names"),
            models.UniqueConstraint(
                fields=("built_in",), condition=~Q(built_in=""), name="a_built_in_policy_is_here_once"
            ),
        )

    def __str__(self) -> str:
        return self.name

    def latest(self) -> "PolicyVersion":
        return self.versions.order_by("-number")[0]


class PolicyVersion(models.Model):
    """What a policy said from some moment on. Lines point at it, so it never changes."""

    id = models.BigAutoField(primary_key=True)
    policy = models.ForeignKey(Policy, on_delete=models.PROTECT, related_name="versions", db_index=False)
    number = models.PositiveIntegerField()
    content = models.JSONField()
    """As `reviews.routing.parse` reads it."""
    digest = models.CharField(max_length=64)
    """SHA-256 of the content as canonical JSON."""
    made_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(default=now)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("policy", "number"), name="one_version_per_number"),)

    def __str__(self) -> str:
        return f"{self.policy}, version {self.number}"
