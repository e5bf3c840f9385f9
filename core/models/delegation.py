"""Who stands in for whom."""

from django.db import models
from django.db.models import F, Q
from django.utils.timezone import now

from core.models.user import User


class Delegation(models.Model):
    """Who takes over a person's new tasks for a while. One a person; the trail keeps those that were."""

    person = models.OneToOneField(User, on_delete=models.CASCADE, related_name="delegation")
    delegate = models.ForeignKey(User, on_delete=models.CASCADE, related_name="delegated_by")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    """The first moment after it."""
    created_at = models.DateTimeField(default=now)

    class Meta:
        constraints = (
            models.CheckConstraint(condition=~Q(person=F("delegate")), name="nobody_is_their_own_delegate"),
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="delegations_end_after_they_start"
            ),
        )

    def __str__(self) -> str:
        return f"{self.delegate} for {self.person}"
