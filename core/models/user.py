"""People known to the console, and the roles they hold."""

from collections.abc import Iterator
from typing import Any, ClassVar, Self

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Lower
from django.utils.timezone import now

from core.models.keys import KeyField, folded


class Role(models.TextChoices):
    """What a person may do beside owning things. Roles add up."""

    SUPER = "super", "Super Administrator"
    CONNECTOR = "connector", "Connector Administrator"
    APPLICATION = "application", "Application Administrator"
    CAMPAIGN = "campaign", "Campaign Administrator"
    REQUEST = "request", "Access Request Administrator"
    READ_ONLY = "read_only", "Read-Only Administrator"
    HELPDESK = "helpdesk", "Request Helpdesk"
    BASIC = "basic", "Basic User"


ADMINISTRATORS = frozenset(set(Role) - {Role.BASIC})
"""Roles whose holders see everybody's profile, and whose sessions end sooner."""


class UserQuerySet(models.QuerySet["User"]):
    def active(self) -> Self:
        return self.filter(status=User.Status.ACTIVE)

    def holding(self, *roles: Role) -> Self:
        return self.filter(Exists(RoleHolding.objects.filter(user=OuterRef("pk"), role__in=roles)))

    def visible_to(self, user: "User") -> Self:
        """Pickers show name and e-mail of everyone to everyone signed in."""
        return self if user.is_active else self.none()

    def profiles_visible_to(self, user: "User") -> Self:
        """Whose page this person may open: their own and their direct reports'; administrators everyone's."""
        if not user.is_active:
            return self.none()
        if user.is_administrator:
            return self
        reports = Reporting.objects.filter(person=OuterRef("pk"), manager=user)
        return self.filter(Q(pk=user.pk) | Exists(reports))

    def search(self, words: str) -> Self:
        """Everyone in whose name, e-mail or title every word stands."""
        rows = self
        for word in folded(words).split():
            rows = rows.filter(search_text__contains=word)
        return rows


UserManager = BaseUserManager.from_queryset(UserQuerySet)


class User(AbstractBaseUser):
    """A person. Signs in with an e-mail address; may have no password yet."""

    class Status(models.TextChoices):
        ACTIVE = "active", "Active"
        DEACTIVATED = "deactivated", "Deactivated"

    class Theme(models.TextChoices):
        SYSTEM = "", "As the system"
        LIGHT = "light", "Light"
        DARK = "dark", "Dark"

    id = KeyField(primary_key=True)
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=200)
    title = models.CharField(max_length=200, blank=True)
    department = models.CharField(max_length=200, blank=True)
    employee_id = models.CharField(max_length=100, blank=True)
    managers = models.ManyToManyField(
        "self",
        through="Reporting",
        through_fields=("person", "manager"),
        symmetrical=False,
        related_name="reports",
    )
    status = models.CharField(max_length=16, choices=Status, default=Status.ACTIVE)
    time_zone = models.CharField(max_length=64, blank=True)
    """For display to this person alone; empty: the organisation's."""
    theme = models.CharField(max_length=8, choices=Theme, default=Theme.SYSTEM, blank=True)
    sessions = models.CharField(max_length=32, blank=True, editable=False)
    """Part of what a session is known by: another value here ends every session of this person."""
    search_text = models.TextField(editable=False)
    created_at = models.DateTimeField(default=now, editable=False)
    changed_at = models.DateTimeField(default=now, editable=False)
    """When the facts about this person last changed: an edit form that knows an older one is stale."""

    objects = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(email=Lower("email")), name="emails_are_lower_case"),
            models.CheckConstraint(condition=~Q(name=""), name="people_have_names"),
        )

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.email = self.email.lower()
        self.fold()
        super().save(*args, **kwargs)

    def fold(self) -> None:
        """Bring the search column up to date; `save` does it, many at once do not."""
        self.search_text = folded(self.name, self.email, self.title)

    def get_session_auth_hash(self) -> str:
        """What a session must know: Django's hash of the password, and `sessions`."""
        return super().get_session_auth_hash() + self.sessions

    def get_session_auth_fallback_hash(self) -> Iterator[str]:
        for each in super().get_session_auth_fallback_hash():
            yield each + self.sessions

    @property
    def is_active(self) -> bool:  # type: ignore[override]  # Django's base class has a plain attribute
        return self.status == self.Status.ACTIVE

    @property
    def initials(self) -> str:
        words = self.name.split()
        return "".join(word[0] for word in (words[:1] + words[-1:] if len(words) > 1 else words)).upper()

    def roles(self) -> frozenset[str]:
        """The roles held, read once for each copy of this row."""
        if not hasattr(self, "_roles"):
            self._roles = frozenset(self.holdings.values_list("role", flat=True))
        return self._roles

    def has_role(self, *roles: Role) -> bool:
        return not self.roles().isdisjoint(roles)

    @property
    def is_super(self) -> bool:
        return self.has_role(Role.SUPER)

    @property
    def is_administrator(self) -> bool:
        """Whether any role beyond Basic User is held."""
        return self.has_role(*ADMINISTRATORS)

    @property
    def may_act(self) -> bool:
        """Whether this person may answer tasks and ask for access: nobody may who holds Read-Only, whatever
        else they hold. Auditors decide nothing of what they look at."""
        return bool(self.roles()) and not self.has_role(Role.READ_ONLY)

    @property
    def sees_everything(self) -> bool:
        """Whether every page that shows facts is open, secrets excepted: for auditors."""
        return self.has_role(Role.SUPER, Role.READ_ONLY)

    @property
    def runs_connectors(self) -> bool:
        """Whether this person may see and change every connector and app."""
        return self.has_role(Role.SUPER, Role.CONNECTOR)

    @property
    def has_come_in(self) -> bool:
        """Whether this person ever signed in; until then an invitation is open."""
        return self.last_login is not None


class RoleHolding(models.Model):
    """One person holds one role."""

    class Source(models.TextChoices):
        HAND = "hand", "Given here"
        PROVIDER = "provider", "From the identity provider"

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="holdings")
    role = models.CharField(max_length=16, choices=Role)
    source = models.CharField(max_length=16, choices=Source, default=Source.HAND)
    since = models.DateTimeField(default=now)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("user", "role"), name="a_role_is_held_once"),)

    def __str__(self) -> str:
        return f"{self.user}: {self.get_role_display()}"


class Reporting(models.Model):
    """One person reports to one manager. There may be several."""

    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="reporting")
    manager = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("person", "manager"), name="one_reports_once_to_one"),
            models.CheckConstraint(condition=~Q(person=F("manager")), name="nobody_reports_to_themselves"),
        )

    def __str__(self) -> str:
        return f"{self.person} reports to {self.manager}"
