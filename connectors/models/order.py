"""A wish that an app be changed: sent, read back, proven by a later run."""

from collections.abc import Mapping
from typing import ClassVar, Self
from urllib.parse import unquote

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.timezone import now

from connectors.models.app import App
from connectors.models.connector import Connector
from connectors.models.graph import Account, Entitlement
from connectors.models.run import SyncRun
from core.leases import Leased, LeasedQuerySet
from core.models import User
from core.models.keys import KeyField
from core.states import Stateful


class ProvisionOrderQuerySet(LeasedQuerySet["ProvisionOrder"]):
    def visible_to(self, user: User) -> Self:
        """Orders to connectors, and about apps, that this person may know about."""
        mine = Q(connector__in=Connector.objects.visible_to(user)) | Q(app__in=App.objects.visible_to(user))
        return self.filter(mine)

    def undone(self) -> Self:
        return self.filter(status__in=ProvisionOrder.UNDONE)

    def to_carry_out(self) -> Self:
        """A worker may take them: those of paused connectors wait, and so do all others of an account while
        one of them is in hand or has taken what must be given back."""
        ready = Connector.objects.filter(paused_at=None)
        others = ProvisionOrder.objects.filter(account=OuterRef("account")).exclude(pk=OuterRef("pk"))
        return self.filter(~Exists(others.in_the_way()), status__in=ProvisionOrder.OPEN, connector__in=ready)

    def in_the_way(self) -> Self:
        """About the account of such an order no other wish may be made."""
        return self.filter(Q(lease__isnull=False) | ~Q(journal={}))

    def for_screen(self) -> Self:
        """All that a row on screen needs, in one query."""
        return self.select_related("app", "connector", "account", "entitlement__resource", "wanted_by")

    def unproven(self) -> Self:
        """Carried out, or said to be, and not yet confirmed by a run."""
        return self.filter(status__in=ProvisionOrder.UNPROVEN)


