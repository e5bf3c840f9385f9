"""How people prove who they are, beside a password."""

from collections.abc import Mapping
from typing import ClassVar

from django.db import models
from django.utils.timezone import now

from core.models.keys import KeyField, SealedField
from core.models.user import Role, User
from core.states import Stateful


class IdentityProvider(Stateful):
    """An OpenID Connect provider as typed on the settings page. Tried first; at most one is in force."""

    class Status(models.TextChoices):
        DRAFT = "draft", "To be tried"
        TRIED = "tried", "Tried, not in force"
        IN_FORCE = "in_force", "In force"
        REPLACED = "replaced", "Replaced"

    MOVES: ClassVar[Mapping[str, frozenset[str]]] = {
        Status.DRAFT: frozenset({Status.TRIED, Status.REPLACED}),
        Status.TRIED: frozenset({Status.IN_FORCE, Status.REPLACED}),
        Status.IN_FORCE: frozenset({Status.REPLACED}),
        Status.REPLACED: frozenset(),
    }

    id = KeyField(primary_key=True)
    status = models.CharField(max_length=16, choices=Status, default=Status.DRAFT)
    label = models.CharField(max_length=100)
    """On the button: "Sign in with ..."."""
    issuer = models.CharField(max_length=500)
    client_id = models.CharField(max_length=300)
    sealed = SealedField(blank=True)
    """The client secret, sealed. Empty once it is replaced."""
    secret_set_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    secret_set_at = models.DateTimeField(default=now)
    """When the secret was typed; further drafts take it along."""
    scopes = models.CharField(max_length=300, default="openid email profile")
    creates_people = models.BooleanField(default=False)
    """Whether a verified e-mail of a trusted domain makes a Basic User at first sign-in."""
    role_claim = models.CharField(max_length=100, blank=True)
    role_map = models.JSONField(default=dict, blank=True)
    """Value of the claim -> role; recomputed at each sign-in."""
    problem = models.TextField(blank=True)
    """Why the last try failed."""
    claims = models.JSONField(default=dict)
    """What the provider said at the last try, tokens left out."""
    saved_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    saved_at = models.DateTimeField(default=now)
    tried_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("status",),
                condition=models.Q(status="in_force"),
                name="one_identity_provider_in_force",
            ),
        )

    def __str__(self) -> str:
        return self.label

    def roles_given(self) -> Mapping[str, str]:
        """Value of the role claim -> the role it gives, as people call it."""
        return {value: Role(role).label for value, role in self.role_map.items()}


class ProviderTie(models.Model):
    """Whom an identity provider means by a subject (OpenID Connect Core 1.0, 2: `sub` is never given again).

    Made when somebody first comes; from then on the e-mail alone opens nothing. Some providers give each
    client other subjects (8.1, pairwise), so the client belongs to it.
    """

    id = KeyField(primary_key=True)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="provider_ties")
    issuer = models.CharField(max_length=500)
    client_id = models.CharField(max_length=300)
    subject = models.CharField(max_length=255)
    since = models.DateTimeField(default=now)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("issuer", "client_id", "subject"), name="a_subject_is_one_person"
            ),
            models.UniqueConstraint(fields=("user", "issuer", "client_id"), name="a_person_is_one_subject"),
        )

    def __str__(self) -> str:
        return f"{self.user} at {self.issuer}"


class SecondFactor(models.Model):
    """A person's authenticator app: codes by time (RFC 6238), and codes for when it is lost."""

    user = models.OneToOneField(
        User, primary_key=True, on_delete=models.CASCADE, related_name="second_factor"
    )
    sealed = SealedField()
    """The shared secret, sealed."""
    confirmed_at = models.DateTimeField(null=True)
    """When a first code was typed; until then it is not asked for."""
    last_step = models.BigIntegerField(default=0)
    """The time step of the last code taken: a code works once."""
    recovery = models.JSONField(default=list)
    """Digests of the codes not used yet."""
    created_at = models.DateTimeField(default=now)

    def __str__(self) -> str:
        return f"Second factor of {self.user}"
