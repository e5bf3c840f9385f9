"""The business applications we govern, or know of."""

from typing import Any, Self

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.timezone import now

from core.models import User
from core.models.keys import KeyField, folded


class AppQuerySet(models.QuerySet["App"]):
    def visible_to(self, user: User) -> Self:
        """Apps this person may know about: all for those who run connectors or audit, else those they own."""
        if user.runs_connectors or user.sees_everything:
            return self
        return self.filter(Exists(AppOwner.objects.filter(app=OuterRef("pk"), user=user)))

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
    """A business application: managed once a connector is set up for it, unmanaged while only found."""

    class Status(models.TextChoices):
        MANAGED = "managed", "Managed"
        UNMANAGED = "unmanaged", "Unmanaged"

    id = KeyField(primary_key=True)
    name = models.CharField(max_length=200)
    status = models.CharField(max_length=16, choices=Status)
    found_through = models.CharField(max_length=300, blank=True)
    """Where it was discovered, as people say it: Okta app "Coupa SSO"."""
    found_users = models.PositiveIntegerField(null=True)
    search_text = models.TextField(editable=False)
    created_at = models.DateTimeField(default=now)

    objects = AppQuerySet.as_manager()

    class Meta:
        constraints = (models.CheckConstraint(condition=~Q(name=""), name="apps_have_names"),)
        indexes = (models.Index(fields=("search_text", "id"), name="apps_by_name"),)

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.search_text = folded(self.name)
        super().save(*args, **kwargs)

    @property
    def badge(self) -> str:
        """Two letters for where a logo would stand."""
        words = self.name.split()
        return (words[0][:1] + words[1][:1]).capitalize() if len(words) > 1 else self.name[:2].capitalize()

    def owners_now(self) -> models.QuerySet[User]:
        """The active people who answer for it now."""
        return User.objects.active().filter(owned_apps__app=self).order_by("search_text")


class AppOwner(models.Model):
    """One person answers for one app."""

    app = models.ForeignKey(App, on_delete=models.CASCADE, related_name="ownerships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="owned_apps")
    since = models.DateTimeField(default=now)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("app", "user"), name="an_app_is_owned_once_by_one"),)

    def __str__(self) -> str:
        return f"{self.user} owns {self.app}"