class ProvisionOrder(Stateful, Leased):
    """One wish about one account: that it lose or gain an entitlement, be disabled or enabled.

    *Removed* (or granted, disabled, enabled) means that a read-back agreed, *proven* that a later complete
    run saw it too.
    """

    class Verb(models.TextChoices):
        REVOKE = "revoke", "Remove"
        GRANT = "grant", "Give"
        DISABLE = "disable", "Disable"
        ENABLE = "enable", "Enable"

    class Status(models.TextChoices):
        ASKED = "asked", "Waiting for the app owner"
        WANTED = "wanted", "Waiting for a worker"
        SENT = "sent", "Being carried out"
        REMOVED = "removed", "Done, being proven"
        PROVEN = "proven", "Proven"
        CAME_BACK = "came_back", "Came back"
        FAILED = "failed", "Failed"
        MANUAL = "manual", "To be done by hand"
        DROPPED = "dropped", "Dropped"

    OPEN = (Status.WANTED, Status.SENT)
    """A worker has something to do."""
    UNPROVEN = (Status.REMOVED, Status.MANUAL, Status.FAILED)
    """A run that sees the wish fulfilled proves it, whoever fulfilled it."""
    UNDONE = (Status.ASKED, Status.WANTED, Status.SENT, Status.FAILED, Status.MANUAL)
    """A worker or a person has something to do: there is never more than one such order for a pair."""
    BY_PEOPLE = (Status.FAILED, Status.MANUAL, Status.ASKED)
    """Somebody has to act."""
    MOVES: ClassVar[Mapping[str, frozenset[str]]] = {
        Status.ASKED: frozenset({Status.WANTED, Status.MANUAL, Status.DROPPED, Status.PROVEN}),
        Status.WANTED: frozenset({Status.SENT, Status.MANUAL, Status.DROPPED, Status.PROVEN}),
        Status.SENT: frozenset({Status.SENT, Status.REMOVED, Status.FAILED, Status.MANUAL, Status.DROPPED}),
        Status.REMOVED: frozenset({Status.PROVEN, Status.CAME_BACK}),
        Status.PROVEN: frozenset({Status.CAME_BACK}),
        Status.CAME_BACK: frozenset(),
        Status.FAILED: frozenset({Status.WANTED, Status.MANUAL, Status.DROPPED, Status.PROVEN}),
        Status.MANUAL: frozenset({Status.WANTED, Status.REMOVED, Status.DROPPED, Status.PROVEN}),
        Status.DROPPED: frozenset(),
    }

    id = KeyField(primary_key=True)
    app = models.ForeignKey(App, on_delete=models.PROTECT, related_name="orders")
    connector = models.ForeignKey(Connector, null=True, on_delete=models.PROTECT, related_name="orders")
    """What carries it out; None where nothing does and a person has to."""
    verb = models.CharField(max_length=16, choices=Verb)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="orders")
    entitlement = models.ForeignKey(Entitlement, on_delete=models.PROTECT, related_name="orders")
    """For a wish to disable or enable: Access."""
    grant = models.BigIntegerField(null=True)
    """The holding to be ended, by its key."""
    status = models.CharField(max_length=16, choices=Status, default=Status.WANTED)
    reason = models.TextField()
    """Why, as people read it: the campaign and who denied it."""
    wanted_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    wanted_at = models.DateTimeField(default=now)
    confirmed_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    """The owner of the app who said yes, or no, to what was asked for."""
    confirmed_at = models.DateTimeField(null=True)
    journal = models.JSONField(default=dict)
    """What must be given back if a worker dies between two calls; kept before the first of them."""
    sent_at = models.DateTimeField(null=True)
    removed_at = models.DateTimeField(null=True)
    """When a read-back agreed, or a person said that it is done."""
    read_back = models.CharField(max_length=300, blank=True)
    """What the read-back saw, as a sentence."""
    done_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    """Who did it by hand."""
    proven_at = models.DateTimeField(null=True)
    proven_run = models.ForeignKey(
        SyncRun, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    came_back_at = models.DateTimeField(null=True)
    came_back_run = models.ForeignKey(
        SyncRun, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    problem = models.TextField(blank=True)
    told_at = models.DateTimeField(null=True)
    """When people were written to that it needs them; empty again once it no longer does."""

    objects = ProvisionOrderQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("account", "entitlement"),
                condition=Q(status__in=("asked", "wanted", "sent", "failed", "manual")),
                name="one_open_order_per_pair",
            ),
            models.UniqueConstraint(
                fields=("account",), condition=Q(lease__isnull=False), name="one_order_in_hand_per_account"
            ),
        )
        indexes = (
            models.Index(
                fields=("due_at",), condition=Q(status__in=("wanted", "sent")), name="orders_waiting"
            ),
            models.Index(fields=("app", "-id"), name="orders_of_an_app"),
            models.Index(fields=("app",), condition=Q(status="removed"), name="orders_being_proven"),
            models.Index(
                fields=("app",),
                condition=Q(status__in=("failed", "manual", "asked"), told_at=None),
                name="orders_to_tell_of",
            ),
            models.Index(fields=("grant",), condition=Q(grant__isnull=False), name="orders_about_a_grant"),
        )

    def __str__(self) -> str:
        return f"{self.get_verb_display()} {self.thing} of {self.account}"

    @property
    def status_words(self) -> str:
        """What was taken is proven gone, and may come back; what was given may go away again."""
        if self.status == self.Status.PROVEN and self.verb == self.Verb.REVOKE:
            return "Proven gone"
        if self.status == self.Status.CAME_BACK and self.verb in (self.Verb.GRANT, self.Verb.ENABLE):
            return "Went away again"
        return str(self.get_status_display())

    @property
    def is_about_account(self) -> bool:
        """Whether the account itself is meant, not something it holds."""
        return self.verb in (self.Verb.DISABLE, self.Verb.ENABLE)

    @property
    def thing(self) -> str:
        """What is to be taken or given, as people call it: role Buyer; the account itself."""
        if self.is_about_account:
            return "the account"
        kind = unquote(self.entitlement.kind).replace("_", " ")
        return f"{kind} {self.entitlement.name}"

    @property
    def what_to_do(self) -> str:
        """What somebody does at the app who does it by hand."""
        names = dict.fromkeys((self.account.login, self.account.email))
        known = ", ".join([*filter(None, names), f"id {self.account.external_id}"])
        whom = f"{self.account} ({known})"
        match self.verb:
            case self.Verb.DISABLE:
                return f"Disable the account of {whom}."
            case self.Verb.ENABLE:
                return f"Enable the account of {whom}."
            case self.Verb.GRANT:
                return f"Give the {self.thing} to {whom}."
            case _:
                return f"Take the {self.thing} from {whom}."


class OrderCall(models.Model):
    """One request made for an order, and how it was answered."""

    id = models.BigAutoField(primary_key=True)
    order = models.ForeignKey(ProvisionOrder, on_delete=models.CASCADE, related_name="calls")
    at = models.DateTimeField()
    asked = models.TextField()
    status = models.PositiveSmallIntegerField()
    bytes = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    seconds = models.FloatField()

    def __str__(self) -> str:
        return self.asked
