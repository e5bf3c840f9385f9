"""What the scope of a campaign can be narrowed down to."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from connectors.models import CREDENTIAL, Account, App, Entitlement, ResourceType, Tag
from connectors.queries.kinds import plain, plural
from core.models import PeopleGroup, User
from core.models.keys import folded
from core.queries.people import departments, titles
from reviews.models import Scope

ACCESS_LABEL = "Access: having an account at all"
MATCHES = 20

type Choice = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Offers:
    """Values and labels for each part of a scope; what it holds already is among them."""

    apps: Sequence[Choice]
    kinds: Sequence[Choice]
    risks: Sequence[Choice]
    frameworks: Sequence[Choice]
    departments: Sequence[Choice]
    titles: Sequence[Choice]
    owner_statuses: Sequence[Choice]
    without_groups: Sequence[Choice]
    account_types: Sequence[Choice]
    account_statuses: Sequence[Choice]


def offers(scope: Scope) -> Offers:
    tags = Tag.objects.order_by("rank", "name").values_list("kind", "name")
    risks = [name for kind, name in tags if kind == Tag.Kind.RISK]
    frameworks = [name for kind, name in tags if kind == Tag.Kind.FRAMEWORK]
    statuses = [each for each in Account.Status if each != Account.Status.DELETED]
    return Offers(
        apps=_apps(scope),
        kinds=_kinds(scope),
        risks=_plain(risks, scope.risks),
        frameworks=_plain(frameworks, scope.frameworks),
        departments=_plain(departments(), scope.departments),
        titles=_plain(titles(), scope.titles),
        owner_statuses=[(each.value, str(each.label)) for each in User.Status],
        without_groups=list(PeopleGroup.objects.order_by("search_text", "pk").values_list("pk", "name")),
        account_types=[(each.value, str(each.label)) for each in Account.Type],
        account_statuses=[(each.value, str(each.label)) for each in statuses],
    )


def entitlements_called(words: str, apps: Sequence[str], *, without: Sequence[str]) -> QuerySet[Entitlement]:
    """At most twenty entitlements of these apps, or of all managed ones, to be chosen singly."""
    if not words.strip():
        return Entitlement.objects.none()
    within = App.objects.managed()
    within = within.filter(pk__in=apps) if apps else within
    found = Entitlement.objects.here().filter(app__in=within).search(words).exclude(pk__in=without)
    return found.select_related("app", "resource").order_by("search_text", "pk")[:MATCHES]


def entitlements_named(keys: Sequence[str]) -> QuerySet[Entitlement]:
    return Entitlement.objects.filter(pk__in=keys).select_related("app", "resource").order_by("search_text")


def people_named(keys: Sequence[str]) -> QuerySet[User]:
    return User.objects.filter(pk__in=keys).order_by("search_text", "pk")


def _apps(scope: Scope) -> list[Choice]:
    rows = App.objects.filter(Q(status=App.Status.MANAGED) | Q(pk__in=scope.apps)).order_by(
        "search_text", "pk"
    )
    return [
        (app.pk, app.name if app.status == App.Status.MANAGED else f"{app.name} (not managed any more)")
        for app in rows
    ]


def _kinds(scope: Scope) -> list[Choice]:
    """Every kind of the managed apps, with how many entitlements there are; having an account comes last."""
    here = Entitlement.objects.here().filter(app__in=App.objects.managed())
    numbers: dict[str, int] = dict(here.order_by().values_list("kind").annotate(Count("pk")))
    names: dict[str, str] = dict(ResourceType.objects.order_by("-pk").values_list("kind", "name"))
    kinds = sorted({*numbers, *scope.kinds} - {CREDENTIAL}, key=lambda kind: folded(names.get(kind) or kind))
    told = [(kind, plural(names[kind]) if kind in names else plain(kind)) for kind in kinds]
    found = [(kind, f"{label} ({numbers.get(kind, 0):,})") for kind, label in told]
    return [*found, (CREDENTIAL, ACCESS_LABEL)]


def _plain(known: Sequence[str], chosen: Sequence[str]) -> list[Choice]:
    return [(each, each) for each in dict.fromkeys([*known, *chosen])]
