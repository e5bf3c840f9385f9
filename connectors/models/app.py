"""The business applications we govern, or know of."""

from typing import Any, Self

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.timezone import now

from connectors.models.ownership import Ownership, OwnershipQuerySet, constraints
from core.models import Role, User
from core.models.keys import KeyField, folded


class AppQuerySet(models.QuerySet["App"]):
    def here(self) -> Self:
        """Apps that nobody deleted: deleted ones stay for the evidence that rests on them."""
        return self.exclude(status=App.Status.DELETED)

    def visible_to(self, user: User) -> Self:
        """Apps this person may know about: all for auditors, deleted ones too; all that are here for those
        who run connectors; else those they own, and for an Application Administrator those only found."""
        if user.sees_everything:
            return self
        if user.runs_connectors:
            return self.here()
        mine = Q(Exists(AppOwner.objects.of(user).filter(app=OuterRef("pk"))))
        found = Q(status=App.Status.UNMANAGED)
        return self.here().filter(mine | found if user.has_role(Role.APPLICATION) else mine)

    def governed_by(self, user: User) -> Self:
        """Apps this person may change: all for a Super Administrator; their own for an owner who is an
        Application Administrator (row B7)."""
        if user.is_super:
            return self.here()
        return self.here().owned_by(user) if user.has_role(Role.APPLICATION) else self.none()

    def owned_by(self, user: User) -> Self:
        return self.filter(Exists(AppOwner.objects.of(user).filter(app=OuterRef("pk"))))

    def managed(self) -> Self:
        return self.filter(status=App.Status.MANAGED)

    def unmanaged(self) -> Self:
        return self.filter(status=App.Status.UNMANAGED)

    def search(self, words: str) -> Self:
        rows = self
        for word in folded(words).split():
            rows = rows.filter(search_text__contains=word)
        return rows


class App(models.Model):
    """A business application: managed once somebody answers for it, unmanaged while only found."""

    class Status(models.TextChoices):
        MANAGED = "managed", "Managed"
        UNMANAGED = "unmanaged", "Unmanaged"
        DELETED = "deleted", "Deleted"

    class Matching(models.TextChoices):
        NARROW = "narrow", "E-mail and login"
        BROAD = "broad", "E-mail, login, then name"
        COUPA = "default", "Employee number, e-mail, login"
        CUSTOM = "custom", "Pairs of your own"
        KEY = "key", "The person it is"

    class WhenAsked(models.TextChoices):
        CONFIRMED = "confirmed", "After an owner of the app confirms it"
        AT_ONCE = "at_once", "At once"

    id = KeyField(primary_key=True)
    name = models.CharField(max_length=200)
    status = models.CharField(max_length=16, choices=Status)
    description = models.TextField(blank=True)
    """What it is for, in words for whoever reviews or asks for access."""
    annotations = models.JSONField(default=dict, blank=True)
    """Key to value, for scripts of the organisation's own."""
    icon = models.CharField(max_length=64, blank=True)
    """The name of an icon of ours; empty: two letters of the name."""
    found_through = models.CharField(max_length=300, blank=True)
    """Where it was discovered, as people say it: Okta app "Coupa SSO"."""
    provider = models.CharField(max_length=200, blank=True)
    provider_id = models.CharField(max_length=300, blank=True)
    """Its id at the identity provider that listed it."""
    found_users = models.PositiveIntegerField(null=True)
    unlisted_at = models.DateTimeField(null=True)
    """Since when the list of its provider no longer names it."""
    matching = models.CharField(max_length=16, choices=Matching, default=Matching.COUPA)
    pairs = models.JSONField(default=list, blank=True)
    """For pairs of your own: `[["account field", "person field"], ...]`, the first that matches wins."""
    drops_plus = models.BooleanField(default=False)
    """Whether `name+word@example.com` is read as `name@example.com` when matching."""
    when_asked = models.CharField(max_length=16, choices=WhenAsked, default=WhenAsked.CONFIRMED)
    """When access is removed that somebody else than its owners asks to have removed."""
    search_text = models.TextField(editable=False)
    created_at = models.DateTimeField(default=now)
    changed_at = models.DateTimeField(default=now, editable=False)
    deleted_at = models.DateTimeField(null=True)
    deleted_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")

    objects = AppQuerySet.as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(condition=~Q(name=""), name="apps_have_names"),
            models.UniqueConstraint(
                fields=("provider", "provider_id"), condition=~Q(provider_id=""), name="an_app_is_found_once"
            ),
        )
        indexes = (models.Index(fields=("search_text", "id"), name="apps_by_name"),)

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.search_text = folded(self.name)
        super().save(*args, **kwargs)

    @property
    def is_console(self) -> bool:
        """Whether it is Reeve itself: only the console reads it, and each account is the person it is."""
        return self.matching == self.Matching.KEY

    @property
    def badge(self) -> str:
        """Two letters for where a logo would stand."""
        words = self.name.split()
        return (words[0][:1] + words[1][:1]).capitalize() if len(words) > 1 else self.name[:2].capitalize()

    def owners_now(self) -> models.QuerySet[User]:
        """The active people who answer for it now."""
        return AppOwner.objects.filter(app=self).people()


class AppOwner(Ownership):
    """Somebody answers for one app."""

    app = models.ForeignKey(App, on_delete=models.CASCADE, related_name="ownerships")

    objects = OwnershipQuerySet["AppOwner"].as_manager()

    class Meta:
        constraints = constraints("app", "app")
