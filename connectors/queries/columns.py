"""Lists whose columns people choose: what may stand in them, on screen and in a file."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from connectors import registry
from connectors.models import App, Connector, Entitlement
from connectors.queries import accounts
from connectors.queries.apps import WantedApps, app_rows
from connectors.queries.entitlements import WantedEntitlements, narrowed_entitlements
from connectors.queries.lists import connector_rows
from connectors.queries.population import visible_app
from core.exports import Parameters
from core.models import User
from core.queries.columns import columns_of

HOSTING = "Built in (runs here)"


@dataclass(frozen=True, slots=True)
class Table:
    """One list. `always` stands first in its file, whatever was chosen."""

    name: str
    """As the choice of columns knows it."""
    columns: Mapping[str, str]
    default: Sequence[str]
    always: Sequence[str]
    numbers: frozenset[str] = frozenset()

    def of(self, user: User) -> Sequence[str]:
        """What this person sees."""
        return columns_of(user, self.name, known=self.columns, default=self.default)

    def asked(self, asked: Parameters) -> Sequence[str]:
        """As the page showed them when the file was asked for; else all."""
        if "columns" not in asked:
            return list(self.columns)
        return [name for name in asked["columns"].split(",") if name in self.columns]

    def heads(self, user: User, asked: Parameters) -> Sequence[str]:
        """Of a file of it."""
        return (*self.always, *(self.columns[name] for name in self.asked(asked)))


APPS = Table(
    "apps",
    {
        "description": "Description",
        "owners": "App owner",
        "state": "Sync status",
        "data": "Data from",
        "accounts": "Accounts",
        "ownerless": "No owner",
        "entitlements": "Entitlements",
        "provider": "Provider",
        "found": "Found through",
        "people": "People",
        "listed": "In the last list",
        "since": "Known since",
    },
    default=("found", "owners", "state", "data", "accounts", "ownerless", "entitlements"),
    always=("App", "Status"),
    numbers=frozenset({"accounts", "ownerless", "entitlements", "people"}),
)
CONNECTORS = Table(
    "connectors",
    {
        "app": "App",
        "owners": "Owners",
        "hosting": "Hosting",
        "state": "State",
        "last": "Last sync",
        "accounts": "Accounts",
        "next": "Next run",
        "changed": "Updated on",
        "type": "Type",
        "source": "Reads",
        "made": "Made on",
    },
    default=("app", "owners", "hosting", "state", "last", "accounts", "next", "changed"),
    always=("Connector",),
    numbers=frozenset({"accounts"}),
)
ENTITLEMENTS = Table(
    "entitlements",
    {
        "alias": "Alias",
        "type": "Type",
        "there": "Name there",
        "description": "Description",
        "owners": "Owners",
        "risk": "Risk",
        "frameworks": "Frameworks",
        "locked": "Locked",
        "holders": "Holders",
        "first": "First seen",
        "source": "Source",
        "id": "Id there",
    },
    default=("type", "owners", "risk", "frameworks", "holders"),
    always=("App", "Resource", "Slug"),
    numbers=frozenset({"holders"}),
)
ACCOUNTS = Table(
    "accounts",
    accounts.COLUMNS,
    default=accounts.DEFAULT_COLUMNS,
    always=("App", "Account", "Login", "E-mail"),
    numbers=frozenset({"grants"}),
)
TABLES = {table.name: table for table in (ACCOUNTS, APPS, CONNECTORS, ENTITLEMENTS)}


def apps(user: User, asked: Parameters) -> Iterator[tuple[object, ...]]:
    """The list of apps; `tab`, `q`, `only`, `provider` and `state` as in its address."""
    names = APPS.asked(asked)
    rows = app_rows(user, WantedApps.of(asked)).order_by("search_text", "pk")
    for row in rows.iterator(500):
        cells = _app(row)
        yield (row.name, row.get_status_display(), *(cells[name] for name in names))


def connectors(user: User, asked: Parameters) -> Iterator[tuple[object, ...]]:
    """The list of connectors; `q`, `only`, `driver` and `owner` as in its address."""
    names = CONNECTORS.asked(asked)
    wanted = {name: asked.get(name, "") for name in ("only", "driver", "owner")}
    for row in connector_rows(user, words=asked.get("q", "")[:200].strip(), **wanted).iterator(500):
        cells = _connector(row)
        yield (row.name, *(cells[name] for name in names))


def entitlements_of_an_app(user: User, asked: Parameters) -> Iterator[tuple[object, ...]]:
    """The entitlements page of one app, narrowed down as in its address; `app` is its key."""
    app, names = visible_app(user, asked), ENTITLEMENTS.asked(asked)
    rows = narrowed_entitlements(app, WantedEntitlements.of(asked)).order_by("search_text", "pk")
    for row in rows.iterator(2_000):
        cells = _entitlement(row)
        yield (app.name, row.resource.shown_name, row.shown_slug, *(cells[name] for name in names))


def _app(row: App) -> Mapping[str, object]:
    return {
        "description": row.description,
        "owners": [each.label for each in row.ownerships.all()],
        "state": [f"{each.name}: {each.get_status_display()}" for each in row.connectors.all()],
        "data": row.data_from,  # type: ignore[attr-defined]  # annotated
        "accounts": row.account_count,  # type: ignore[attr-defined]  # annotated
        "ownerless": row.ownerless_count,  # type: ignore[attr-defined]  # annotated
        "entitlements": row.entitlement_count,  # type: ignore[attr-defined]  # annotated
        "provider": row.provider,
        "found": row.found_through,
        "people": row.found_users,
        "listed": "no" if row.unlisted_at else "",
        "since": row.created_at,
    }


def _connector(row: Connector) -> Mapping[str, object]:
    done = row.last_done_at  # type: ignore[attr-defined]  # annotated
    return {
        "app": row.app.name,
        "owners": [each.label for each in row.ownerships.all()],
        "hosting": HOSTING,
        "state": f"{row.get_status_display()}, paused" if row.paused_at else row.get_status_display(),
        "last": done,
        "accounts": row.account_count if done else "",  # type: ignore[attr-defined]  # annotated
        "next": None if row.paused_at else row.next_run_at,
        "changed": row.changed_at,
        "type": driver_names().get(row.driver, row.driver),
        "source": row.source,
        "made": row.created_at,
    }


def _entitlement(row: Entitlement) -> Mapping[str, object]:
    return {
        "alias": row.alias,
        "type": row.kind,
        "there": row.name,
        "description": row.shown_description or row.resource.shown_description,
        "owners": [each.label for each in row.ownerships.all()],
        "risk": row.risk,
        "frameworks": row.frameworks,
        "locked": row.is_locked,
        "holders": row.holder_count,  # type: ignore[attr-defined]  # annotated
        "first": row.first_seen_at,
        "source": row.source,
        "id": row.external_id,
    }


def driver_names() -> Mapping[str, str]:
    return {spec.kind: spec.label for spec in registry.specs()}
