"""Orders as their lists, their page and their file show them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from django.db.models import Count, Q, QuerySet

from connectors.models import Account, App, Connector, Entitlement, OrderCall, ProvisionOrder, Resource
from connectors.models.order import ProvisionOrderQuerySet
from connectors.queries.population import visible_app
from core.errors import NotPossible
from core.exports import Parameters
from core.models import User

Status = ProvisionOrder.Status

FILTERS: Mapping[str, tuple[str, Sequence[str]]] = {
    "asked": ("Waiting for an owner", (Status.ASKED,)),
    "open": ("Waiting or being carried out", ProvisionOrder.OPEN),
    "failed": ("Failed", (Status.FAILED,)),
    "manual": ("By hand", (Status.MANUAL,)),
    "came_back": ("Came back, or went away", (Status.CAME_BACK,)),
    "removed": ("Being proven", (Status.REMOVED,)),
    "proven": ("Proven", (Status.PROVEN,)),
    "dropped": ("Dropped", (Status.DROPPED,)),
}
ORDER = (
    *("Order", "What", "App", "Account", "Login", "Id there", "Entitlement", "Entitlement id there"),
    *(
        "Status",
        "Reason",
        "Wanted by",
        "Wanted (UTC)",
        "Confirmed by",
        "Done (UTC)",
        "Done by hand by",
        "Read back",
    ),
    *("Proven (UTC)", "Proven by sync", "Came back (UTC)", "Seen by sync", "Problem"),
)


@dataclass(frozen=True, slots=True)
class WantedOrders:
    """What a list of orders is narrowed down to."""

    words: str = ""
    status: str = ""

    @classmethod
    def of(cls, asked: Mapping[str, str]) -> Self:
        status = asked.get("status", "")
        return cls(asked.get("q", "")[:200].strip(), status if status in FILTERS else "")


def orders_of_app(app: App) -> ProvisionOrderQuerySet:
    return ProvisionOrder.objects.filter(app=app)


def orders_of_connector(connector: Connector, user: User) -> ProvisionOrderQuerySet:
    """What it carries out, and what people have to do at the source it reads, as far as this person may see
    it."""
    by_people = Q(connector=None, app=connector.app_id, account__source=connector.source)
    rows = ProvisionOrder.objects.filter(Q(connector=connector) | by_people)
    return rows.visible_to(user)


def narrowed_orders(rows: ProvisionOrderQuerySet, wanted: WantedOrders) -> ProvisionOrderQuerySet:
    """Those that fit, with all that a row shows."""
    if wanted.status:
        rows = rows.filter(status__in=FILTERS[wanted.status][1])
    if wanted.words:
        accounts = Account.objects.search(wanted.words)
        things = Entitlement.objects.search(wanted.words)
        rows = rows.filter(Q(account__in=accounts) | Q(entitlement__in=things))
    return rows.for_screen()


def order_numbers(rows: QuerySet[ProvisionOrder]) -> list[tuple[str, str, int]]:
    """Each filter with its label and how many it finds; those that find none left out."""
    counted = rows.order_by().values_list("status").annotate(number=Count("pk"))
    by_status: dict[str, int] = dict(counted)
    numbers = [
        (name, label, sum(by_status.get(status, 0) for status in statuses))
        for name, (label, statuses) in FILTERS.items()
    ]
    return [each for each in numbers if each[2]]


@dataclass(frozen=True, slots=True)
class WaitingOrders:
    """Orders of one app that wait for its owners."""

    app: App
    by_hand: int
    failed: int
    asked: int


def orders_waiting_for(user: User) -> list[WaitingOrders]:
    """Apps this person owns where people have something to do, by name."""
    rows = ProvisionOrder.objects.filter(
        status__in=ProvisionOrder.BY_PEOPLE, app__in=App.objects.owned_by(user)
    )
    counted = (
        rows.order_by()
        .values_list("app")
        .annotate(
            by_hand=Count("pk", filter=Q(status=Status.MANUAL)),
            failed=Count("pk", filter=Q(status=Status.FAILED)),
            asked=Count("pk", filter=Q(status=Status.ASKED)),
        )
    )
    numbers = {app: (by_hand, failed, asked) for app, by_hand, failed, asked in counted}
    apps = App.objects.here().filter(pk__in=numbers).order_by("search_text", "pk") if numbers else ()
    return [WaitingOrders(app, *numbers[app.pk]) for app in apps]


def calls_of_order(order: ProvisionOrder) -> QuerySet[OrderCall]:
    return order.calls.order_by("pk")


def kept_for(order: ProvisionOrder) -> Sequence[str]:
    """The names of what an order keeps to be given back; ids where we know no name."""
    kind, held = order.journal.get("kind", ""), order.journal.get("held", ())
    ids = [f"{kind}:{each}" for each in held] if isinstance(held, list) else []
    known = Resource.objects.filter(app=order.app_id, source=order.account.source, external_id__in=ids)
    names = {row.external_id: row.shown_name for row in known}
    return [names.get(each, each) for each in ids]


def orders_as_file(user: User, asked: Parameters) -> Iterator[tuple[object, ...]]:
    """An orders page; `app` or `connector` and the filters as in its address."""
    rows = narrowed_orders(_asked_for(user, asked), WantedOrders.of(asked))
    people = rows.select_related(
        "app", "account", "entitlement", "wanted_by", "confirmed_by", "done_by", "proven_run", "came_back_run"
    )
    for row in people.order_by("-pk").iterator(2_000):
        account, thing = row.account, row.entitlement
        yield (
            *(row.pk, row.get_verb_display(), row.app.name, account.name, account.login),
            *(account.external_id, thing.name, thing.external_id, row.status_words, row.reason),
            *(
                row.wanted_by or "",
                row.wanted_at,
                row.confirmed_by or "",
                row.removed_at,
                row.done_by or "",
                row.read_back,
            ),
            *(row.proven_at, row.proven_run_id, row.came_back_at, row.came_back_run_id, row.problem),
        )


def _asked_for(user: User, asked: Parameters) -> ProvisionOrderQuerySet:
    if asked.get("app"):
        return orders_of_app(visible_app(user, asked))
    connector = Connector.objects.visible_to(user).filter(pk=asked.get("connector", "")).first()
    if connector is None:
        raise NotPossible("This connector is not there, or not for you to see.")
    return orders_of_connector(connector, user)
