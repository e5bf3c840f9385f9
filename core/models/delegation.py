"""Who stands in for whom."""

from datetime import datetime, timedelta
from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils.timezone import now

from core.models.user import User


class DelegationQuerySet(models.QuerySet["Delegation"]):
    def active(self, at: datetime) -> Self:
        """Those in force at that moment. Who is deactivated stands in for nobody."""
        return self.not_over(at).filter(starts_at__lte=at, delegate__status=User.Status.ACTIVE)

    def not_over(self, at: datetime) -> Self:
        """Those in force at that moment, or later."""
        return self.filter(ends_at__gt=at)


class Delegation(models.Model):
    """Who takes over a person's new tasks for a while. One a person; the trail keeps those that were."""

    person = models.OneToOneField(User, on_delete=models.CASCADE, related_name="delegation")
    delegate = models.ForeignKey(User, on_delete=models.CASCADE, related_name="delegated_by")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    """The first moment after it."""
    created_at = models.DateTimeField(default=now)

    objects = DelegationQuerySet.as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(condition=~Q(person=F("delegate")), name="nobody_is_their_own_delegate"),
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="delegations_end_after_they_start"
            ),
        )

    def __str__(self) -> str:
        return f"{self.delegate} for {self.person}"

    @property
    def last_at(self) -> datetime:
        """Its last minute, as people are told it: a last day ends at 23:59."""
        return self.ends_at - timedelta(minutes=1)
