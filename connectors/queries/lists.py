"""Connectors, apps, accounts and entitlements as their pages show them."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import (
    Count,
    Exists,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Subquery,
)

from connectors import registry
from connectors.contract import Spec
from connectors.models import (
    ACCESS,
    CREDENTIAL,
    Account,
    App,
    Connector,
    ConnectorOwner,
    Entitlement,
    Grant,
    ResourceType,
    SyncRun,
)
from connectors.queries.console import own_connector
from connectors.queries.counting import number_of as _count
from core.models import User
from core.models.keys import folded


def catalogue(words: str = "", *, app: App | None = None) -> list[Spec]:
    """Drivers that can be added, by what a person would type. Reeve itself is offered until it is there, and
    not for an app of anything else."""
    wanted = folded(words).split()
    with_own = app is None and own_connector() is None
    return [
        spec
        for spec in registry.specs()
        if all(word in folded(spec.label, spec.description, *spec.words) for word in wanted)
        and (with_own or not spec.is_own)
    ]


def connector_rows(
    user: User, *, words: str = "", only: str = "", driver: str = "", owner: str = ""
) -> QuerySet[Connector]:
    """The list of connectors. `only`: `mine`, `help` (needs a person), or empty; `owner`: of this person."""
    rows = Connector.objects.here().visible_to(user).select_related("app").order_by("name", "pk")
    for word in words.split():
        rows = rows.filter(
            Q(name__icontains=word)
            | Q(app__search_text__contains=folded(word))
            | Q(driver__in=_drivers_called(word))
            | Q(pk__in=_owned_by(word))
        )
    if driver:
        rows = rows.filter(driver=driver)
    if owner:
        rows = rows.filter(Exists(ConnectorOwner.objects.filter(user=owner, connector=OuterRef("pk"))))
    if only == "mine":
        rows = rows.filter(pk__in=ConnectorOwner.objects.of(user).values("connector"))
    if only == "help":
        rows = rows.filter(NEEDS_HELP)
    owners = ConnectorOwner.objects.select_related("user", "entitlement").order_by("user__search_text", "pk")
    return rows.prefetch_related(Prefetch("ownerships", queryset=owners)).annotate(
        may_manage=Exists(Connector.objects.managed_by(user).filter(pk=OuterRef("pk"))),
        account_count=_count(Account.objects.here().filter(app=OuterRef("app"), source=OuterRef("source"))),
        last_done_at=Subquery(_last_done("pk").values("ended_at")[:1]),
    )


def connector_owners(user: User) -> QuerySet[User]:
    """Whom the list can be narrowed to: owners by name of connectors this person may see."""
    seen = Connector.objects.here().visible_to(user)
    rows = ConnectorOwner.objects.filter(connector__in=seen, user__isnull=False)
    return User.objects.filter(pk__in=rows.values("user")).order_by("search_text", "pk")


def _drivers_called(word: str) -> list[str]:
    return [spec.kind for spec in registry.specs() if folded(word) in folded(spec.label, *spec.words)]


NEEDS_HELP = Q(status__in=(Connector.Status.NOT_CONNECTED, Connector.Status.ERROR, Connector.Status.HELD))
"""Connectors that wait for a person."""


def entitlement_rows(app: App, *, words: str = "", kind: str = "") -> QuerySet[Entitlement]:
    """The entitlements of an app that are still there, with how many accounts hold each."""
    rows = Entitlement.objects.here().filter(app=app).search(words).select_related("resource")
    if kind:
        rows = rows.filter(kind=kind)
    return rows.annotate(holder_count=_count(Grant.objects.here().filter(entitlement=OuterRef("pk"))))


@dataclass(frozen=True, slots=True)
class Counts:
    """What a connector's source holds now, by kind; grants, and accounts that belong to nobody."""

    by_kind: dict[str, int]
    grants: int
    ownerless: int


def counts(connector: Connector) -> Counts:
    """What was read through this connector and is still there; Access, which nobody read, is left out."""
    mine = {"app": connector.app_id, "source": connector.source}
    by_kind = dict(
        Entitlement.objects.here()
        .filter(**mine)
        .exclude(kind=CREDENTIAL)
        .order_by()
        .values_list("kind")
        .annotate(Count("resource", distinct=True))
    )
    accounts = Account.objects.here().filter(**mine)
    return Counts(
        by_kind={"user": accounts.count(), **by_kind},
        grants=Grant.objects.here().of_source(connector.app_id, connector.source).count(),
        ownerless=accounts.without_owner().count(),
    )


ROBOTS = frozenset({"api", "support"})
"""Marks of accounts that are no person's: proposed as Service accounts, and set by nobody but people."""


