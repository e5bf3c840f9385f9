"""The access found: accounts, resources, entitlements, and who holds what. Nothing here is ever deleted.

Rows are keyed by (app, source, the vendor's id). A row no longer seen by a complete run gets
`gone_at`; one that did not change is never written again.
"""

from typing import Self

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.timezone import now

from connectors.models.app import App
from connectors.models.ownership import Ownership, OwnershipQuerySet, constraints
from core.models import User
from core.models.keys import BytewiseField, KeyField, folded

CREDENTIAL = "credential"
"""The kind of the one entitlement that no source names: being able to sign in."""
ACCESS = f"{CREDENTIAL}:account:access"
"""Its external id, the same in every app."""


class GraphQuerySet[M: "GraphRow"](models.QuerySet[M]):
    def here(self) -> Self:
        """Rows that the latest complete run still saw."""
        return self.filter(gone_at=None)

    def visible_to(self, user: User) -> Self:
        return self.filter(app__in=App.objects.visible_to(user))

    def search(self, words: str) -> Self:
        rows = self
        for word in folded(words).split():
            rows = rows.filter(search_text__contains=word)
        return rows


class GraphRow(models.Model):
    """What a source told us of, and which runs saw it come, change and go."""

    app = models.ForeignKey(App, on_delete=models.PROTECT, related_name="+", db_index=False)
    source = models.CharField(max_length=200)
    external_id = BytewiseField(max_length=300)
    digest = models.CharField(max_length=32)
    """Of the record as the driver gave it: equal digest, equal row, no write."""
    first_run = models.BigIntegerField()
    changed_run = models.BigIntegerField()
    gone_run = models.BigIntegerField(null=True)
    first_seen_at = models.DateTimeField(default=now)
    changed_at = models.DateTimeField(default=now)
    gone_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True


class ResourceType(models.Model):
    """A kind of thing access is about: Role, Group, License."""

    id = models.BigAutoField(primary_key=True)
    app = models.ForeignKey(App, on_delete=models.PROTECT, related_name="resource_types", db_index=False)
    source = models.CharField(max_length=200)
    kind = models.CharField(max_length=64)
    name = models.CharField(max_length=200)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("app", "source", "kind"), name="one_type_per_kind"),)

    def __str__(self) -> str:
        return self.name


class Resource(GraphRow):
    """One thing access is about. Its external id reads `{kind}:{the vendor's id}`."""

    id = KeyField(primary_key=True)
    kind = models.CharField(max_length=64)
    name = models.CharField(max_length=300)
    description = models.TextField(blank=True)
    profile = models.JSONField(default=dict)
    own_name = models.CharField(max_length=300, blank=True)
    """Given here and never written back; empty: as the source has it. No sync touches it."""
    own_description = models.TextField(blank=True)
    settings_changed_at = models.DateTimeField(null=True)
    search_text = models.TextField(default="")

    objects = GraphQuerySet["Resource"].as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("app", "source", "external_id"), name="one_resource_per_external_id"
            ),
        )

    def __str__(self) -> str:
        return self.shown_name

    @property
    def shown_name(self) -> str:
        return self.own_name or self.name

    @property
    def shown_description(self) -> str:
        return self.own_description or self.description


class ResourceOwner(Ownership):
    """Somebody answers for one resource."""

    resource = models.ForeignKey(Resource, on_delete=models.CASCADE, related_name="ownerships")

    objects = OwnershipQuerySet["ResourceOwner"].as_manager()

    class Meta:
        constraints = constraints("resource", "resource")


class Entitlement(GraphRow):
    """One permission on one resource."""

    id = KeyField(primary_key=True)
    kind = models.CharField(max_length=64)
    resource = models.ForeignKey(Resource, on_delete=models.PROTECT, related_name="entitlements")
    slug = models.CharField(max_length=64)
    name = models.CharField(max_length=300)
    description = models.TextField(blank=True)
    own_slug = models.CharField(max_length=64, blank=True)
    """Given here; empty: as the source has it. No sync touches it, nor what follows."""
    own_description = models.TextField(blank=True)
    alias = models.CharField(max_length=200, blank=True)
    """A short name of the organisation's own, unique within the app."""
    risk = models.CharField(max_length=100, blank=True)
    """The name of a risk level (Tag)."""
    frameworks = models.JSONField(default=list, blank=True)
    """Names of compliance frameworks (Tag)."""
    is_locked = models.BooleanField(default=False)
    """Rules pass it over."""
    BY_PERSON = "person"
    tagged_by_rule = models.CharField(max_length=27, blank=True)
    """The rule that gave it risk and frameworks; `BY_PERSON`: somebody, who may have said none."""
    settings_changed_at = models.DateTimeField(null=True)
    search_text = models.TextField()

    objects = GraphQuerySet["Entitlement"].as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("app", "source", "external_id"), name="one_entitlement_per_external_id"
            ),
        )
        indexes = (models.Index(fields=("app", "search_text", "id"), name="entitlements_by_name"),)

    def __str__(self) -> str:
        return self.name

    @property
    def shown_slug(self) -> str:
        return self.own_slug or self.slug

    @property
    def shown_description(self) -> str:
        return self.own_description or self.description


class EntitlementOwner(Ownership):
    """Somebody answers for one entitlement. `thing` is it; `entitlement` whose holders do."""

    thing = models.ForeignKey(Entitlement, on_delete=models.CASCADE, related_name="ownerships")

    objects = OwnershipQuerySet["EntitlementOwner"].as_manager()

    class Meta:
        constraints = constraints("thing", "entitlement")


