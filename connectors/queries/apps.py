"""Apps: their lists, what would go with one, what a provider listed, and who else could be its owners."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Self

from django.db.models import Count, Exists, F, OuterRef, Prefetch, Q, QuerySet, Subquery, Sum

from connectors.models import CREDENTIAL, Account, App, AppOwner, Connector, Entitlement, Grant, SyncRun
from connectors.queries.counting import number_of
from connectors.queries.lists import grant_count
from core.models import User
from core.models.keys import folded

MATCHES = 20
NO_OWNER, MINE, UNLISTED = "no-owner", "mine", "unlisted"
NO_CONNECTOR = "none"


@dataclass(frozen=True, slots=True)
class WantedApps:
    """What the address of the list asks for. What is not known there asks for nothing."""

    status: str = App.Status.MANAGED
    words: str = ""
    only: str = ""
    """`no-owner`, `mine`, `unlisted`, or empty."""
    provider: str = ""
    state: str = ""
    """A status of a connector, `none` for apps that nothing reads, or empty."""

    @classmethod
    def of(cls, asked: Mapping[str, str]) -> Self:
        is_found = asked.get("tab") == App.Status.UNMANAGED
        only, state = asked.get("only", ""), asked.get("state", "")
        return cls(
            status=App.Status.UNMANAGED if is_found else App.Status.MANAGED,
            words=asked.get("q", "")[:200].strip(),
            only=only if only in (NO_OWNER, MINE, UNLISTED) else "",
            provider=asked.get("provider", ""),
            state=state if state in (*Connector.Status.values, NO_CONNECTOR) and not is_found else "",
        )

    @property
    def is_narrowed(self) -> bool:
        return bool(self.words or self.only or self.provider or self.state)


def app_rows(user: User, wanted: WantedApps) -> QuerySet[App]:
    """The list of apps with what was read of each."""
    owners = AppOwner.objects.select_related("user", "entitlement").order_by("user__search_text", "pk")
    live = Connector.objects.here().order_by("created_at")
    rows = _narrowed(App.objects.visible_to(user).filter(status=wanted.status), user, wanted)
    return rows.prefetch_related(
        Prefetch("ownerships", queryset=owners), Prefetch("connectors", queryset=live)
    ).annotate(
        account_count=number_of(Account.objects.here().filter(app=OuterRef("pk"))),
        ownerless_count=number_of(Account.objects.here().filter(app=OuterRef("pk"), person=None)),
        entitlement_count=number_of(
            Entitlement.objects.here().filter(app=OuterRef("pk")).exclude(kind=CREDENTIAL)
        ),
        data_from=Subquery(
            SyncRun.objects.filter(connector__app=OuterRef("pk"), status=SyncRun.Status.DONE)
            .order_by("-id")
            .values("ended_at")[:1]
        ),
    )


def _narrowed(rows: QuerySet[App], user: User, wanted: WantedApps) -> QuerySet[App]:
    for word in folded(wanted.words).split():
        owned = AppOwner.objects.filter(user__search_text__contains=word).values("app")
        rows = rows.filter(Q(search_text__contains=word) | Q(pk__in=owned))
    if wanted.only:
        rows = rows.filter(_only(user)[wanted.only])
    if wanted.provider:
        rows = rows.filter(provider=wanted.provider)
    live = Connector.objects.here().filter(app=OuterRef("pk"))
    if wanted.state == NO_CONNECTOR:
        return rows.filter(~Exists(live))
    return rows.filter(Exists(live.filter(status=wanted.state))) if wanted.state else rows


def _only(user: User) -> dict[str, Q]:
    answering = AppOwner.objects.of_active_people().filter(app=OuterRef("pk"))
    return {
        NO_OWNER: Q(~Exists(answering)),
        MINE: Q(pk__in=App.objects.owned_by(user).values("pk")),
        UNLISTED: Q(unlisted_at__isnull=False),
    }


@dataclass(frozen=True, slots=True)
class AppFilter:
    """One filter of the list, and how many apps it would show."""

    value: str
    label: str
    number: int


def app_filters(user: User, status: str) -> list[AppFilter]:
    """The filters that would show something."""
    labels = {NO_OWNER: "No owner", MINE: "Mine", UNLISTED: "Not in the last list"}
    if status == App.Status.UNMANAGED:
        del labels[NO_OWNER], labels[MINE]  # nobody answers for any of them yet
    rows, narrow = App.objects.visible_to(user).filter(status=status), _only(user)
    found = [AppFilter(each, label, rows.filter(narrow[each]).count()) for each, label in labels.items()]
    return [each for each in found if each.number]


def app_connectors(app: App) -> QuerySet[Connector]:
    """What reads this app, each with what it brought: an account belongs to one source (decision 9)."""
    mine = {"app": OuterRef("app"), "source": OuterRef("source")}
    grants = (
        Grant.objects.here()
        .filter(account__app=OuterRef("app"), account__source=OuterRef("source"), account__gone_at=None)
        .exclude(entitlement__kind=CREDENTIAL)
    )
    done = SyncRun.objects.filter(connector=OuterRef("pk"), status=SyncRun.Status.DONE).order_by("-id")
    return (
        Connector.objects.here()
        .filter(app=app)
        .order_by("created_at")
        .annotate(
            account_count=number_of(Account.objects.here().filter(**mine)),
            entitlement_count=number_of(Entitlement.objects.here().filter(**mine).exclude(kind=CREDENTIAL)),
            held_count=number_of(grants),
            last_done_at=Subquery(done.values("ended_at")[:1]),
        )
    )


@dataclass(frozen=True, slots=True)
class Impact:
    """What goes off the lists with an app."""

    connectors: list[Connector]
    """Those that still read it: they go first."""
    accounts: int
    entitlements: int
    grants: int
    owners: list[AppOwner]


def impact(app: App) -> Impact:
    return Impact(
        connectors=list(Connector.objects.here().filter(app=app).order_by("name", "pk")),
        accounts=Account.objects.here().filter(app=app).count(),
        entitlements=Entitlement.objects.here().filter(app=app).exclude(kind=CREDENTIAL).count(),
        grants=grant_count(app),
        owners=list(AppOwner.objects.filter(app=app).select_related("user", "entitlement")),
    )


@dataclass(frozen=True, slots=True)
class ProviderList:
    """The apps that one identity provider listed and nobody deleted."""

    unmanaged: int
    managed: int


@dataclass(frozen=True, slots=True)
class Found:
    """What was found and nobody manages yet, in a few words."""

    apps: int
    people: int
    largest: App


def found_apps(user: User) -> Found | None:
    """Of those this person may know about; None where there is none."""
    rows = App.objects.visible_to(user).unmanaged()
    largest = rows.order_by(F("found_users").desc(nulls_last=True), "search_text").first()
    if largest is None:
        return None
    numbers = rows.aggregate(apps=Count("pk"), people=Sum("found_users"))
    return Found(numbers["apps"], numbers["people"] or 0, largest)


def provider_list(provider: str) -> ProviderList:
    rows = App.objects.filter(provider=provider).exclude(provider="")
    live = Connector.objects.here().values("app")
    return ProviderList(rows.unmanaged().exclude(pk__in=live).count(), rows.managed().count())


def providers(user: User) -> list[str]:
    """The identity providers whose apps this person may know about, by name."""
    rows = App.objects.visible_to(user).here().exclude(provider="").order_by("provider")
    return list(rows.values_list("provider", flat=True).distinct())


def entitlements_to_name(user: User, words: str, *, without: Collection[str] = ()) -> QuerySet[Entitlement]:
    """Entitlements whose holders could be named; none without words."""
    rows = Entitlement.objects.here().visible_to(user).search(words).exclude(pk__in=without)
    found = rows.select_related("app", "resource").order_by("search_text", "pk")[:MATCHES]
    return found if words else Entitlement.objects.none()