@dataclass(frozen=True, slots=True)
class AccountCounts:
    """How many accounts of an app each filter of the list would show."""

    everything: int
    ownerless: int
    left: int
    """Of a deactivated owner."""
    disabled_with_access: int
    external: int
    proposed: int
    """Of type User, yet marked as a robot's or the vendor's own support's."""
    marks: dict[str, int]


def account_counts(app: App) -> AccountCounts:
    """Three reads, whatever the number of accounts."""
    accounts = Account.objects.here().filter(app=app)
    numbers = accounts.aggregate(
        everything=Count("pk"),
        ownerless=Count("pk", filter=Q(person=None)),
        left=Count("pk", filter=Q(person__status=User.Status.DEACTIVATED)),
        external=Count("pk", filter=Q(is_external=True)),
    )
    marks: dict[str, int] = {}
    proposed = 0
    for held, kind, number in accounts.order_by().values_list("marks", "type").annotate(Count("pk")):
        proposed += number if kind == Account.Type.USER and ROBOTS.intersection(held) else 0
        for mark in held:
            marks[mark] = marks.get(mark, 0) + number
    return AccountCounts(
        **numbers,
        proposed=proposed,
        disabled_with_access=accounts.disabled_with_access().count(),
        marks=dict(sorted(marks.items())),
    )


@dataclass(frozen=True, slots=True)
class KindCount:
    kind: str
    name: str
    number: int


def entitlement_kinds(app: App) -> list[KindCount]:
    """The kinds of entitlement an app has now, as the app calls them."""
    names = kind_names(app)
    rows = Entitlement.objects.here().filter(app=app).order_by("kind")
    numbers = rows.values_list("kind").annotate(Count("pk"))
    return [KindCount(kind, names.get(kind, kind), number) for kind, number in numbers]


def kinds_read(app: App) -> list[KindCount]:
    """Those of them that the app itself has: without Access, which follows from its accounts."""
    return [each for each in entitlement_kinds(app) if each.kind != CREDENTIAL]


def grants_now(account: Account) -> QuerySet[Grant]:
    """What an account holds now, by name."""
    rows = Grant.objects.here().filter(account=account).select_related("entitlement__resource")
    return rows.order_by("entitlement__search_text", "pk")


def grants_before(account: Account) -> QuerySet[Grant]:
    """What an account held once, the latest loss first."""
    rows = Grant.objects.gone().filter(account=account).select_related("entitlement__resource")
    return rows.order_by("-gone_at", "-pk")


def grant_count(app: App) -> int:
    """How many grants an app has now; Access, which follows from its accounts, is left out."""
    access = Entitlement.objects.filter(app=app, external_id=ACCESS).values("pk")
    return Grant.objects.here().filter(account__app=app).exclude(entitlement__in=access).count()


def data_from(app: App) -> datetime | None:
    """When the last complete run of any of its connectors ended."""
    done = SyncRun.objects.filter(connector__app=app, status=SyncRun.Status.DONE)
    return done.order_by("-id").values_list("ended_at", flat=True).first()


def kind_names(app: App) -> dict[str, str]:
    """How the app calls its kinds of resource."""
    return dict(ResourceType.objects.filter(app=app).values_list("kind", "name"))


def other_accounts(account: Account, user: User) -> QuerySet[Account]:
    """Further accounts of the same person in apps that `user` may know about."""
    if account.person_id is None:
        return Account.objects.none()
    rows = Account.objects.here().visible_to(user).filter(person=account.person_id).exclude(pk=account.pk)
    return rows.select_related("app").order_by("app__search_text", "search_text")


def has_hidden_others(account: Account, user: User) -> bool:
    """Whether the same person has accounts in apps that `user` may not know about."""
    if account.person_id is None:
        return False
    rows = Account.objects.here().filter(person=account.person_id)
    return rows.exclude(app__in=App.objects.visible_to(user)).exists()


def waiting_for(user: User) -> QuerySet[Connector]:
    """Connectors that this person looks after and that wait for a person."""
    mine = ConnectorOwner.objects.of(user).filter(connector=OuterRef("pk"))
    return (
        Connector.objects.here()
        .filter(NEEDS_HELP, Exists(mine))
        .select_related("app", "created_by", "candidate")
        .order_by("name")
    )


def _owned_by(word: str) -> QuerySet[ConnectorOwner, str]:
    return ConnectorOwner.objects.filter(user__search_text__contains=folded(word)).values_list(
        "connector", flat=True
    )


def _last_done(connector: str) -> QuerySet[SyncRun]:
    return SyncRun.objects.filter(connector=OuterRef(connector), status=SyncRun.Status.DONE).order_by("-id")


GRANT_COUNT = _count(Grant.objects.here().filter(account=OuterRef("pk")))
"""How many grants the account of a row holds now."""
HOLDER_COUNT = _count(Grant.objects.here().filter(entitlement=OuterRef("pk")))
"""How many accounts hold the entitlement of a row now."""
