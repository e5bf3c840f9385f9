"""Who answers for a thing: people by name, or whoever holds an entitlement (decision 13)."""

from typing import Any, Self

from django.db import models
from django.db.models import Q
from django.utils.timezone import now

from core.models import User

HOLDS = {
    "entitlement__gone_at": None,
    "entitlement__grants__gone_at": None,
    "entitlement__grants__account__gone_at": None,
    "entitlement__grants__account__status": "enabled",
}
"""An entitlement makes owners of those who hold it now, by an account that is enabled."""
HOLDER = "entitlement__grants__account__person"


class OwnershipQuerySet[M: "Ownership"](models.QuerySet[M]):
    def of(self, user: User) -> Self:
        """What this person owns, by name or by what they hold. A row may come more than once."""
        return self.filter(Q(user=user) | Q(**HOLDS, **{HOLDER: user}))

    def of_active_people(self) -> Self:
        """Rows that somebody active stands behind. A row may come more than once."""
        active = User.Status.ACTIVE
        return self.filter(Q(user__status=active) | Q(**HOLDS, **{f"{HOLDER}__status": active}))

    def people(self) -> models.QuerySet[User]:
        """The active people behind these rows, each once."""
        named = self.filter(user__isnull=False).values("user")
        holders = self.filter(**HOLDS).exclude(**{HOLDER: None}).values(HOLDER)
        return User.objects.active().filter(Q(pk__in=named) | Q(pk__in=holders)).order_by("search_text")


class Ownership(models.Model):
    """One person, or everybody who holds one entitlement, answers for one thing."""

    user = models.ForeignKey(User, null=True, blank=True, on_delete=models.CASCADE, related_name="%(class)ss")
    entitlement = models.ForeignKey(
        "connectors.Entitlement", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    since = models.DateTimeField(default=now)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """As lists show it: a name, or whose holders answer."""
        return self.user.name if self.user else f"Holders of {self.entitlement}"


def constraints(thing: str, name: str) -> tuple[Any, ...]:
    """A person or an entitlement, never both nor neither, and each but once."""
    either = Q(user__isnull=True) ^ Q(entitlement__isnull=True)
    return (
        models.CheckConstraint(condition=either, name=f"{name}_owned_by_one_kind"),
        models.UniqueConstraint(fields=(thing, "user"), name=f"{name}_owned_once_by_one"),
        models.UniqueConstraint(fields=(thing, "entitlement"), name=f"{name}_owned_once_by_holders"),
    )