class TagRule(models.Model):
    """Gives risk and frameworks to entitlements that fit it, in order, the first that fits (row B24)."""

    id = KeyField(primary_key=True)
    app = models.ForeignKey(App, on_delete=models.CASCADE, related_name="tag_rules")
    rank = models.PositiveSmallIntegerField(default=0)
    name = models.CharField(max_length=200)
    is_on = models.BooleanField(default=False)
    kind = models.CharField(max_length=64, blank=True)
    """The resource type; empty: any."""
    words = models.CharField(max_length=300, blank=True)
    """Words that the name must hold, case and accents apart; empty: any name."""
    risk = models.CharField(max_length=100, blank=True)
    frameworks = models.JSONField(default=list, blank=True)
    changed_at = models.DateTimeField(default=now, editable=False)

    class Meta:
        ordering = ("rank", "id")
        constraints = (models.CheckConstraint(condition=~Q(name=""), name="tag_rules_have_names"),)

    def __str__(self) -> str:
        return self.name


class AccountQuerySet(GraphQuerySet["Account"]):
    def without_owner(self) -> Self:
        return self.filter(person=None)

    def disabled_with_access(self) -> Self:
        held = Grant.objects.filter(account=OuterRef("pk"), gone_at=None)
        return self.filter(Exists(held), status=Account.Status.DISABLED)


class Account(GraphRow):
    """A login inside an app, a person's or a robot's."""

    class Status(models.TextChoices):
        ENABLED = "enabled", "Enabled"
        DISABLED = "disabled", "Disabled"
        DELETED = "deleted", "Deleted"
        UNKNOWN = "unknown", "Unknown"

    class Type(models.TextChoices):
        USER = "user", "User"
        SERVICE = "service", "Service account"
        SYSTEM = "system", "System account"

    class Match(models.TextChoices):
        NONE = "", "No owner"
        EMPLOYEE_ID = "employee_id", "employee number"
        EMAIL = "email", "e-mail"
        LOGIN = "login", "login"
        NAME = "name", "name"
        PAIR = "pair", "a pair of fields"
        KEY = "key", "being that person"
        BY_HAND = "hand", "set by hand"
        CLEARED = "cleared", "cleared by hand"

    BY_PEOPLE = (Match.BY_HAND, Match.CLEARED)
    """No sync changes what people decided."""

    id = KeyField(primary_key=True)
    login = models.CharField(max_length=300, blank=True)
    email = models.CharField(max_length=300, blank=True)
    name = models.CharField(max_length=300, blank=True)
    employee_id = models.CharField(max_length=100, blank=True)
    status = models.CharField(max_length=16, choices=Status)
    status_word = models.CharField(max_length=64, blank=True)
    type = models.CharField(max_length=16, choices=Type, default=Type.USER)
    """Set by people, never by a sync."""
    marks = models.JSONField(default=list)
    """How the vendor marks it: `api`, `supplier`, `support`."""
    profile = models.JSONField(default=dict)
    person = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="accounts")
    matched_by = models.CharField(max_length=16, choices=Match, default=Match.NONE, blank=True)
    match_hint = models.CharField(max_length=200, blank=True)
    """Why nobody was matched where somebody nearly was."""
    owner_set_at = models.DateTimeField(null=True)
    owner_set_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    """Who set or cleared its owner by hand."""
    is_external = models.BooleanField(default=False)
    """Its e-mail is of none of the organisation's domains (row B15)."""
    search_text = models.TextField()

    objects = AccountQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("app", "source", "external_id"), name="one_account_per_external_id"
            ),
        )
        indexes = (models.Index(fields=("app", "search_text", "id"), name="accounts_by_name"),)

    def __str__(self) -> str:
        return self.name or self.login or self.email or self.external_id


class GrantQuerySet(models.QuerySet["Grant"]):
    def here(self) -> Self:
        return self.filter(gone_at=None)

    def of_source(self, app: App | str, source: str) -> Self:
        """What that source itself told of: Access, which follows from the accounts, is left out."""
        access = Entitlement.objects.filter(app=app, source=source, external_id=ACCESS).values("pk")[:1]
        return self.filter(account__app=app, account__source=source).exclude(entitlement__in=access)

    def gone(self) -> Self:
        return self.filter(gone_at__isnull=False)  # said as the partial indexes are: SQLite sees no other


class Grant(models.Model):
    """One uninterrupted holding of one entitlement by one account. If it comes back, that is a new row.

    No foreign key is checked by the database here: three of them make a large sync three times as dear.
    """

    id = models.BigAutoField(primary_key=True)
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="grants", db_constraint=False, db_index=False
    )
    entitlement = models.ForeignKey(
        Entitlement, on_delete=models.PROTECT, related_name="grants", db_constraint=False, db_index=False
    )
    first_run = models.BigIntegerField()
    gone_run = models.BigIntegerField(null=True)
    since = models.DateTimeField()
    gone_at = models.DateTimeField(null=True)

    objects = GrantQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("account", "entitlement"), condition=Q(gone_at=None), name="one_open_grant_per_pair"
            ),
        )
        indexes = (
            models.Index(fields=("entitlement",), name="grants_of_an_entitlement"),
            models.Index(fields=("since", "id"), name="grants_by_start"),
            models.Index(fields=("gone_at", "id"), condition=Q(gone_at__isnull=False), name="grants_by_end"),
            models.Index(
                fields=("account",), condition=Q(gone_at__isnull=False), name="past_grants_of_an_account"
            ),
            models.Index(
                fields=("gone_run",), condition=Q(gone_run__isnull=False), name="grants_a_run_ended"
            ),
        )

    def __str__(self) -> str:
        return f"{self.account_id} holds {self.entitlement_id}"
