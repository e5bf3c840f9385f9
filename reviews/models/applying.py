"""Policies in place of the campaign's: chosen in a scope, preferred by apps and entitlements, as frozen."""

from django.db import models
from django.db.models import Q
from django.utils.timezone import now

from connectors.models import App, Entitlement
from core.models import User
from reviews.models.campaign import Campaign, Scope
from reviews.models.policy import Policy, PolicyVersion


class ScopePolicy(models.Model):
    """Who decides on one entitlement of a scope, in place of what would apply else."""

    scope = models.ForeignKey(Scope, on_delete=models.CASCADE, related_name="policies")
    entitlement = models.ForeignKey(Entitlement, on_delete=models.PROTECT, related_name="+")
    policy = models.ForeignKey(Policy, on_delete=models.PROTECT, related_name="in_scopes")

    class Meta:
        verbose_name_plural = "scope policies"
        constraints = (
            models.UniqueConstraint(fields=("scope", "entitlement"), name="one_own_policy_per_entitlement"),
        )

    def __str__(self) -> str:
        return f"{self.policy} for {self.entitlement}"


class PreferredPolicy(models.Model):
    """Who decides on an app, or on one entitlement of it, in campaigns that use preferred policies."""

    app = models.ForeignKey(App, on_delete=models.CASCADE, related_name="+")
    entitlement = models.OneToOneField(Entitlement, null=True, on_delete=models.CASCADE, related_name="+")
    """None: all of the app."""
    policy = models.ForeignKey(Policy, on_delete=models.PROTECT, related_name="preferred_by")
    by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField(default=now)

    class Meta:
        verbose_name_plural = "preferred policies"
        constraints = (
            models.UniqueConstraint(
                fields=("app",), condition=Q(entitlement=None), name="an_app_prefers_one_policy"
            ),
        )

    def __str__(self) -> str:
        return f"{self.policy} for {self.entitlement or self.app}"


class AppliedPolicy(models.Model):
    """The version that applies to some lines of a campaign in place of its own, as frozen with them.

    A row of an entitlement goes before one of its app. Lines stay narrow: theirs is looked up by these.
    """

    class Origin(models.TextChoices):
        OWN = "own", "chosen in the campaign for this entitlement"
        ENTITLEMENT = "entitlement", "preferred by the entitlement"
        APP = "app", "preferred by the app"

    id = models.BigAutoField(primary_key=True)
    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="applied")
    app = models.ForeignKey(App, on_delete=models.PROTECT, related_name="+")
    entitlement = models.ForeignKey(Entitlement, null=True, on_delete=models.PROTECT, related_name="+")
    """None: all of the app."""
    version = models.ForeignKey(PolicyVersion, on_delete=models.PROTECT, related_name="applied")
    origin = models.CharField(max_length=16, choices=Origin)
    name = models.CharField(max_length=500)
    """What it applies to, as that was called then."""

    class Meta:
        verbose_name_plural = "applied policies"
        constraints = (
            models.UniqueConstraint(fields=("campaign", "entitlement"), name="one_version_per_entitlement"),
            models.UniqueConstraint(
                fields=("campaign", "app"), condition=Q(entitlement=None), name="one_version_per_app"
            ),
        )

    def __str__(self) -> str:
        return f"{self.version} for {self.entitlement or self.app}"
