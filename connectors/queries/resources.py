"""The resources of an app: what access is about, with its entitlements, holders and owners."""

from collections.abc import Sequence

from django.db.models import Count, Exists, IntegerField, OuterRef, Prefetch, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from connectors.models import Account, App, Entitlement, Grant, Resource, ResourceOwner
from connectors.queries.lists import KindCount, kind_names


def resource_rows(app: App, *, words: str = "", kind: str = "", only: str = "") -> QuerySet[Resource]:
    """Resources that are still there, with entitlements and owners at hand. `only`: `no-owner` or empty."""
    rows = Resource.objects.here().filter(app=app).search(words)
    if kind:
        rows = rows.filter(kind=kind)
    if only == "no-owner":
        rows = rows.filter(~Exists(ResourceOwner.objects.filter(resource=OuterRef("pk"))))
    held = Grant.objects.here().filter(entitlement__resource=OuterRef("pk"), entitlement__gone_at=None)
    numbers = (
        held.order_by()
        .annotate(everything=Value(1))
        .values("everything")
        .annotate(n=Count("account", distinct=True))
        .values("n")
    )
    return rows.prefetch_related(
        Prefetch("entitlements", queryset=Entitlement.objects.here().order_by("slug", "pk")),
        Prefetch("ownerships", queryset=resource_owners()),
    ).annotate(account_count=Coalesce(Subquery(numbers, output_field=IntegerField()), 0))


def resource_owners() -> QuerySet[ResourceOwner]:
    """People by name first."""
    rows = ResourceOwner.objects.select_related("user", "entitlement")
    return rows.order_by("user__search_text", "pk")


def resource_kinds(app: App) -> Sequence[KindCount]:
    """The kinds of resource an app has now, as the app calls them."""
    names = kind_names(app)
    rows = Resource.objects.here().filter(app=app).order_by("kind")
    numbers = rows.values_list("kind").annotate(Count("pk"))
    return [KindCount(kind, names.get(kind, kind), number) for kind, number in numbers]


def holders_of_resource(resource: Resource, *, words: str = "") -> QuerySet[Account]:
    """The accounts that hold anything of it now."""
    held = Grant.objects.here().filter(entitlement__resource=resource).values("account")
    return Account.objects.filter(Q(pk__in=held)).search(words).select_related("person")


def description_of(resource: Resource, type_name: str) -> str:
    """Its own, the source's, or one made of what is known: reviewers read it."""
    made = f"{type_name} {resource.shown_name} in {resource.app}."
    return resource.shown_description or made
