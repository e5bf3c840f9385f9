"""What a role lets its holders do, as a file: attached to an entitlement of one campaign."""

from typing import Self

from django.db import models
from django.utils.timezone import now

from connectors.models import Entitlement
from core.models import User
from core.models.keys import KeyField
from reviews.models.campaign import Campaign


class RoleFileQuerySet(models.QuerySet["RoleFile"]):
    def visible_to(self, user: User) -> Self:
        """Those of campaigns this person may open."""
        return self if user.sees_everything else self.filter(campaign__in=Campaign.objects.visible_to(user))

    def current(self) -> Self:
        """Without those that another took the place of."""
        return self.filter(replaced_by=None)


class RoleFile(models.Model):
    """One file. Never changed and never taken away: a better one is a row that replaces it."""

    id = models.BigAutoField(primary_key=True)
    key = KeyField(unique=True)
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="role_files")
    entitlement = models.ForeignKey(Entitlement, on_delete=models.PROTECT, related_name="+")
    file = models.FileField(upload_to="role-files", max_length=200)
    suffix = models.CharField(max_length=8)
    """By its content."""
    name = models.CharField(max_length=200)
    """As it was called where it came from."""
    sha256 = models.CharField(max_length=64)
    size = models.PositiveIntegerField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=now)
    replaces = models.OneToOneField("self", null=True, on_delete=models.PROTECT, related_name="replaced_by")

    objects = RoleFileQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("campaign", "entitlement"),
                condition=models.Q(replaces=None),
                name="a_role_has_one_first_file",
            ),
        )

    def __str__(self) -> str:
        return self.name
